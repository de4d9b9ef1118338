// stats(), and what the logging categories say.
#include "../support/waiting.h"

#include <Synchronaut/CallAny>
#include <Synchronaut/CallSync>
#include <Synchronaut/Lifecycle>
#include <Synchronaut/ParallelMap>
#include <Synchronaut/Stats>
#include <Synchronaut/Task>
#include <Synchronaut/Timers>

#include <QtCore/QLoggingCategory>
#include <QtCore/QSemaphore>
#include <QtCore/QThreadPool>
#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

int answer()
{
    return 42;
}

/// Category and text of what is logged while it lives.
class LogLines
{
public:
    LogLines()
    {
        s_lines.clear();
        m_before = qInstallMessageHandler([](QtMsgType, const QMessageLogContext &context, const QString &text) {
            const std::lock_guard lock(s_lock);
            s_lines += QString::fromLatin1(context.category) + QStringLiteral("|") + text;
        });
    }
    ~LogLines() { qInstallMessageHandler(m_before); }
    bool has(const QString &part) const
    {
        const std::lock_guard lock(s_lock);
        return !s_lines.filter(part).isEmpty();
    }

private:
    static inline std::mutex s_lock;
    static inline QStringList s_lines;
    QtMessageHandler m_before;
};

} // namespace

class TestObservingStats : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup();
    void offCountsNothing();
    void callsThatEnd();
    void callsThatWaitAndRun();
    void callsFromBeforeAreNotCounted();
    void countingAgainWhileCallsRun();
    void callsThatEndBeforeTheyRun();
    void fromManyThreads();
    void threadsComeAndGo();
    void threadsOfBatches();
    void guiBlock();
    void printed();
    void categories();
};

void TestObservingStats::cleanup()
{
    collectStats(false);
}

void TestObservingStats::offCountsNothing()
{
    collectStats(true);
    collectStats(false);
    QCOMPARE(callSync({.forceOffload = true}, answer), 42);
    QCOMPARE(stats().begun, 0);
    QCOMPARE(stats().finished, 0);
}

void TestObservingStats::callsThatEnd()
{
    collectStats(true);
    const auto throws = []() -> int { throw 3; };
    const auto never = []() -> Task<> { co_await sleepFor(20s); };
    QCOMPARE(callSync({.forceOffload = true}, answer), 42);
    QCOMPARE(thrownBy([&] { callSync({.forceOffload = true}, throws); }), "int 3");
    QCOMPARE(thrownBy([&] { callSync({.timeout = 1ms}, never); }), "CallTimeout");
    QFuture<void> canceled = callAny(never);
    canceled.cancel();
    QVERIFY(finishes(canceled));
    QVERIFY(eventually([] { return stats().canceled == 1; }));
    const Stats now = stats();
    QCOMPARE(now.begun, 4);
    QCOMPARE(now.finished, 2);
    QCOMPARE(now.timedOut, 1);
    QCOMPARE(now.running, 0);
    QCOMPARE(now.queued, 0);
}

void TestObservingStats::callsThatWaitAndRun()
{
    QThreadPool pool;
    pool.setMaxThreadCount(1);
    collectStats(true);
    QSemaphore gate;
    const auto waits = [&gate] { gate.tryAcquire(1, 20000); };
    const CallOptions options{.executor = &pool};
    const QFuture<void> first = callAny(options, waits);
    QVERIFY(eventually([] { return stats().running == 1; }));
    const QFuture<void> second = callAny(options, waits);
    QCOMPARE(stats().queued, 1);
    const QFuture<void> task = callAny([]() -> Task<> { co_await sleepFor(20s); });
    QVERIFY(eventually([] { return stats().running == 2; })); // suspended, but under way
    QFuture<void>(task).cancel();
    gate.release(2);
    for (const QFuture<void> &future : {first, second, task})
        QVERIFY(finishes(future));
    QVERIFY(eventually([] { return stats().finished == 2 && stats().canceled == 1; }));
    QCOMPARE(stats().running, 0);
    QCOMPARE(stats().queued, 0);
}

void TestObservingStats::callsFromBeforeAreNotCounted()
{
    QSemaphore started;
    QSemaphore gate;
    const QFuture<void> before = callAny({.forceOffload = true}, [&] {
        started.release();
        gate.tryAcquire(1, 20000);
    });
    started.acquire();
    collectStats(true);
    gate.release();
    QVERIFY(finishes(before));
    QCOMPARE(callSync({.forceOffload = true}, answer), 42);
    QCOMPARE(stats().begun, 1);
    QCOMPARE(stats().finished, 1);
}

