// QProcess in tasks: real programs that end, fail, crash, hang and do not exist.
#include "../support/waiting.h"

#include <QtCore/QElapsedTimer>
#include <QtCore/QProcess>
#include <QtTest/QTest>

#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

void setShell(QProcess *process, const char *script)
{
    process->setProgram(QStringLiteral("/bin/sh"));
    process->setArguments({QStringLiteral("-c"), QString::fromUtf8(script)});
}

Task<ProcessExit> startAndFinish(QProcess *process, std::chrono::milliseconds grace)
{
    co_await startProcess(process);
    co_return co_await finishProcess(process, grace);
}

ProcessOutput shell(const char *script)
{
    return run(processOutput(QStringLiteral("/bin/sh"), {QStringLiteral("-c"), QString::fromUtf8(script)}));
}

} // namespace

class TestDevicesProcess : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void output()
    {
        const ProcessOutput output = shell("echo out; echo err >&2; exit 3");
        QCOMPARE(output.standardOutput, QByteArray("out\n"));
        QCOMPARE(output.standardError, QByteArray("err\n"));
        QCOMPARE(output.exit.code, 3);
        QCOMPARE(output.exit.status, QProcess::NormalExit);
        QVERIFY(!output.exit.isSuccess());
        QVERIFY(shell("true").exit.isSuccess());
        QCOMPARE(shell("cat").standardOutput, QByteArray()); // without input, it ends
    }

    void crash()
    {
        const ProcessOutput output = shell("echo x; kill -SEGV $$");
        QCOMPARE(output.exit.status, QProcess::CrashExit);
        QVERIFY(!output.exit.isSuccess());
        QCOMPARE(output.standardOutput, QByteArray("x\n"));
    }

    void doesNotExist()
    {
        try {
            run(processOutput(QStringLiteral("/no/such/program"), {}));
            QFAIL("no error");
        } catch (const CallError &e) {
            QVERIFY2(e.message().contains(QStringLiteral("/no/such/program")), qPrintable(e.message()));
        }
        QProcess process;
        process.start(QStringLiteral("/no/such/program"), {}, QIODevice::ReadOnly);
        QCOMPARE(thrownBy([&] { run(readLine(&process)); }), QByteArray("CallError"));
    }

    void badInput()
    {
        QProcess process;
        QCOMPARE(thrownBy([] { run(startProcess(nullptr)); }), QByteArray("CallError"));
        QCOMPARE(thrownBy([] { run(finishProcess(nullptr)); }), QByteArray("CallError"));
        QCOMPARE(thrownBy([] { run(stopProcess(nullptr)); }), QByteArray("CallError"));
        QCOMPARE(thrownBy([&] { run(startProcess(&process)); }), QByteArray("CallError"));
        run(stopProcess(&process)); // does not run
        setShell(&process, "sleep 20");
        run(startProcess(&process));
        QCOMPARE(thrownBy([&] { run(startProcess(&process)); }), QByteArray("CallError"));
        run(stopProcess(&process));
        QCOMPARE(process.state(), QProcess::NotRunning);
    }

    void talksBothWays()
    {
        const auto task = [](QProcess *process) -> Task<QByteArray> {
            co_await startProcess(process);
            const QByteArray big(500'000, 'z');
            co_await writeAll(process, "hello\n");
            QByteArray answer = co_await readLine(process);
            co_await writeAll(process, big + '\n');
            process->closeWriteChannel();
            const QByteArray rest = co_await readAll(process);
            const ProcessExit exit = co_await finishProcess(process);
            co_return answer + QByteArray::number(rest.size()) + (exit.isSuccess() ? " ok" : " failed");
        };
        QProcess process;
        process.setProgram(QStringLiteral("cat"));
        QCOMPARE(run(task(&process)), QByteArray("hello\n500001 ok"));
    }

    void writingToOneThatEnds()
    {
        const auto task = [](QProcess *process) -> Task<> {
            co_await startProcess(process);
            const QByteArray big(5'000'000, 'z');
            co_await writeAll(process, big);
        };
        QProcess process;
        setShell(&process, "exit 0");
        QCOMPARE(thrownBy([&] { run(task(&process)); }), QByteArray("CallError"));
    }

    void canceledTerminates()
    {
        QProcess process;
        setShell(&process, "trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done");
        process.setStandardErrorFile(QProcess::nullDevice());
        QFuture<ProcessExit> future = spawn(startAndFinish(&process, 10s));
        QTRY_VERIFY(process.bytesAvailable() > 0);
        future.cancel();
        QTRY_COMPARE(process.state(), QProcess::NotRunning);
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        QCOMPARE(process.exitCode(), 5);
        QTRY_VERIFY(future.isFinished());
    }

    void canceledKillsAfterTheGrace()
    {
        QProcess process;
        setShell(&process, "trap '' TERM; echo ready; while :; do sleep 0.01; done");
        QFuture<ProcessExit> future = spawn(startAndFinish(&process, 100ms));
        QTRY_VERIFY(process.bytesAvailable() > 0);
        QElapsedTimer timer;
        timer.start();
        future.cancel();
        QTRY_COMPARE(process.state(), QProcess::NotRunning);
        QVERIFY(timer.elapsed() >= 95);
        QCOMPARE(process.exitStatus(), QProcess::CrashExit); // killed
        QTRY_VERIFY(future.isFinished());
    }

    void timedOutTerminates()
    {
        QProcess process;
        setShell(&process, "exec sleep 20");
        QCOMPARE(thrownBy([&] { run(withTimeout(startAndFinish(&process, 5s), 100ms)); }),
                 QByteArray("CallTimeout"));
        QCOMPARE(process.state(), QProcess::NotRunning);
    }

    void destroyedWhileAwaited()
    {
        auto process = std::make_unique<QProcess>();
        setShell(process.get(), "exec sleep 20");
        QFuture<ProcessExit> future = spawn(startAndFinish(process.get(), 1s));
        QTRY_COMPARE(process->state(), QProcess::Running);
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("still running")));
        process.reset();
        QTRY_VERIFY(future.isFinished());
        QCOMPARE(thrownBy([&] { future.result(); }), QByteArray("SenderDestroyed"));
    }

    void many()
    {
        const auto task = [](int *ended) -> Task<> {
            const ProcessOutput output = co_await processOutput(
                    QStringLiteral("/bin/echo"), QStringList(QStringLiteral("x")));
            *ended += output.standardOutput == "x\n" ? 1 : 0;
        };
        int ended = 0;
        const int files = openFiles();
        for (int i = 0; i < 30; ++i)
            static_cast<void>(spawn(task(&ended)));
        QTRY_COMPARE_WITH_TIMEOUT(ended, 30, 20'000);
        QCOMPARE(openFiles(), files);
    }
};

QTEST_GUILESS_MAIN(TestDevicesProcess)
#include "tst_devices_process.moc"
