// G20: shutdown() is bounded whatever runs, settles everything, and does not preclude a new start.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <map>
#include <mutex>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> nap(int value)
{
    co_await sleepFor(200us);
    co_return value;
}

Task<int> forever()
{
    co_await sleepFor(1h);
    co_return 1;
}

/// What holds stubborn code, and lets it go; static, since that outlives the calls themselves.
std::atomic<bool> s_release{false};
std::atomic<int> s_started{0};
std::atomic<int> s_ended{0};

/// Does not look at isCanceled().
int busyUntilReleased()
{
    ++s_started;
    eventually([] { return s_release.load(); }, 60s);
    ++s_ended;
    return 1;
}

/// Catches its cancellation and goes on.
Task<int> stubborn()
{
    ++s_started;
    while (!s_release) {
        try {
            co_await sleepFor(1ms);
        } catch (const CallCanceled &) {
            QThread::msleep(1); // every await throws now
        }
    }
    co_return 1;
}

template <typename T>
QByteArray endOf(const QFuture<T> &future)
{
    return thrownBy([&] { QFuture<T>(future).waitForFinished(); });
}

} // namespace

class TestLifecycleShutdown : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void g20_pendingCallsEndAsCanceled();
    void g20_blockedCallersAreLetGo();
    void g20_restartsAfterwards();
    void g20_twiceIsHarmless();
    void g20_boundedWithABusyFunction();
    void g20_boundedWithAStubbornCoroutine();
    void g20_boundedWithABlockedLoop();
    void g20_waitsForCleanup();
    void g20_fromOurOwnThreads();
    void g20_racingCallsEnd();
    void g20_concurrentShutdowns();
};

void TestLifecycleShutdown::init()
{
    s_release = false;
    s_started = 0;
    s_ended = 0;
}

void TestLifecycleShutdown::cleanup()
{
    QVERIFY(shutdown(QDeadlineTimer(20s)));
    QCOMPARE(callSync(nap, 3), 3); // whatever happened: the next call starts everything again
}

void TestLifecycleShutdown::g20_pendingCallsEndAsCanceled()
{
    QThreadPool oneThread;
    oneThread.setMaxThreadCount(1);
    std::atomic<bool> started{false};
    const auto running = [&started] {
        started = true;
        eventually([] { return isCanceled(); });
    };
    const QFuture<void> runningCall = callAny({.executor = &oneThread}, running);
    QVERIFY(eventually([&] { return started.load(); }));
    std::atomic<bool> queuedRan{false};
    const QFuture<void> queued = callAny({.executor = &oneThread}, [&] { queuedRan = true; });
    const QFuture<int> task = callAny(forever);
    const QFuture<int> here = spawn(forever());
    QVERIFY(shutdown(QDeadlineTimer(20s)));
    QVERIFY(finishes(runningCall));
    QVERIFY(finishes(queued));
    QVERIFY(finishes(task));
    QVERIFY(QTest::qWaitFor([&] { return here.isFinished(); }, 10000));
    QCOMPARE(thrownBy([&] { QFuture<void>(runningCall).waitForFinished(); }),
             QByteArray("CallCanceled"));
    QCOMPARE(thrownBy([&] { QFuture<void>(queued).waitForFinished(); }), QByteArray("CallCanceled"));
    QCOMPARE(endOf(task), QByteArray("CallCanceled"));
    QCOMPARE(endOf(here), QByteArray("CallCanceled"));
    QVERIFY(oneThread.waitForDone(20000));
    QVERIFY(!queuedRan);
}

void TestLifecycleShutdown::g20_blockedCallersAreLetGo()
{
    QByteArray inTask;
    QByteArray inPlain;
    std::atomic<int> waiting{0};
    JoinedThread first([&] {
        ++waiting;
        inTask = thrownBy([] { callSync(forever); });
    });
    JoinedThread second([&] {
        ++waiting;
        inPlain = thrownBy([] {
            callSync({.forceOffload = true}, [] { eventually([] { return isCanceled(); }); });
        });
    });
    QVERIFY(eventually([&] { return waiting == 2; }));
    QThread::msleep(10);
    QVERIFY(shutdown(QDeadlineTimer(20s)));
    first.join();
    second.join();
    QCOMPARE(inTask, QByteArray("CallCanceled"));
    QCOMPARE(inPlain, QByteArray("CallCanceled"));
}

void TestLifecycleShutdown::g20_restartsAfterwards()
{
    for (int i = 0; i < 5; ++i) {
        QCOMPARE(callSync(nap, i), i);
        QVERIFY(backgroundLoop().isRunning());
        QVERIFY(shutdown(QDeadlineTimer(20s)));
    }
    QCOMPARE(callSync({.timeout = 20s}, [] { return 2; }), 2);
}

void TestLifecycleShutdown::g20_twiceIsHarmless()
{
    QCOMPARE(callSync(nap, 1), 1);
    QVERIFY(shutdown());
    QVERIFY(shutdown());
    QVERIFY(shutdown(QDeadlineTimer(0)));
}

