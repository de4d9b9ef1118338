// How a stream ends before its end: break, destruction, close, owners, shutdown (G10, G11, G12).
#include "sources.h"

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

/// Its cleanup awaits that it \a may end.
AsyncGenerator<int> cleaningUp(Footprints *trace, const std::atomic<bool> *may)
{
    bool closed = false;
    try {
        for (int i = 0;; ++i)
            co_yield int(i);
    } catch (const CallCanceled &) {
        closed = true;
    }
    if (closed) {
        do
            co_await sleepFor(2ms);
        while (!*may);
        trace->cleanedOn = QThread::currentThread();
        trace->cleaned = true;
    }
}

AsyncGenerator<int> failingCleanup()
{
    bool closed = false;
    try {
        co_yield 1;
    } catch (const CallCanceled &) {
        closed = true;
    }
    if (closed)
        throw std::runtime_error("cleanup failed");
}

} // namespace

class tst_StreamsCleanup : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void destructionCleansUpOnTheGeneratorsLoop()
    {
        Footprints trace;
        QElapsedTimer timer;
        {
            BlockingRange<int> range = callSync(numbers, 10, &trace);
            for (const int item : range) {
                if (item == 2)
                    break;
            }
            QVERIFY(!trace.cleaned);
            timer.start();
        }
        QVERIFY(trace.cleaned || timer.elapsed() >= 1000);
        QVERIFY(eventually([&] { return trace.cleaned.load(); })); // by now, unless it takes a second
        QCOMPARE(trace.cleanedOn.load(), backgroundLoop().thread());
        QCOMPARE(trace.made.load(), 3);
    }

    void cleanupThatAwaitsIsWaitedFor()
    {
        Footprints trace;
        const std::atomic<bool> may{true};
        QElapsedTimer timer;
        timer.start();
        for (const int item : callSync(cleaningUp, &trace, &may)) {
            if (item == 2)
                break;
        }
        QVERIFY(trace.cleaned || timer.elapsed() >= 1000);
        QVERIFY(eventually([&] { return trace.cleaned.load(); })); // by now, unless it takes a second
        QCOMPARE(trace.cleanedOn.load(), backgroundLoop().thread());
    }

    void longCleanupGoesOnInTheBackground()
    {
        Footprints trace;
        std::atomic<bool> may{false};
        QElapsedTimer timer;
        {
            BlockingRange<int> range = callSync(cleaningUp, &trace, &may);
            QCOMPARE(*range.begin(), 0);
            timer.start();
        }
        QVERIFY(timer.elapsed() >= 1000);
        QVERIFY(!trace.cleaned);
        may = true;
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
        QCOMPARE(trace.cleanedOn.load(), backgroundLoop().thread());
    }

    void closeEndsItAndThrowsWhatCleanupThrows()
    {
        BlockingRange<int> range = callSync(failingCleanup);
        QCOMPARE(*range.begin(), 1);
        QCOMPARE(thrownBy([&] { range.close(); }), "std::exception: cleanup failed");
        QCOMPARE(thrownBy([&] { range.close(); }), "nothing");
        QCOMPARE(all(range), upTo(0));
    }

    void whatCleanupThrowsAtDestructionIsLogged()
    {
        MessageCapture messages;
        {
            BlockingRange<int> range = callSync({.name = "leaky"}, failingCleanup);
            QCOMPARE(*range.begin(), 1);
        }
        QCOMPARE(messages.count(QStringLiteral("cleanup failed")), 1);
        QCOMPARE(messages.count(QStringLiteral("leaky")), 1);
    }

    void closingOneLeavesEverythingElseUsable()
    {
        Footprints trace;
        BlockingRange<int> other = callSync(numbers, 5);
        QCOMPARE(*other.begin(), 0);
        {
            BlockingRange<int> range = callSync(stuckAfterOne, &trace);
            QCOMPARE(*range.begin(), 1);
        }
        QCOMPARE(all(other), (std::vector<int>{1, 2, 3, 4}));
        QCOMPARE(all(callSync(numbers, 5)), upTo(5));
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void aStreamLeftBehindByAnExceptionIsCleanedUp()
    {
        Footprints trace;
        try {
            for (const int item : callSync(numbers, 10, &trace)) {
                if (item == 1)
                    throw std::runtime_error("mine");
            }
        } catch (const std::runtime_error &) {
        }
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void deathOfTheContextObjectEndsIt()
    {
        Footprints trace;
        auto owner = std::make_unique<QObject>();
        BlockingRange<int> range = callSync({.context = owner.get()}, numbers, 100, &trace);
        QCOMPARE(*range.begin(), 0);
        owner.reset();
        QCOMPARE(thrownBy([&] { all(range); }), "CallCanceled");
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void deathOfTheContextObjectReachesAWaitingConsumer()
    {
        Footprints trace;
        QObject *owner = nullptr;
        LoopThread thread;
        callOnSync(thread.object(), [&owner] { owner = new QObject; }); // deleted by the loop below
        BlockingRange<int> range = callSync({.context = owner}, stuckAfterOne, &trace);
        QCOMPARE(*range.begin(), 1);
        const QFuture<void> killed = callOn(thread.object(), [owner] {
            QTimer::singleShot(20, owner, [owner] { delete owner; });
        });
        QCOMPARE(thrownBy([&] { all(range); }), "CallCanceled");
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void G11_endOfItsLoopEndsTheStream()
    {
        Footprints trace;
        {
            EventLoopThread loop(QStringLiteral("mortal"));
            BlockingRange<int> range(loop, numbers(10, &trace));
            QCOMPARE(*range.begin(), 0);
            QVERIFY(loop.stop(QDeadlineTimer(5000)));
            QVERIFY(trace.cleaned);
            QVERIFY(trace.cleanedOn.load() != QThread::currentThread());
            QCOMPARE(thrownBy([&] { all(range); }), "LoopStopped");
        }
    }

    void G11_endOfItsLoopReachesAWaitingConsumer()
    {
        Footprints trace;
        EventLoopThread loop(QStringLiteral("mortal"));
        BlockingRange<int> range(loop, stuckAfterOne(&trace));
        QCOMPARE(*range.begin(), 1);
        JoinedThread killer([&loop] {
            QThread::msleep(20);
            loop.stop(QDeadlineTimer(5000));
        });
        QCOMPARE(thrownBy([&] { all(range); }), "CallCanceled");
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void G20_shutdownEndsStreamsAndTheNextOneWorks()
    {
        Footprints trace;
        BlockingRange<int> range = callSync(numbers, 10, &trace);
        QCOMPARE(*range.begin(), 0);
        QVERIFY(shutdown(QDeadlineTimer(5000)));
        QVERIFY(trace.cleaned);
        QCOMPARE(thrownBy([&] { all(range); }), "LoopStopped");
        QCOMPARE(all(callSync(numbers, 3)), upTo(3));
    }

    void G19_endedStreamsLeaveNothingBehind()
    {
        all(callSync(numbers, 1));
        const int threads = threadCount();
        const int files = openFiles();
        Counter counter;
        const int n = rounds(500, 100);
        for (int i = 0; i < n; ++i) {
            const auto source = [](Counter *c) -> AsyncGenerator<int> {
                const Local local(*c);
                co_yield 1;
                co_yield 2;
            };
            for (const int item : callSync(source, &counter)) {
                if (item == 1 + i % 2)
                    break;
            }
        }
        QCOMPARE(counter.made.load(), n);
        QVERIFY(eventually([&] { return counter.gone.load() == n; }));
        QVERIFY(threadCount() <= threads);
        QCOMPARE(openFiles(), files);
    }
};

QTEST_GUILESS_MAIN(tst_StreamsCleanup)
#include "tst_streams_cleanup.moc"