void TestObservingStats::countingAgainWhileCallsRun()
{
    collectStats(true);
    QSemaphore gate;
    const QFuture<void> long1 = callAny({.forceOffload = true}, [&] { gate.tryAcquire(1, 20000); });
    QVERIFY(eventually([] { return stats().running == 1; }));
    collectStats(true);
    QCOMPARE(stats().running, 1);
    QCOMPARE(stats().begun, 1); // it is under way
    QCOMPARE(callSync({.forceOffload = true}, answer), 42);
    QCOMPARE(stats().running, 1);
    QCOMPARE(stats().finished, 1);
    gate.release();
    QVERIFY(finishes(long1));
    QVERIFY(eventually([] { return stats().finished == 2; }));
    QCOMPARE(stats().begun, 2);
    QCOMPARE(stats().running, 0);
    QCOMPARE(stats().queued, 0);
}

void TestObservingStats::callsThatEndBeforeTheyRun()
{
    collectStats(true);
    const QDeadlineTimer past(-1ms);
    QCOMPARE(thrownBy([&] { callSync({.deadline = past, .forceOffload = true}, answer); }), "CallTimeout");
    QCOMPARE(stats().begun, 1);
    QCOMPARE(stats().timedOut, 1);
    QCOMPARE(stats().queued, 0);
}

void TestObservingStats::fromManyThreads()
{
    collectStats(true);
    const int each = rounds(500, 100);
    {
        std::vector<JoinedThread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([each] {
                for (int i = 0; i < each; ++i) {
                    const auto task = []() -> Task<> { co_await yieldNow(); };
                    callSync(task);
                    callSync({.forceOffload = true}, answer);
                    const Stats now = stats();
                    Q_ASSERT(now.running >= 0 && now.queued >= 0);
                }
            });
        }
    }
    const Stats now = stats();
    QCOMPARE(now.begun, 8 * each);
    QCOMPARE(now.finished, 8 * each);
    QCOMPARE(now.running, 0);
    QCOMPARE(now.queued, 0);
}

void TestObservingStats::threadsComeAndGo()
{
    QVERIFY(shutdown(QDeadlineTimer(10s)));
    QVERIFY(eventually([] { return stats().threads == 0; }));
    const auto task = []() -> Task<> { co_await yieldNow(); };
    callSync(task);
    callSync({.forceOffload = true}, answer);
    QVERIFY(stats().threads >= 2); // the loop, and a worker that lingers
    QVERIFY(shutdown(QDeadlineTimer(10s)));
    QVERIFY(eventually([] { return stats().threads == 0; }));
}

void TestObservingStats::threadsOfBatches()
{
    QVERIFY(shutdown(QDeadlineTimer(10s)));
    QVERIFY(eventually([] { return stats().threads == 0; }));
    QSemaphore gate;
    const auto waits = [&gate] { return gate.tryAcquire(1, 20000); };
    const auto batch = parallelMap({call(waits), call(waits), call(waits), call(waits)});
    QVERIFY(eventually([] { return stats().threads >= 4; }));
    gate.release(4);
    QVERIFY(finishes(batch));
}

void TestObservingStats::guiBlock()
{
    collectStats(true);
    const auto nap = []() -> Task<> { co_await sleepFor(20ms); };
    callSync(nap);
    QVERIFY(stats().longestGuiBlock >= 19ms);
    const auto longest = stats().longestGuiBlock;
    callSync({.forceOffload = true}, answer);
    QCOMPARE(stats().longestGuiBlock, longest);
}

void TestObservingStats::printed()
{
    Stats some;
    some.begun = 3;
    some.longestGuiBlock = 1500us;
    QString text;
    QDebug(&text) << some;
    QCOMPARE(text.trimmed(), QStringLiteral("Stats(begun 3, queued 0, running 0, finished 0, timed out 0, "
                                            "cancelled 0, threads 0, longest GUI block 1500 us)"));
}

void TestObservingStats::categories()
{
    QVERIFY(shutdown(QDeadlineTimer(10s)));
    QLoggingCategory::setFilterRules(QStringLiteral("synchronaut.*.debug=true"));
    const LogLines log;
    callSync({.forceOffload = true, .name = "answer"}, answer);
    const auto task = []() -> Task<> { co_await yieldNow(); };
    callSync({.name = "task"}, task);
    QVERIFY(shutdown(QDeadlineTimer(10s)));
    QLoggingCategory::setFilterRules({});
    QVERIFY(log.has(QStringLiteral("synchronaut.calls|answer: begun")));
    QVERIFY(log.has(QStringLiteral("synchronaut.calls|answer: value")));
    QVERIFY(log.has(QStringLiteral("synchronaut.calls|task: value")));
    QVERIFY(log.has(QStringLiteral("synchronaut.loop|Event loop")));
    QVERIFY(log.has(QStringLiteral("synchronaut.pool|A thread begins")));
}

QTEST_GUILESS_MAIN(TestObservingStats)
#include "tst_observing_stats.moc"
