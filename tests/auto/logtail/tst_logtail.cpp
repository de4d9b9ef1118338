// examples/logtail on commands that finish, fail, hang, crash, flood and do not exist, and Ctrl-C.
#include "../support/waiting.h"

#include <QtCore/QElapsedTimer>
#include <QtCore/QProcess>
#include <QtTest/QTest>

#include <csignal>

namespace {

struct Ended
{
    int status = -1;
    QByteArray output;
    QByteArray errors;
    qint64 ms = 0;
};

Ended logtail(const QStringList &arguments)
{
    QProcess process;
    QElapsedTimer timer;
    timer.start();
    process.start(QStringLiteral(LOGTAIL_PROGRAM), arguments);
    Ended ended;
    if (!process.waitForFinished(100'000) || process.exitStatus() != QProcess::NormalExit)
        return ended;
    ended.status = process.exitCode();
    ended.output = process.readAllStandardOutput();
    ended.errors = process.readAllStandardError();
    ended.ms = timer.elapsed();
    return ended;
}

/// True while a process of that command line runs.
bool runs(const QByteArray &commandLine)
{
    const QDir proc(QStringLiteral("/proc"));
    const QStringList ids = proc.entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    for (const QString &id : ids) {
        QFile file(proc.filePath(id + QStringLiteral("/cmdline")));
        if (file.open(QIODevice::ReadOnly) && file.readAll().replace('\0', ' ').trimmed() == commandLine)
            return true;
    }
    return false;
}

QString shell(const char *script)
{
    return QStringLiteral("/bin/sh -c \"%1\"").arg(QString::fromUtf8(script));
}

} // namespace

class TestLogtail : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void usage()
    {
        QCOMPARE(logtail({}).status, 2);
        QCOMPARE(logtail({QStringLiteral("--jobs"), QStringLiteral("0"), QStringLiteral("true")}).status, 2);
        QCOMPARE(logtail({QStringLiteral("--timeout"), QStringLiteral("x"), QStringLiteral("true")}).status, 2);
    }

    void finishes()
    {
        const Ended ended = logtail({QStringLiteral("echo hello"), shell("echo out; echo err >&2")});
        QCOMPARE(ended.status, 0);
        QVERIFY(ended.output.contains("[1] hello\n"));
        QVERIFY(ended.output.contains("[2] out\n[2] err\n"));
        QCOMPARE(ended.errors, QByteArray());
    }

    void mergesInOrderOfArrival()
    {
        const Ended ended = logtail({shell("echo a; sleep 0.6; echo c"),
                                     shell("sleep 0.3; echo b; sleep 0.6; echo d")});
        QCOMPARE(ended.status, 0);
        QCOMPARE(ended.output, QByteArray("[1] a\n[2] b\n[1] c\n[2] d\n"));
    }

    void failsCrashesDoesNotExist()
    {
        const Ended ended = logtail({shell("exit 3"), shell("kill -SEGV $$"),
                                     QStringLiteral("/no/such/program"), QStringLiteral("echo fine")});
        QCOMPARE(ended.status, 1);
        QVERIFY2(ended.errors.contains("exit status 3"), ended.errors.constData());
        QVERIFY2(ended.errors.contains("crashed"), ended.errors.constData());
        QVERIFY2(ended.errors.contains("/no/such/program"), ended.errors.constData());
        QVERIFY(ended.output.contains("[4] fine\n"));
    }

    void hangs()
    {
        const Ended ended = logtail(
                {QStringLiteral("--timeout"), QStringLiteral("0.5"), QStringLiteral("sleep 54321"),
                 QStringLiteral("echo fine"),
                 shell("trap '' TERM; echo stubborn; while :; do sleep 0.01; done")});
        QCOMPARE(ended.status, 124);
        QVERIFY2(ended.errors.contains("[1] sleep 54321: timed out"), ended.errors.constData());
        QVERIFY2(ended.errors.contains("[3]"), ended.errors.constData());
        QVERIFY(ended.output.contains("fine"));
        QVERIFY(ended.output.contains("stubborn"));
        QVERIFY2(ended.ms < 15'000, QByteArray::number(ended.ms).constData());
        QVERIFY(!runs("sleep 54321"));
    }

    void capsHowManyRunAtOnce()
    {
        QStringList arguments{QStringLiteral("--jobs"), QStringLiteral("2")};
        for (int i = 0; i < 6; ++i)
            arguments += shell("echo begin; sleep 0.1; echo end");
        const Ended ended = logtail(arguments);
        QCOMPARE(ended.status, 0);
        int open = 0;
        int most = 0;
        const QByteArrayList lines = ended.output.split('\n');
        for (const QByteArray &line : lines) {
            open += line.endsWith("begin") ? 1 : line.endsWith("end") ? -1 : 0;
            most = std::max(most, open);
        }
        QCOMPARE(ended.output.count("end"), 6);
        QCOMPARE(most, 2);
    }

    void flood()
    {
        const QByteArray line(999, 'f');
        const QString flood = QStringLiteral("/bin/sh -c \"yes %1 | head -c 100000000\"")
                                      .arg(QString::fromUtf8(line));
        QProcess process;
        process.start(QStringLiteral(LOGTAIL_PROGRAM), {flood, QStringLiteral("echo between")});
        qint64 size = 0;
        qint64 lines = 0;
        qint64 sizeAtBetween = -1;
        while (process.state() != QProcess::NotRunning || process.bytesAvailable() > 0) {
            if (process.bytesAvailable() == 0 && !process.waitForReadyRead(60'000))
                break;
            const QByteArray part = process.readAll();
            size += part.size();
            lines += part.count('\n');
            if (part.contains("[2] between"))
                sizeAtBetween = size;
        }
        QVERIFY(process.state() == QProcess::NotRunning || process.waitForFinished());
        QCOMPARE(process.exitCode(), 0);
        QCOMPARE(lines, 100'001);
        QCOMPARE(size, qint64(100'000) * (1000 + 4) + 12);
        QVERIFY(sizeAtBetween > 0 && sizeAtBetween < size); // a flood does not starve the others
    }

    void ctrlC()
    {
        QProcess process;
        process.start(QStringLiteral(LOGTAIL_PROGRAM),
                      {QStringLiteral("--jobs"), QStringLiteral("2"), QStringLiteral("sleep 65432"),
                       shell("trap '' TERM; echo ready; while :; do sleep 0.01; done"),
                       QStringLiteral("echo never")});
        QVERIFY(process.waitForReadyRead(20'000));
        QElapsedTimer timer;
        timer.start();
        ::kill(static_cast<pid_t>(process.processId()), SIGINT);
        QVERIFY(process.waitForFinished(20'000));
        if (!TestSupport::sanitized)
            QVERIFY2(timer.elapsed() < 1000, QByteArray::number(timer.elapsed()).constData());
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        QCOMPARE(process.exitCode(), 130);
        QVERIFY(!process.readAll().contains("never"));
        QVERIFY(!runs("sleep 65432"));
    }
};

QTEST_GUILESS_MAIN(TestLogtail)
#include "tst_logtail.moc"
