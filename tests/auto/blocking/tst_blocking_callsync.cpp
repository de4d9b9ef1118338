// G1: callSync() of async functions from every kind of thread, nested, and many at once.
#include "../support/waiting.h"

#include <QtConcurrent/QtConcurrentRun>
#include <QtTest/QTest>

#include <algorithm>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> delayedAdd(int a, int b)
{
    co_await sleepFor(1ms);
    co_return a + b;
}

Task<int> blockingTask(int a, int b)
{
    co_await yieldNow();
    co_return callSync(delayedAdd, a, b); // blocks inside a coroutine, which G1 allows
}

std::atomic<int> s_mostThreads{0};

void sampleThreads()
{
    const int now = threadCount();
    int most = s_mostThreads.load();
    while (now > most && !s_mostThreads.compare_exchange_weak(most, now)) { }
}

int plainLevel(int left);

Task<int> asyncLevel(int left)
{
    co_await yieldNow();
    sampleThreads();
    if (left == 0)
        co_return 0;
    co_return 1 + callSync(plainLevel, left - 1);
}

int plainLevel(int left)
{
    sampleThreads();
    return left == 0 ? 0 : 1 + callSync(asyncLevel, left - 1);
}

int pooledLevel(int left);

Task<int> awaitingLevel(int left)
{
    sampleThreads();
    if (left == 0)
        co_return 0;
    co_return 1 + co_await callAsync(pooledLevel, left - 1);
}

int pooledLevel(int left)
{
    sampleThreads();
    return left == 0 ? 0 : 1 + callSync(awaitingLevel, left - 1);
}

/// Threads there were at most while \a function ran, over those there were before any of ours.
template <typename Function>
int extraThreads(Function function)
{
    shutdown(QDeadlineTimer(10s));
    QThreadPool::globalInstance()->waitForDone();
    // ended threads take the kernel a moment more, and would hide new ones
    eventually([] { return threadNames().filter(QStringLiteral("Synchronaut")).isEmpty(); }, 5s);
    const int before = threadCount();
    s_mostThreads = before;
    function();
    return s_mostThreads.load() - before;
}

Task<int> awaitGate(QFuture<int> gate)
{
    co_return co_await gate;
}

} // namespace

class TestBlockingCallSync : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g1_plainThread();
    void g1_mainBeforeExec();
    void g1_slotUnderRunningLoop();
    void g1_slotOfAnotherQThread();
    void g1_taskOnBackgroundLoop();
    void g1_taskOnGuiThread();
    void g1_poolThreadOfOurs();
    void g1_qtConcurrentThread();
    void g1_hundredLevelsSyncAndPlain_data();
    void g1_hundredLevelsSyncAndPlain();
    void g1_hundredLevelsThroughThePool_data();
    void g1_hundredLevelsThroughThePool();
    void g1_manyTasksBlockOnOneLoop();
    void g1_laterCallEndsBeforeEarlierOne();
    void g1_outerCallReleasesInnerOne();
    void g1_longWaitHoldsUpNobodyElse();
    void g1_manyThreadsBlockAtOnce();

private:
    void hundredLevels(Task<int> (*level)(int));
};

void TestBlockingCallSync::g1_plainThread()
{
    int value = 0;
    JoinedThread([&value] { value = callSync(delayedAdd, 1, 2); }).join();
    QCOMPARE(value, 3);
}

void TestBlockingCallSync::g1_mainBeforeExec()
{
    QCOMPARE(QThread::currentThread()->loopLevel(), 0);
    QCOMPARE(callSync(delayedAdd, 3, 4), 7);
}

void TestBlockingCallSync::g1_slotUnderRunningLoop()
{
    int value = 0;
    int level = 0;
    inSlot([&] {
        level = QThread::currentThread()->loopLevel();
        value = callSync(delayedAdd, 5, 6);
    });
    QVERIFY(level > 0);
    QCOMPARE(value, 11);
}

void TestBlockingCallSync::g1_slotOfAnotherQThread()
{
    LoopThread other;
    std::atomic<int> value{0};
    QMetaObject::invokeMethod(other.object(), [&value] { value = callSync(blockingTask, 5, 6); });
    QVERIFY(eventually([&value] { return value == 11; }));
}

void TestBlockingCallSync::g1_taskOnBackgroundLoop()
{
    const QFuture<int> future = callAny(blockingTask, 7, 8);
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 15);
    QCOMPARE(callSync(blockingTask, 8, 9), 17);
}

void TestBlockingCallSync::g1_taskOnGuiThread()
{
    QCOMPARE(run(blockingTask(9, 10)), 19);
}

void TestBlockingCallSync::g1_poolThreadOfOurs()
{
    const auto viaTask = [] { return callSync(blockingTask, 10, 11); };
    QCOMPARE(callSync({.forceOffload = true}, viaTask), 21);
    const QFuture<int> future = callAny({.forceOffload = true}, viaTask);
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 21);
}

void TestBlockingCallSync::g1_qtConcurrentThread()
{
    const QFuture<int> future = QtConcurrent::run([] { return callSync(blockingTask, 11, 12); });
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 23);
}

void TestBlockingCallSync::hundredLevels(Task<int> (*level)(int))
{
    QFETCH(const bool, underLoop);
    int value = 0;
    const auto nest = [&] { value = callSync(level, 100); };
    const int extra = extraThreads([&] {
        if (underLoop)
            inSlot(nest);
        else
            nest();
    });
    QCOMPARE(value, 100);
    QVERIFY2(extra <= 4, qPrintable(QString::number(extra)));
}

