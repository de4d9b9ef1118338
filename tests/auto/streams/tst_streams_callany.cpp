// callAny() of stream functions: a QFuture with one result an item, and back-pressure.
#include "sources.h"

#include "../support/places.h"

#include <QtCore/QFutureWatcher>
#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

AsyncGenerator<int> endless(Footprints *trace)
{
    const Cleanup cleanup(trace);
    for (int i = 0;; ++i) {
        co_await sleepFor(1ms);
        ++trace->made;
        co_yield int(i);
    }
}

Generator<int> blockingEndless(Footprints *trace)
{
    const Cleanup cleanup(trace);
    for (int i = 0;; ++i) {
        QThread::msleep(1);
        ++trace->made;
        co_yield int(i);
    }
}

AsyncGenerator<std::unique_ptr<int>> boxes(int n)
{
    for (int i = 0; i < n; ++i)
        co_yield std::make_unique<int>(i);
}

AsyncGenerator<int> withProgress(int n)
{
    setProgressRange(0, n);
    for (int i = 0; i < n; ++i) {
        setProgress(i + 1, QStringLiteral("item %1").arg(i));
        co_await yieldNow();
        co_yield int(i);
    }
}

template <typename T>
QList<T> valuesOf(const QFuture<T> &future)
{
    return future.results();
}

} // namespace

