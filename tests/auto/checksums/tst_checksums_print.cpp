// `checksums --print` against find, sort and sha256sum.
#include "testfolder.h"

#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QProcess>
#include <QtTest/QTest>

#include <unistd.h>

namespace {

struct Output
{
    QByteArray out;
    QByteArray err;
    int status = -1;

    qsizetype errorLines(const QByteArray &prefix) const
    {
        qsizetype count = 0;
        for (const QByteArray &line : err.split('\n'))
            count += line.startsWith(prefix);
        return count;
    }
};

QString program()
{
    return QStringLiteral(CHECKSUMS_PROGRAM);
}

Output runProgram(const QString &name, const QStringList &arguments, int limit = 60'000)
{
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("LC_ALL"), QStringLiteral("C.UTF-8"));
    environment.remove(QStringLiteral("QT_QPA_PLATFORM")); // no display, nor a stand-in for one
    environment.remove(QStringLiteral("DISPLAY"));
    environment.remove(QStringLiteral("WAYLAND_DISPLAY"));
    process.setProcessEnvironment(environment);
    process.start(name, arguments);
    const bool ended = process.waitForFinished(limit);
    Output output{process.readAllStandardOutput(), process.readAllStandardError(), -1};
    if (ended && process.exitStatus() == QProcess::NormalExit)
        output.status = process.exitCode();
    return output;
}

Output runShell(const QString &script, const QStringList &arguments, const QStringList &prefix = {})
{
    QStringList command = prefix;
    command << QStringLiteral("bash") << QStringLiteral("-c") << script << QStringLiteral("bash")
            << arguments;
    return runProgram(command.takeFirst(), command);
}

// Fails in pieces that can be read when two long outputs differ.
QByteArray firstDifference(const QByteArray &ours, const QByteArray &theirs)
{
    const QList<QByteArray> a = ours.split('\n');
    const QList<QByteArray> b = theirs.split('\n');
    for (qsizetype i = 0; i < std::max(a.size(), b.size()); ++i) {
        if (a.value(i) != b.value(i))
            return "line " + QByteArray::number(i + 1) + ": " + a.value(i).toPercentEncoding(" /\\")
                    + " instead of " + b.value(i).toPercentEncoding(" /\\");
    }
    return {};
}

} // namespace

class tst_ChecksumsPrint : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void printsWhatSha256sumPrints_data();
    void printsWhatSha256sumPrints();
    void folderArgument_data();
    void folderArgument();
    void folderNameThatIsNotUtf8();
    void missingFolder();
    void timeoutIsAnErrorOfItsFile();
    void badArguments_data();
    void badArguments();
    void closedOutput();
    void screenshot();

private:
    TestFolder m_folder;
};

void tst_ChecksumsPrint::initTestCase()
{
    m_folder.addOddities();
    QCOMPARE(m_folder.error(), QByteArray());
}

void tst_ChecksumsPrint::printsWhatSha256sumPrints_data()
{
    QTest::addColumn<QStringList>("prefix");
    QTest::newRow("as this user") << QStringList();
    // Root reads everything; where it can, let nobody try.
    const QStringList asNobody{QStringLiteral("setpriv"), QStringLiteral("--reuid=65534"),
                               QStringLiteral("--regid=65534"), QStringLiteral("--clear-groups")};
    if (::geteuid() == 0
        && runShell(QStringLiteral("test -x \"$1\""), {program()}, asNobody).status == 0)
        QTest::newRow("as nobody") << asNobody;
}

void tst_ChecksumsPrint::printsWhatSha256sumPrints()
{
    QFETCH(const QStringList, prefix);
    const QString path = QFile::decodeName(m_folder.path());

    const Output theirs = runShell(QStringLiteral("find \"$1\" -type f -print0 | LC_ALL=C sort -z"
                                                  " | xargs -0 sha256sum"),
                                   {path}, prefix);
    const Output ours = runShell(QStringLiteral("exec \"$1\" --folder \"$2\" --print"),
                                 {program(), path}, prefix);

    QCOMPARE(firstDifference(ours.out, theirs.out), QByteArray());
    QVERIFY(ours.out == theirs.out);
    QVERIFY(ours.out.count('\n') > TestFolder::fileCount);

    // Each unreadable file or folder is one line there, too.
    const qsizetype expected = theirs.errorLines("sha256sum: ") + theirs.errorLines("find: ");
    QVERIFY2(expected >= 1, theirs.err.constData()); // the path that is too long, at least
    if (!prefix.isEmpty() || ::geteuid() != 0) {
        QCOMPARE(expected, 3);
        QVERIFY(ours.err.contains("checksums: " + m_folder.path() + "/secret: Permission denied\n"));
        QVERIFY(ours.err.contains("checksums: " + m_folder.path() + "/secrets: Permission denied\n"));
    }
    QVERIFY(ours.err.contains("/" + QByteArray(250, 'f') + ": File name too long\n"));
    QCOMPARE(ours.errorLines("checksums: "), expected);
    QCOMPARE(ours.errorLines({}) - 1, expected); // and nothing else
    QCOMPARE(ours.status, 1);
}

