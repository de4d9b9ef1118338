#pragma once

#include <QtCore/QByteArray>

/// A folder of 3,000 files of all sizes and names, 60 MB at most, removed with the object.
class TestFolder
{
public:
    TestFolder();
    ~TestFolder();
    TestFolder(const TestFolder &) = delete;
    TestFolder &operator=(const TestFolder &) = delete;

    /// Ends without a slash.
    const QByteArray &path() const { return m_path; }
    /// What could not be made; empty if all went well.
    const QByteArray &error() const { return m_error; }

    void writeFile(const QByteArray &name, qsizetype size);
    /// A file that takes seconds to hash and no space.
    void writeHugeFile(const QByteArray &name, qint64 size);
    void removeFile(const QByteArray &name);

    /// Adds files with odd names, what is no file, and what cannot be read.
    void addOddities();

    static constexpr int fileCount = 3000;

private:
    void check(bool ok, const char *what, const QByteArray &name);
    void makeDirectory(const QByteArray &name);
    void makeTooLongPath();

    QByteArray m_path;
    QByteArray m_error;
    quint32 m_random = 1;
};
