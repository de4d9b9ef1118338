// G20: the end of a process is bounded, and a forked child gets an error instead of a hang.
#include "../support/waiting.h"

#include <QtCore/QProcess>
#include <QtTest/QTest>

#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> nap(int value)
{
    co_await sleepFor(1ms);
    co_return value;
}

/// Runs \a child in a forked process; its exit code, or -1 when it did not end in time.
template <typename Function>
int inForkedChild(Function child)
{
    const pid_t pid = fork();
    if (pid == 0) {
        alarm(20); // should we be killed ourselves
        _exit(child());
    }
    int status = 0;
    if (pid < 0 || !eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; }, 10s)) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
}

/// 1: CallError itself, 2: something else was thrown, 3: nothing.
template <typename Function>
int codeOf(Function function)
{
    const QByteArray thrown = thrownBy(function);
    return thrown == "CallError" ? 1 : thrown == "nothing" ? 3 : 2;
}

} // namespace

class TestLifecycleProcess : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g20_processExitIsBounded_data();
    void g20_processExitIsBounded();
    void g20_forkedChildGetsAnError_data();
    void g20_forkedChildGetsAnError();
    void g20_directCallsWorkInAForkedChild();
    void g20_parentGoesOnAfterFork();
};

void TestLifecycleProcess::g20_processExitIsBounded_data()
{
    QTest::addColumn<QString>("what");
    QTest::newRow("pending") << QStringLiteral("pending");
    QTest::newRow("stuck function") << QStringLiteral("stuck-function");
    QTest::newRow("stuck loop") << QStringLiteral("stuck-loop");
}

// 5 s are granted to what refuses to end (shutdown()'s documentation).
void TestLifecycleProcess::g20_processExitIsBounded()
{
    QFETCH(const QString, what);
    QProcess process;
    process.start(QStringLiteral(EXIT_HELPER), {what});
    QVERIFY(process.waitForStarted(20000));
    const bool ended = process.waitForFinished(20000);
    if (!ended)
        process.kill();
    QVERIFY(ended);
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 7);
}

void TestLifecycleProcess::g20_forkedChildGetsAnError_data()
{
    QTest::addColumn<int>("kind");
    QTest::newRow("callSync of a task") << 0;
    QTest::newRow("callSync offloaded") << 1;
    QTest::newRow("callAny of a task") << 2;
    QTest::newRow("callAny offloaded") << 3;
    QTest::newRow("with a timeout") << 4;
    QTest::newRow("run") << 5;
    QTest::newRow("backgroundLoop") << 6;
}

void TestLifecycleProcess::g20_forkedChildGetsAnError()
{
    QFETCH(const int, kind);
    QCOMPARE(callSync(nap, 1), 1); // threads of ours run, which the child has not
    QCOMPARE(callSync({.forceOffload = true}, [] { return 2; }), 2);
    const int code = inForkedChild([kind] {
        return codeOf([kind] {
            switch (kind) {
            case 0:
                callSync(nap, 1);
                break;
            case 1:
                callSync({.forceOffload = true}, [] { return 1; });
                break;
            case 2:
                static_cast<void>(callAny(nap, 1).result());
                break;
            case 3:
                static_cast<void>(callAny({.forceOffload = true}, [] { return 1; }).result());
                break;
            case 4:
                callSync({.timeout = 1s}, [] { return 1; });
                break;
            case 5:
                run(nap(1));
                break;
            case 6:
                static_cast<void>(backgroundLoop());
                break;
            default:
                break;
            }
        });
    });
    QCOMPARE(code, 1);
}

void TestLifecycleProcess::g20_directCallsWorkInAForkedChild()
{
    QCOMPARE(callSync(nap, 1), 1);
    const int code = inForkedChild([] { return callSync([](int value) { return value; }, 33); });
    QCOMPARE(code, 33);
    const int any = inForkedChild([] { return callAny([](int v) { return v; }, 34).result(); });
    QCOMPARE(any, 34);
}

void TestLifecycleProcess::g20_parentGoesOnAfterFork()
{
    QCOMPARE(inForkedChild([] { return codeOf([] { callSync(nap, 1); }); }), 1);
    QCOMPARE(callSync(nap, 5), 5);
    QCOMPARE(callSync({.forceOffload = true}, [] { return 6; }), 6);
}

QTEST_GUILESS_MAIN(TestLifecycleProcess)
#include "tst_lifecycle_process.moc"