class tst_StreamsCallAny : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aBlockingGeneratorRunsWherePlainFunctionsRun()
    {
        Footprints trace;
        QFuture<int> direct = callAny(blockingNumbers, 5, &trace);
        QVERIFY(direct.isFinished());
        QCOMPARE(valuesOf(direct), (QList<int>{0, 1, 2, 3, 4}));
        QCOMPARE(trace.thread.load(), QThread::currentThread());
        QVERIFY(trace.cleaned);

        QFuture<int> offloaded;
        inSlot([&] { offloaded = callAny(blockingNumbers, 5, &trace); });
        QVERIFY(finishes(offloaded));
        QCOMPARE(valuesOf(offloaded), (QList<int>{0, 1, 2, 3, 4}));
        QVERIFY(trace.thread.load() != QThread::currentThread());
        QVERIFY(trace.thread.load() != backgroundLoop().thread());
    }

    void anAsyncGeneratorRunsWhereAsyncFunctionsRun()
    {
        Footprints trace;
        QFuture<int> background = callAny(numbers, 5, &trace);
        QVERIFY(finishes(background));
        QCOMPARE(valuesOf(background), (QList<int>{0, 1, 2, 3, 4}));
        QCOMPARE(trace.thread.load(), backgroundLoop().thread());

        QFuture<int> here;
        inSlot([&] {
            here = callAny(numbers, 5, &trace);
            QVERIFY(finishesInLoop(here));
        });
        QCOMPARE(valuesOf(here), (QList<int>{0, 1, 2, 3, 4}));
        QCOMPARE(trace.thread.load(), QThread::currentThread());
    }

    void resultsArriveWhileItRuns()
    {
        Footprints trace;
        QFuture<int> future = callAny(stuckAfterOne, &trace);
        QCOMPARE(future.resultAt(0), 1);
        QVERIFY(!future.isFinished());
        future.cancel();
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void itemsMayBeMoveOnly()
    {
        QFuture<std::unique_ptr<int>> future = callAny(boxes, 1);
        QVERIFY(finishes(future));
        QCOMPARE(*future.takeResult(), 0);
    }

    void anErrorFinishesTheFuture()
    {
        QFuture<int> async = callAny(failingAt, 2);
        QVERIFY(finishes(async));
        QCOMPARE(thrownBy([&] { async.waitForFinished(); }), "std::exception: no more");
        QFuture<int> plain = callAny({.forceOffload = true}, blockingFailingAt, 2);
        QVERIFY(finishes(plain));
        QCOMPARE(thrownBy([&] { plain.waitForFinished(); }), "std::exception: no more");
        AsyncGenerator<int> (*const null)(int) = nullptr;
        QFuture<int> bad = callAny(null, 2);
        QCOMPARE(thrownBy([&] { bad.waitForFinished(); }), "CallError");
    }

    void aWatcherSeesTheItemsBeforeAnError()
    {
        QList<int> seen;
        const auto fails = []() -> AsyncGenerator<int> {
            for (int i = 0; i < 3; ++i) {
                co_yield int(i);
                co_await sleepFor(20ms); // until the watcher has looked
            }
            throw std::runtime_error("no more");
        };
        QFuture<int> future;
        inSlot([&] { // in one thread: Qt destroys the items when it stores the error
            future = callAny(fails);
            QFutureWatcher<int> watcher;
            connect(&watcher, &QFutureWatcher<int>::resultReadyAt, &watcher,
                    [&](int index) { seen += watcher.resultAt(index); });
            watcher.setFuture(future);
            QVERIFY(finishesInLoop(future));
        });
        QVERIFY(seen.startsWith(0));
        QCOMPARE(thrownBy([&] { future.waitForFinished(); }), "std::exception: no more");
    }

    void suspendingHoldsTheGenerator_data()
    {
        QTest::addColumn<bool>("blocking");
        QTest::newRow("async") << false;
        QTest::newRow("blocking") << true;
    }
    void suspendingHoldsTheGenerator()
    {
        QFETCH(const bool, blocking);
        Footprints trace;
        QFuture<int> future = blocking ? callAny({.forceOffload = true}, blockingEndless, &trace)
                                       : callAny(endless, &trace);
        QVERIFY(eventually([&] { return trace.made.load() >= 3; }));
        future.suspend();
        QVERIFY(eventually([&] { return future.isSuspended(); }));
        const int made = trace.made.load();
        QThread::msleep(30);
        QCOMPARE(trace.made.load(), made);
        future.resume();
        QVERIFY(eventually([&] { return trace.made.load() > made + 2; }));
        future.suspend();
        QVERIFY(eventually([&] { return future.isSuspended(); }));
        future.cancel();
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
        QVERIFY(finishes(future));
        QVERIFY(future.isCanceled());
    }

    void aSuspendedBlockingGeneratorGivesItsPlaceInThePoolBack()
    {
        QThreadPool pool;
        pool.setMaxThreadCount(1);
        Footprints trace;
        QFuture<int> future = callAny({.executor = &pool}, blockingEndless, &trace);
        QVERIFY(eventually([&] { return trace.made.load() >= 1; }));
        future.suspend();
        QVERIFY(eventually([&] { return future.isSuspended(); }));
        QFuture<int> other = callAny({.executor = &pool}, [] { return 7; });
        QVERIFY(finishes(other));
        QCOMPARE(other.result(), 7);
        future.cancel();
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void cancellingEndsTheGenerator_data()
    {
        suspendingHoldsTheGenerator_data();
    }
    void cancellingEndsTheGenerator()
    {
        QFETCH(const bool, blocking);
        Footprints trace;
        QFuture<int> future = blocking ? callAny({.forceOffload = true}, blockingEndless, &trace)
                                       : callAny(endless, &trace);
        QVERIFY(eventually([&] { return trace.made.load() >= 2; }));
        future.cancel();
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
        QVERIFY(finishes(future));
    }

    void aTimeoutHoldsForAllItems_data()
    {
        suspendingHoldsTheGenerator_data();
    }
    void aTimeoutHoldsForAllItems()
    {
        QFETCH(const bool, blocking);
        Footprints trace;
        QFuture<int> future = blocking ? callAny({.timeout = 300ms}, blockingEndless, &trace)
                                       : callAny({.timeout = 300ms}, endless, &trace);
        QVERIFY(finishes(future));
        QCOMPARE(thrownBy([&] { future.waitForFinished(); }), "CallTimeout");
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void progressReachesTheFuture()
    {
        QFuture<int> future = callAny(withProgress, 4);
        QVERIFY(finishes(future));
        QCOMPARE(future.progressMaximum(), 4);
        QCOMPARE(future.progressValue(), 4);
        QCOMPARE(future.progressText(), QStringLiteral("item 3"));
    }

    void aFastGeneratorDoesNotStarveItsLoop()
    {
        int ticks = 0;
        QFuture<int> future;
        inSlot([&] {
            QTimer timer;
            connect(&timer, &QTimer::timeout, &timer, [&ticks] { ++ticks; });
            timer.start(0);
            future = callAny(readyNumbers, rounds(200000, 20000), nullptr);
            QVERIFY(finishesInLoop(future));
        });
        QCOMPARE(future.resultCount(), rounds(200000, 20000));
        QVERIFY(ticks >= 3);
    }
};

QTEST_GUILESS_MAIN(tst_StreamsCallAny)
#include "tst_streams_callany.moc"
