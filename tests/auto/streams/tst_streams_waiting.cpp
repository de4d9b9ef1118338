// A consumer of a BlockingRange waits the way callSync() waits: G1, G3, G4, G5, time, cancellation.
#include "sources.h"

#include <QtCore/QThreadPool>
#include <QtTest/QTest>

#include <chrono>
#include <thread>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

/// Every item is asked of the thread of \a object.
AsyncGenerator<QThread *> threadsOf(QObject *object, int n)
{
    for (int i = 0; i < n; ++i) {
        const auto where = [] { return QThread::currentThread(); };
        QThread *const thread = co_await callOn(object, where);
        co_yield std::move(thread);
    }
}

/// The same, blocking the generator's loop.
AsyncGenerator<QThread *> blockingThreadsOf(QObject *object, int n)
{
    for (int i = 0; i < n; ++i)
        co_yield callOnSync(object, [] { return QThread::currentThread(); });
}

AsyncGenerator<int> slowly(int n, std::chrono::milliseconds each)
{
    for (int i = 0; i < n; ++i) {
        co_await sleepFor(each);
        co_yield int(i);
    }
}

int sumOf(int n)
{
    int sum = 0;
    for (const int item : callSync(numbers, n, nullptr))
        sum += item;
    return sum;
}

AsyncGenerator<int> sums(int n)
{
    for (int i = 0; i < n; ++i)
        co_yield sumOf(i); // blocks the loop it runs on, for a stream of its own
}

/// A limit that a busy machine does not use up before the generator has begun.
constexpr std::chrono::milliseconds enoughToStart = 300ms;

} // namespace