void TestLifecycleShutdown::g20_boundedWithABusyFunction()
{
    const QFuture<int> busy = callAny({.forceOffload = true}, busyUntilReleased);
    QVERIFY(eventually([] { return s_started == 1; }));
    QElapsedTimer clock;
    clock.start();
    QVERIFY(!shutdown(QDeadlineTimer(100ms)));
    QVERIFY2(clock.elapsed() < 5000, qPrintable(QString::number(clock.elapsed())));
    QVERIFY(finishes(busy, 5s)); // for the caller it is over
    QCOMPARE(endOf(busy), QByteArray("CallCanceled"));
    QCOMPARE(callSync(nap, 2), 2);
    s_release = true;
    QVERIFY(eventually([] { return s_ended == 1; }));
}

void TestLifecycleShutdown::g20_boundedWithAStubbornCoroutine()
{
    const QFuture<int> task = callAny(stubborn);
    QVERIFY(eventually([] { return s_started == 1; }));
    QElapsedTimer clock;
    clock.start();
    shutdown(QDeadlineTimer(100ms)); // its frame may be destroyed in time where it stands, or not
    QVERIFY2(clock.elapsed() < 5000, qPrintable(QString::number(clock.elapsed())));
    QCOMPARE(callSync(nap, 2), 2); // on a new loop
    s_release = true;
    QVERIFY(finishes(task));
}

void TestLifecycleShutdown::g20_boundedWithABlockedLoop()
{
    const auto blocksTheLoop = []() -> Task<int> { co_return busyUntilReleased(); };
    const QFuture<int> task = callAny(blocksTheLoop);
    QVERIFY(eventually([] { return s_started == 1; }));
    QElapsedTimer clock;
    clock.start();
    QVERIFY(!shutdown(QDeadlineTimer(100ms)));
    QVERIFY2(clock.elapsed() < 5000, qPrintable(QString::number(clock.elapsed())));
    QCOMPARE(callSync(nap, 2), 2); // on a new loop
    s_release = true;
    QVERIFY(eventually([] { return s_ended == 1; }));
    QVERIFY(finishes(task));
}

void TestLifecycleShutdown::g20_waitsForCleanup()
{
    std::atomic<bool> started{false};
    std::atomic<bool> cleaned{false};
    const auto task = [&]() -> Task<int> {
        try {
            started = true;
            co_await sleepFor(1h);
        } catch (const CallCanceled &) {
            started = true;
        }
        const CancellationShield shield;
        co_await sleepFor(20ms);
        cleaned = true;
        co_return 1;
    };
    const QFuture<int> future = callAny(task);
    QVERIFY(eventually([&] { return started.load(); }));
    QVERIFY(shutdown(QDeadlineTimer(20s)));
    QVERIFY(cleaned);
    QVERIFY(finishes(future));
}

// It cannot wait for itself, and says so instead of hanging.
void TestLifecycleShutdown::g20_fromOurOwnThreads()
{
    std::atomic<int> inTime{-1};
    const QFuture<void> onPool = callAny({.forceOffload = true}, [&inTime] {
        inTime = shutdown(QDeadlineTimer(2s)) ? 1 : 0;
    });
    QVERIFY(eventually([&] { return inTime >= 0; }));
    QCOMPARE(inTime.load(), 0);
    QVERIFY(finishes(onPool));
    inTime = -1;
    const auto onLoop = [&inTime]() -> Task<void> {
        inTime = shutdown(QDeadlineTimer(2s)) ? 1 : 0;
        co_return;
    };
    const QFuture<void> task = callAny(onLoop);
    QVERIFY(eventually([&] { return inTime >= 0; }));
    QCOMPARE(inTime.load(), 0);
    QVERIFY(finishes(task));
}

void TestLifecycleShutdown::g20_racingCallsEnd()
{
    std::atomic<bool> stop{false};
    std::mutex lock;
    std::map<QByteArray, int> ends;
    std::atomic<int> calls{0};
    {
        std::vector<JoinedThread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                while (!stop) {
                    const QByteArray end = thrownBy([t] {
                        if (t == 0)
                            callSync(nap, 1);
                        else if (t == 1)
                            callSync({.forceOffload = true}, [] { return 1; });
                        else if (t == 2)
                            static_cast<void>(callAny(nap, 1).result());
                        else
                            run(nap(1));
                    });
                    ++calls;
                    const std::lock_guard guard(lock);
                    ++ends[end];
                }
            });
        }
        const int total = rounds(100, 20);
        bool allInTime = true;
        for (int i = 0; i < total; ++i) {
            allInTime = shutdown(QDeadlineTimer(20s)) && allInTime;
            const int seen = calls.load();
            eventually([&] { return calls > seen; }, 10s);
        }
        stop = true;
        QVERIFY(allInTime);
    }
    for (const auto &[end, count] : ends) {
        QVERIFY2(end == "nothing" || end == "LoopStopped" || end == "CallCanceled",
                 end.constData());
    }
    QVERIFY(ends["nothing"] > 0);
}

void TestLifecycleShutdown::g20_concurrentShutdowns()
{
    QCOMPARE(callSync(nap, 1), 1);
    const QFuture<int> task = callAny(forever);
    {
        std::vector<JoinedThread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([] { shutdown(QDeadlineTimer(20s)); });
    }
    QVERIFY(finishes(task));
    QCOMPARE(endOf(task), QByteArray("CallCanceled"));
}

QTEST_GUILESS_MAIN(TestLifecycleShutdown)
#include "tst_lifecycle_shutdown.moc"