void TestBlockingCallSync::g1_hundredLevelsSyncAndPlain_data()
{
    QTest::addColumn<bool>("underLoop");
    QTest::newRow("plain thread") << false;
    QTest::newRow("slot") << true;
}

void TestBlockingCallSync::g1_hundredLevelsSyncAndPlain()
{
    hundredLevels(asyncLevel);
}

void TestBlockingCallSync::g1_hundredLevelsThroughThePool_data()
{
    g1_hundredLevelsSyncAndPlain_data();
}

// Without lending, each of the fifty blocked pool functions would hold a thread of its own.
void TestBlockingCallSync::g1_hundredLevelsThroughThePool()
{
    hundredLevels(awaitingLevel);
}

void TestBlockingCallSync::g1_manyTasksBlockOnOneLoop()
{
    constexpr int count = 200; // more than the loop nests before spare loops are leased
    const int before = threadCount();
    std::vector<QFuture<int>> futures;
    for (int i = 0; i < count; ++i)
        futures.push_back(callAny(blockingTask, i, 1));
    for (int i = 0; i < count; ++i) {
        const auto &future = futures[static_cast<std::size_t>(i)];
        QVERIFY(finishes(future));
        QCOMPARE(future.result(), i + 1);
    }
    QVERIFY(threadCount() - before <= 4);
    QCOMPARE(callSync(delayedAdd, 1, 1), 2); // the loop is as good as new
}

// Two tasks block the background loop; the second one's result is there first.
void TestBlockingCallSync::g1_laterCallEndsBeforeEarlierOne()
{
    QPromise<int> slow;
    QPromise<int> quick;
    slow.start();
    quick.start();
    std::atomic<int> blocked{0};
    const auto waitFor = [&blocked](QFuture<int> gate) -> Task<int> {
        ++blocked;
        co_return callSync(awaitGate, gate);
    };
    const QFuture<int> first = callAny(waitFor, slow.future());
    QVERIFY(eventually([&] { return blocked == 1; }));
    const QFuture<int> second = callAny(waitFor, quick.future());
    quick.addResult(2);
    quick.finish();
    QVERIFY(finishes(second));
    QVERIFY(!first.isFinished());
    slow.addResult(1);
    slow.finish();
    QVERIFY(finishes(first));
    QCOMPARE(first.result() + second.result(), 3);
}

// The inner wait ends only through what the outer one's code does after its own: on one stack
// that would never happen.
void TestBlockingCallSync::g1_outerCallReleasesInnerOne()
{
    QPromise<int> outerGate;
    QPromise<int> innerGate;
    outerGate.start();
    innerGate.start();
    std::atomic<int> blocked{0};
    const auto outer = [&](QFuture<int> gate) -> Task<int> {
        ++blocked;
        const int value = callSync(awaitGate, gate);
        innerGate.addResult(value + 1);
        innerGate.finish();
        co_return value;
    };
    const auto inner = [&](QFuture<int> gate) -> Task<int> {
        ++blocked;
        co_return callSync(awaitGate, gate);
    };
    const QFuture<int> first = callAny(outer, outerGate.future());
    QVERIFY(eventually([&] { return blocked == 1; }));
    const QFuture<int> second = callAny(inner, innerGate.future());
    QThread::msleep(20); // the second may block by now, or be held back: both are fine
    outerGate.addResult(1);
    outerGate.finish();
    const bool firstEnded = finishes(first, 10s);
    const bool secondEnded = finishes(second, 10s);
    if (!secondEnded && innerGate.future().isRunning()) {
        innerGate.addResult(0); // lets the process end
        innerGate.finish();
        finishes(first, 10s);
        finishes(second, 10s);
    }
    QVERIFY(firstEnded);
    QVERIFY(secondEnded);
    QCOMPARE(first.result(), 1);
    QCOMPARE(second.result(), 2);
}

// A task waits in callSync() for what another task of the same loop does much later.
void TestBlockingCallSync::g1_longWaitHoldsUpNobodyElse()
{
    QPromise<int> gate;
    gate.start();
    std::atomic<bool> blocked{false};
    const auto waiter = [&](QFuture<int> until) -> Task<int> {
        blocked = true;
        co_return callSync(awaitGate, until);
    };
    const auto opener = [&]() -> Task<int> {
        co_await sleepFor(300ms); // the loop would have to be turning again by then
        gate.addResult(6);
        gate.finish();
        co_return 1;
    };
    const QFuture<int> waiting = callAny(waiter, gate.future());
    QVERIFY(eventually([&] { return blocked.load(); }));
    const QFuture<int> opening = callAny(opener);
    QVERIFY(finishes(opening, 10s));
    QVERIFY(finishes(waiting, 10s));
    QCOMPARE(waiting.result(), 6);
}

void TestBlockingCallSync::g1_manyThreadsBlockAtOnce()
{
    constexpr int threads = 16;
    const int calls = rounds(50, 10);
    std::atomic<int> right{0};
    {
        std::vector<JoinedThread> all;
        for (int t = 0; t < threads; ++t) {
            all.emplace_back([&right, calls, t] {
                for (int i = 0; i < calls; ++i)
                    right += callSync(t % 2 ? blockingTask : delayedAdd, t, i) == t + i ? 1 : 0;
            });
        }
    }
    QCOMPARE(right.load(), threads * calls);
}

QTEST_GUILESS_MAIN(TestBlockingCallSync)
#include "tst_blocking_callsync.moc"
