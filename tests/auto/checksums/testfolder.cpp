#include "testfolder.h"

#include <QtCore/QDir>
#include <QtCore/QProcess>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

TestFolder::TestFolder()
    : m_path(QFile::encodeName(QDir::tempPath()) + "/tst_checksums-XXXXXX")
{
    check(::mkdtemp(m_path.data()) != nullptr, "mkdtemp", m_path);
    check(::chmod(m_path.constData(), 0755) == 0, "chmod", m_path); // for user nobody
    for (int i = 0; i < 10; ++i)
        makeDirectory("dir" + QByteArray::number(i));
    for (int i = 0; i < fileCount; ++i) {
        qsizetype size = i % 100; // empty ones, too
        if (i % 1000 == 7)
            size = 5'000'000;
        else if (i % 10 == 3)
            size = 1000 + i * 20;
        writeFile("dir" + QByteArray::number(i % 10) + "/file" + QByteArray::number(i), size);
    }
}

TestFolder::~TestFolder()
{
    // rm copes with paths that are longer than a system call takes.
    QProcess::execute(QStringLiteral("chmod"), {QStringLiteral("-Rf"), QStringLiteral("u+rwx"),
                                                QFile::decodeName(m_path)});
    QProcess::execute(QStringLiteral("rm"), {QStringLiteral("-rf"), QFile::decodeName(m_path)});
}

void TestFolder::check(bool ok, const char *what, const QByteArray &name)
{
    if (!ok && m_error.isEmpty())
        m_error = QByteArray(what) + ' ' + name + ": " + std::strerror(errno);
}

void TestFolder::makeDirectory(const QByteArray &name)
{
    check(::mkdir((m_path + '/' + name).constData(), 0755) == 0, "mkdir", name);
}

void TestFolder::writeFile(const QByteArray &name, qsizetype size)
{
    QByteArray content(size, Qt::Uninitialized);
    for (char &c : content) {
        m_random = m_random * 1664525 + 1013904223;
        c = char(m_random >> 24);
    }
    std::FILE *file = std::fopen((m_path + '/' + name).constData(), "wb");
    check(file, "fopen", name);
    if (!file)
        return;
    check(std::fwrite(content.constData(), 1, std::size_t(size), file) == std::size_t(size), "fwrite", name);
    check(std::fclose(file) == 0, "fclose", name);
}

void TestFolder::writeHugeFile(const QByteArray &name, qint64 size)
{
    writeFile(name, 0);
    check(::truncate((m_path + '/' + name).constData(), size) == 0, "truncate", name);
}

void TestFolder::removeFile(const QByteArray &name)
{
    check(::unlink((m_path + '/' + name).constData()) == 0, "unlink", name);
}

void TestFolder::addOddities()
{
    makeDirectory("odd names");
    const QByteArray names[] = {"with space", " leading and trailing ", "new\nline", "\n", "carriage\rreturn",
                                "back\\slash", "\\", "\\n", "-leading-dash", "--", "-", "'single'",
                                "\"double\"", "$HOME `id` *?", "tab\there", "bell\a\x1b[31m", ".hidden",
                                "gr\xc3\xbc\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x8e\x89", "latin1 \xfc\xdf",
                                "\xff\xfe\x80", "cut \xe2\x82", "\xed\xa0\x80 surrogate", "%s%n", "a:b", "#*#",
                                "mixed \\ and \n and \r and \xff", QByteArray(255, 'x')};
    for (const QByteArray &name : names)
        writeFile("odd names/" + name, name.size());
    makeDirectory("odd names/\xff dir\\\n");
    writeFile("odd names/\xff dir\\\n/inside", 10);
    // Sorted by bytes, "sort-me" comes between "sort" and its files, and "Sort" before them.
    makeDirectory("sort");
    writeFile("sort/a", 1);
    writeFile("sort-me", 2);
    writeFile("sort.me", 3);
    writeFile("Sort", 4);
    QByteArray deep = "deep";
    for (int i = 0; i < 40; ++i, deep += "/deep")
        makeDirectory(deep);
    writeFile(deep.left(deep.lastIndexOf('/')) + "/file", 100);
    makeDirectory("empty");

    // No regular files.
    check(::mkfifo((m_path + "/fifo").constData(), 0666) == 0, "mkfifo", "fifo");
    check(::symlink("nowhere", (m_path + "/dangling").constData()) == 0, "symlink", "dangling");
    check(::symlink("dir0/file0", (m_path + "/link").constData()) == 0, "symlink", "link");
    check(::symlink("dir0", (m_path + "/dirlink").constData()) == 0, "symlink", "dirlink");
    check(::symlink("..", (m_path + "/dir1/circle").constData()) == 0, "symlink", "circle");
    check(::symlink("/dev/zero", (m_path + "/zero").constData()) == 0, "symlink", "zero");

    // What cannot be read.
    writeFile("secret", 10);
    check(::chmod((m_path + "/secret").constData(), 0) == 0, "chmod", "secret");
    makeDirectory("secrets");
    writeFile("secrets/file", 10);
    check(::chmod((m_path + "/secrets").constData(), 0) == 0, "chmod", "secrets");
    makeTooLongPath();
}

// A file whose path no system call takes, not even root's.
void TestFolder::makeTooLongPath()
{
    int folder = ::open(m_path.constData(), O_RDONLY | O_DIRECTORY);
    qsizetype length = m_path.size();
    const QByteArray name(200, 'l');
    while (folder >= 0 && length + 201 < 4096) {
        check(::mkdirat(folder, name.constData(), 0755) == 0, "mkdirat", name);
        const int next = ::openat(folder, name.constData(), O_RDONLY | O_DIRECTORY);
        ::close(folder);
        folder = next;
        length += 201;
    }
    check(folder >= 0, "openat", name);
    const int file = ::openat(folder, QByteArray(250, 'f').constData(), O_WRONLY | O_CREAT, 0644);
    check(file >= 0, "openat", "too long");
    ::close(file);
    ::close(folder);
}