class tst_StreamsWaiting : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void G1_worksInASlot()
    {
        std::vector<int> seen;
        inSlot([&] { seen = all(callSync(numbers, 20)); });
        QCOMPARE(seen, upTo(20));
    }

    void G1_worksInATaskOnTheBackgroundLoop()
    {
        const auto task = []() -> Task<int> { co_return sumOf(10); };
        QCOMPARE(callSync(task), 45);
    }

    void G1_worksInsideOfAnotherStream()
    {
        QCOMPARE(all(callSync(sums, 4)), (std::vector<int>{0, 0, 1, 3}));
    }

    void G1_worksOnPoolThreads()
    {
        QList<QFuture<int>> futures;
        for (int i = 0; i < 20; ++i)
            futures += callAny({.forceOffload = true}, sumOf, 10);
        for (QFuture<int> &future : futures)
            QCOMPARE(future.result(), 45);
    }

    void G3_theBlockedConsumerServesTheGenerator()
    {
        QObject here;
        std::vector<QThread *> seen;
        for (QThread *const thread : callSync(threadsOf, &here, 3))
            seen.push_back(thread);
        for (QThread *const thread : callSync(blockingThreadsOf, &here, 3))
            seen.push_back(thread);
        QCOMPARE(seen, std::vector<QThread *>(6, QThread::currentThread()));
    }

    void G3_theBlockedConsumerServesABufferedGenerator()
    {
        QObject here;
        std::vector<QThread *> seen;
        for (QThread *const thread : buffered(callSync(threadsOf, &here, 5), 2))
            seen.push_back(thread);
        for (QThread *const thread : buffered(callSync(blockingThreadsOf, &here, 5), 2))
            seen.push_back(thread);
        QCOMPARE(seen, std::vector<QThread *>(10, QThread::currentThread()));
    }

    void G4_aWaitingPoolThreadGivesItsPlaceBack()
    {
        QThreadPool pool;
        pool.setMaxThreadCount(1);
        const auto nested = [](QThreadPool *p) -> AsyncGenerator<int> {
            for (int i = 0; i < 3; ++i) {
                const CallOptions onPool{.executor = p};
                const auto twice = [](int n) { return 2 * n; };
                const int item = co_await callAsync(onPool, twice, i);
                co_yield int(item);
            }
        };
        const auto consume = [nested](QThreadPool *p) {
            int sum = 0;
            for (const int item : callSync(nested, p))
                sum += item;
            return sum;
        };
        QFuture<int> one = callAny({.executor = &pool}, consume, &pool);
        QFuture<int> two = callAny({.executor = &pool}, consume, &pool);
        QVERIFY(finishes(one));
        QVERIFY(finishes(two));
        QCOMPARE(one.result() + two.result(), 12);
    }

    void G5_aLongWaitOnTheGuiThreadIsLogged()
    {
        MessageCapture messages;
        all(callSync({.name = "slowStream"}, slowly, 1, 300ms));
        QCOMPARE(messages.count(QStringLiteral("slowStream")), 1);
    }

    void processEventsKeepsTheLoopTurning()
    {
        int ticks = 0;
        std::vector<int> seen;
        inSlot([&] {
            QTimer timer;
            connect(&timer, &QTimer::timeout, &timer, [&ticks] { ++ticks; });
            timer.start(1);
            seen = all(callSync({.waitMode = WaitMode::ProcessEvents}, slowly, 3, 30ms));
        });
        QCOMPARE(seen, upTo(3));
        QVERIFY(ticks > 0);
    }

    void G6_aTimeoutCoversTheWholeStream()
    {
        BlockingRange<int> range = callSync({.timeout = 150ms, .name = "slowly"}, slowly, 1000, 10ms);
        QElapsedTimer timer;
        timer.start();
        int items = 0;
        QString message;
        try {
            for ([[maybe_unused]] const int item : range)
                ++items;
        } catch (const CallTimeout &e) {
            message = e.message();
            QCOMPARE(e.timeout(), std::chrono::nanoseconds(150ms));
        }
        QCOMPARE(message, QStringLiteral("Function slowly timed out after 0.15s"));
        QVERIFY(timer.elapsed() >= 149);
        QVERIFY(items < 16);
        QCOMPARE(all(range), upTo(0));
    }

    void G6_itCountsWhileTheConsumerIsBusy()
    {
        Footprints trace;
        BlockingRange<int> range = callSync({.timeout = enoughToStart}, numbers, 10, &trace);
        QCOMPARE(*range.begin(), 0);
        std::this_thread::sleep_for(enoughToStart + 1ms);
        QCOMPARE(thrownBy([&] { all(range); }), "CallTimeout");
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void G6_nestedTheEarliestHolds()
    {
        Footprints trace;
        const auto consume = [&trace] { return all(callSync({.timeout = 1h}, stuckAfterOne, &trace)); };
        QCOMPARE(thrownBy([&] { callSync({.timeout = enoughToStart}, consume); }), "CallTimeout");
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
        trace.cleaned = false;
        QCOMPARE(thrownBy([&] {
                     const DeadlineScope scope(enoughToStart);
                     all(callSync(stuckAfterOne, &trace));
                 }),
                 "CallTimeout");
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void G7_timeoutUnwindsTheGenerator()
    {
        Footprints trace;
        BlockingRange<int> range = callSync({.timeout = enoughToStart}, stuckAfterOne, &trace);
        QCOMPARE(thrownBy([&] { all(range); }), "CallTimeout");
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
        QCOMPARE(trace.cleanedOn.load(), backgroundLoop().thread());
    }

    void G10_cancellationReachesTheWaitingConsumer()
    {
        Footprints trace;
        QSemaphore started;
        std::atomic<bool> sawIt{false};
        const auto consume = [&] {
            BlockingRange<int> range = callSync(stuckAfterOne, &trace);
            static_cast<void>(range.begin());
            started.release();
            sawIt = thrownBy([&] { static_cast<void>(range.begin()); }) == "CallCanceled";
        };
        QFuture<void> future = callAny({.forceOffload = true}, consume);
        QVERIFY(started.tryAcquire(1, 20000));
        future.cancel();
        QVERIFY(eventually([&] { return trace.cleaned.load() && sawIt.load(); }));
    }

    void aConsumerThatIsToStopDoesNotLoseTheStream()
    {
        BlockingRange<int> range = callSync(numbers, 5);
        QCOMPARE(*range.begin(), 0);
        QByteArray thrown;
        QSemaphore started;
        QSemaphore ended;
        const auto stopped = [&] {
            started.release();
            while (!isCanceled())
                QThread::yieldCurrentThread();
            thrown = thrownBy([&] { all(range); });
            ended.release();
        };
        QFuture<void> future = callAny({.forceOffload = true}, stopped);
        QVERIFY(started.tryAcquire(1, 20000));
        future.cancel();
        QVERIFY(ended.tryAcquire(1, 20000));
        QCOMPARE(thrown, "CallCanceled");
        QCOMPARE(all(range), (std::vector<int>{1, 2, 3, 4}));
    }
};

QTEST_GUILESS_MAIN(tst_StreamsWaiting)
#include "tst_streams_waiting.moc"
