#include "filehasher.h"

#include <Synchronaut/Cancellation>

#include <QtCore/QCryptographicHash>
#include <QtCore/QFile>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <vector>

#ifdef Q_OS_UNIX
#  include <cerrno>
#  include <fcntl.h>
#  include <sys/stat.h>
#  include <unistd.h>
#endif

namespace fs = std::filesystem;

namespace {

#ifdef Q_OS_UNIX
fs::path toPath(const QByteArray &bytes)
{
    return fs::path(bytes.toStdString());
}
QByteArray toBytes(const fs::path &path)
{
    return QByteArray::fromStdString(path.native());
}

// By the bytes of the name. A pipe that took the file's place since it was listed must not block
// us: O_NONBLOCK, which means nothing to regular files, and a look at what was opened.
void openFile(QFile &file, const QByteArray &path)
{
    const int fd = ::open(path.constData(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        throw FileError(std::generic_category().message(errno));
    if (!file.open(fd, QIODevice::ReadOnly | QIODevice::Unbuffered, QFileDevice::AutoCloseHandle)) {
        ::close(fd);
        throw FileError(file.errorString().toStdString());
    }
    struct stat info = {};
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        throw FileError("Not a regular file");
}
#else
fs::path toPath(const QByteArray &bytes)
{
    return fs::path(QFile::decodeName(bytes).toStdU16String());
}
QByteArray toBytes(const fs::path &path)
{
    return QFile::encodeName(QString::fromStdU16String(path.generic_u16string()));
}

void openFile(QFile &file, const QByteArray &path)
{
    file.setFileName(QFile::decodeName(path));
    if (!file.open(QIODevice::ReadOnly | QIODevice::Unbuffered))
        throw FileError(file.errorString().toStdString());
}
#endif

FileRecord failed(const fs::path &path, const std::error_code &error)
{
    return {toBytes(path), FileState::Failed, {}, QString::fromStdString(error.message())};
}

} // namespace

QList<FileRecord> listFiles(const QByteArray &folder)
{
    QList<FileRecord> files;
    std::vector<fs::path> folders{toPath(folder)};
    while (!folders.empty() && !Synchronaut::isCanceled()) {
        const fs::path path = std::move(folders.back());
        folders.pop_back();
        std::error_code error;
        fs::directory_iterator entry(path, error);
        for (; !error && entry != fs::directory_iterator() && !Synchronaut::isCanceled();
             entry.increment(error)) {
            std::error_code statusError;
            const fs::file_type type = entry->symlink_status(statusError).type();
            if (statusError)
                files.push_back(failed(entry->path(), statusError));
            else if (type == fs::file_type::regular)
                files.push_back({toBytes(entry->path()), FileState::Waiting, {}, {}});
            else if (type == fs::file_type::directory)
                folders.push_back(entry->path());
        }
        if (error)
            files.push_back(failed(path, error));
    }
    std::ranges::sort(files, {}, &FileRecord::path);
    return files;
}

QByteArray hashFile(const QByteArray &path)
{
    QFile file;
    openFile(file, path);
    QCryptographicHash hash(QCryptographicHash::Sha256);
    std::array<char, 64 * 1024> chunk;
    while (!Synchronaut::isCanceled()) {
        const qint64 size = file.read(chunk.data(), qint64(chunk.size()));
        if (size < 0)
            throw FileError(file.errorString().toStdString());
        if (size == 0)
            return hash.result().toHex();
        hash.addData(QByteArrayView(chunk.data(), size));
    }
    return {}; // nobody sees it
}

QByteArray escapedPath(const QByteArray &path)
{
    QByteArray escaped = path;
    return escaped.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
}

QByteArray sumLine(const QByteArray &sum, const QByteArray &path)
{
    const QByteArray escaped = escapedPath(path);
    return (escaped != path ? "\\" : "") + sum + "  " + escaped + '\n';
}