void tst_ChecksumsPrint::folderArgument_data()
{
    QTest::addColumn<QString>("in");
    QTest::addColumn<QString>("folder");
    const QString path = QFile::decodeName(m_folder.path());
    QTest::newRow("slash") << QStringLiteral("/") << path + QStringLiteral("/dir0/");
    QTest::newRow("dot") << path + QStringLiteral("/dir0") << QStringLiteral(".");
    QTest::newRow("relative") << path << QStringLiteral("dir0");
    QTest::newRow("dash") << path + QStringLiteral("/dir0") << QStringLiteral("../dir1/../dir0");
    QTest::newRow("empty folder") << path << QStringLiteral("empty");
}

void tst_ChecksumsPrint::folderArgument()
{
    QFETCH(const QString, in);
    QFETCH(const QString, folder);
    const Output theirs = runShell(QStringLiteral("cd \"$1\" && find \"$2\" -type f -print0"
                                                  " | LC_ALL=C sort -z | xargs -0r sha256sum"),
                                   {in, folder});
    for (const QString &option : {QStringLiteral("--folder=\"$3\""), QStringLiteral("--folder \"$3\"")}) {
        const Output ours = runShell(QStringLiteral("cd \"$2\" && exec \"$1\" --print ") + option,
                                     {program(), in, folder});
        QCOMPARE(ours.out, theirs.out);
        QCOMPARE(ours.err, QByteArray());
        QCOMPARE(ours.status, 0);
    }
}

void tst_ChecksumsPrint::folderNameThatIsNotUtf8()
{
    const Output ours = runShell(QStringLiteral("exec \"$1\" --print --folder \"$2/odd names/\"$'\\xff dir\\\\\\n'"),
                                 {program(), QFile::decodeName(m_folder.path())});
    QVERIFY2(ours.out.endsWith("odd names/\xff dir\\\\\\n/inside\n"), ours.out.constData());
    QVERIFY(ours.out.startsWith('\\'));
    QCOMPARE(ours.status, 0);
}

void tst_ChecksumsPrint::missingFolder()
{
    const Output ours = runProgram(program(), {QStringLiteral("--print"), QStringLiteral("--folder"),
                                               QStringLiteral("/no/such\nfolder")});
    QCOMPARE(ours.err, QByteArray("checksums: /no/such\\nfolder: No such file or directory\n"));
    QCOMPARE(ours.out, QByteArray());
    QCOMPARE(ours.status, 1);
}

void tst_ChecksumsPrint::timeoutIsAnErrorOfItsFile()
{
    m_folder.writeHugeFile("empty/huge", 16'000'000'000);
    m_folder.writeFile("empty/small", 10);
    // Far less than 16 GB take, far more than 10 bytes take.
    const Output ours = runProgram(program(), {QStringLiteral("--print"), QStringLiteral("--timeout=300"),
                                               QStringLiteral("--folder"),
                                               QFile::decodeName(m_folder.path() + "/empty")}, 10'000);
    m_folder.removeFile("empty/huge");
    QCOMPARE(ours.err, "checksums: " + m_folder.path() + "/empty/huge: Timed out after 300 ms\n");
    QVERIFY2(ours.out.endsWith("  " + m_folder.path() + "/empty/small\n"), ours.out.constData());
    QCOMPARE(ours.out.count('\n'), 1);
    QCOMPARE(ours.status, 1);
    m_folder.removeFile("empty/small");
}

void tst_ChecksumsPrint::badArguments_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("no folder") << QStringList{QStringLiteral("--print")};
    QTest::newRow("empty folder") << QStringList{QStringLiteral("--print"), QStringLiteral("--folder=")};
    QTest::newRow("timeout") << QStringList{QStringLiteral("--print"), QStringLiteral("--folder=/tmp"),
                                            QStringLiteral("--timeout=soon")};
    QTest::newRow("negative timeout")
            << QStringList{QStringLiteral("--print"), QStringLiteral("--folder=/tmp"),
                           QStringLiteral("--timeout=-1")};
    QTest::newRow("positional") << QStringList{QStringLiteral("--print"),
                                               QStringLiteral("--folder=/tmp"), QStringLiteral("x")};
}

void tst_ChecksumsPrint::badArguments()
{
    QFETCH(const QStringList, arguments);
    const Output ours = runProgram(program(), arguments, 10'000);
    QCOMPARE(ours.out, QByteArray());
    QVERIFY2(ours.err.startsWith("Usage: "), ours.err.constData());
    QCOMPARE(ours.status, 2);
}

void tst_ChecksumsPrint::closedOutput()
{
    const Output ours = runShell(QStringLiteral("exec \"$1\" --print --folder \"$2\" >/dev/full"),
                                 {program(), QFile::decodeName(m_folder.path() + "/dir0")});
    QVERIFY2(ours.err.contains("checksums: cannot write the output\n"), ours.err.constData());
    QCOMPARE(ours.status, 1);
}

// The program as a whole, window included; its looks are tst_checksums_window's.
void tst_ChecksumsPrint::screenshot()
{
    const QString picture = QFile::decodeName(m_folder.path() + "/empty/shot.png");
    const Output ours = runProgram(QStringLiteral("env"),
                                   {QStringLiteral("QT_QPA_PLATFORM=offscreen"), program(),
                                    QStringLiteral("--folder"), QFile::decodeName(m_folder.path()),
                                    QStringLiteral("--screenshot"), picture});
    QVERIFY2(ours.status == 0, ours.err.constData());
    QVERIFY(QFileInfo(picture).size() > 1000);
    m_folder.removeFile("empty/shot.png");
    QCOMPARE(m_folder.error(), QByteArray());
}

QTEST_GUILESS_MAIN(tst_ChecksumsPrint)
#include "tst_checksums_print.moc"
