// Blocking code that knows nothing of windows and tasks: finding files, hashing one.
#pragma once

#include <QtCore/QByteArray>
#include <QtCore/QList>
#include <QtCore/QString>

#include <stdexcept>

enum class FileState { Waiting, Hashing, Done, Failed, Canceled };

struct FileRecord
{
    QByteArray path; // file names are bytes; a QString cannot hold all of them
    FileState state = FileState::Waiting;
    QByteArray sum; // hexadecimal
    QString error;
};

/// A file that cannot be read; what() is the reason, in UTF-8.
struct FileError : std::runtime_error
{
    using runtime_error::runtime_error;
};

/// The regular files under \a folder, those that `find -type f` lists, sorted by the bytes of their
/// paths. A directory that cannot be read is in the list as a failed record.
QList<FileRecord> listFiles(const QByteArray &folder);

/// The SHA-256 of a regular file, in hexadecimal. Throws FileError. Stops early when cancelled.
QByteArray hashFile(const QByteArray &path);

/// \a path as sha256sum prints it: backslash, newline and carriage return are escaped.
QByteArray escapedPath(const QByteArray &path);

/// The line that sha256sum prints.
QByteArray sumLine(const QByteArray &sum, const QByteArray &path);
