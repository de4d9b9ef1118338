// callAsync() of stream functions: an AsyncGenerator, whether the function blocks or awaits.
#include "sources.h"

#include "../support/places.h"

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Generator<int> sleeping(std::chrono::milliseconds each, Footprints *trace)
{
    const Cleanup cleanup(trace);
    for (int i = 0;; ++i) {
        QThread::msleep(static_cast<unsigned long>(each.count()));
        trace->thread = QThread::currentThread();
        ++trace->made;
        co_yield int(i);
    }
}

template <typename T>
Task<std::vector<T>> collect(AsyncGenerator<T> items)
{
    std::vector<T> collected;
    while (auto item = co_await items.next())
        collected.push_back(std::move(*item));
    co_return collected;
}

AsyncGenerator<int> answering()
{
    for (int i = 0;; ++i) {
        bool asked = false;
        try {
            co_yield int(i);
        } catch (const std::runtime_error &) {
            asked = true;
        }
        if (asked)
            co_yield -1;
    }
}

AsyncGenerator<int> cleaningUp(Footprints *trace)
{
    bool closed = false;
    try {
        co_yield 1;
    } catch (const CallCanceled &) {
        closed = true;
    }
    co_await sleepFor(20ms);
    trace->cleaned = closed;
    throw std::runtime_error("cleanup failed");
}

} // namespace

class tst_StreamsCallAsync : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aBlockingGeneratorRunsOnThePool()
    {
        Footprints trace;
        QCOMPARE(run(collect(callAsync(blockingNumbers, 5, &trace))), upTo(5));
        QVERIFY(trace.thread.load() != QThread::currentThread());
        QVERIFY(trace.thread.load() != backgroundLoop().thread());
        QVERIFY(trace.cleaned);
    }

    void theLoopIsNotBlocked()
    {
        Footprints trace;
        int ticks = 0;
        const auto consume = [&]() -> Task<> {
            AsyncGenerator<int> items = callAsync(sleeping, 20ms, &trace);
            for (int i = 0; i < 5; ++i)
                co_await items.next();
        };
        QTimer timer;
        connect(&timer, &QTimer::timeout, &timer, [&ticks] { ++ticks; });
        timer.start(1);
        run(consume());
        QVERIFY(ticks >= 2);
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void betweenItemsNoPoolThreadIsHeld()
    {
        QThreadPool pool;
        pool.setMaxThreadCount(1);
        Footprints trace;
        const auto consume = [&]() -> Task<int> {
            const CallOptions onPool{.executor = &pool};
            AsyncGenerator<int> one = callAsync(onPool, sleeping, 1ms, &trace);
            AsyncGenerator<int> two = callAsync(onPool, blockingNumbers, 5, nullptr);
            int sum = 0;
            for (int i = 0; i < 5; ++i) {
                const std::optional<int> a = co_await one.next();
                const std::optional<int> b = co_await two.next();
                const auto twice = [](int n) { return 2 * n; };
                sum += co_await callAsync(onPool, twice, *a + *b);
            }
            co_return sum;
        };
        QCOMPARE(run(consume()), 40);
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void anAsyncGeneratorRunsOnTheAwaitingLoop()
    {
        Footprints trace;
        QCOMPARE(run(collect(callAsync(numbers, 5, &trace))), upTo(5));
        QCOMPARE(trace.thread.load(), QThread::currentThread());
        QCOMPARE(trace.cleanedOn.load(), QThread::currentThread());
    }

    void argumentsLiveAsLongAsTheGenerator()
    {
        const auto echo = [prefix = QStringLiteral("a long prefix, not in place: ")](
                                  const QString &text) -> AsyncGenerator<QString> {
            for (int i = 0; i < 2; ++i) {
                co_await yieldNow();
                co_yield prefix + text;
            }
        };
        AsyncGenerator<QString> items = callAsync(echo, QStringLiteral("an argument, not in place"));
        const std::vector<QString> seen = run(collect(std::move(items)));
        QCOMPARE(seen.size(), std::size_t(2));
        QCOMPARE(seen.back(), QStringLiteral("a long prefix, not in place: an argument, not in place"));
    }

    void errorsArriveAtTheirItem()
    {
        const auto consume = [](AsyncGenerator<int> items) -> Task<QByteArray> {
            QByteArray seen;
            try {
                while (auto item = co_await items.next())
                    seen += QByteArray::number(*item);
            } catch (const std::runtime_error &e) {
                seen += e.what();
            }
            const std::optional<int> after = co_await items.next();
            co_return after ? QByteArray("more") : seen;
        };
        QCOMPARE(run(consume(callAsync(failingAt, 3))), "012no more");
        QCOMPARE(run(consume(callAsync(blockingFailingAt, 3))), "012no more");
        AsyncGenerator<int> (*const null)(int) = nullptr;
        QCOMPARE(thrownBy([&] { run(consume(callAsync(null, 1))); }), "CallError");
    }

    void aTimeoutCoversTheWholeStreamFromItsFirstItemOn()
    {
        const auto consume = [](AsyncGenerator<int> items) -> Task<QString> {
            co_await sleepFor(60ms); // does not count
            QString message;
            int seen = 0;
            try {
                while (auto item = co_await items.next())
                    ++seen;
            } catch (const CallTimeout &e) {
                message = e.message();
            }
            co_return seen > 0 ? message : QString();
        };
        Footprints trace;
        const CallOptions options{.timeout = 500ms, .name = "limited"};
        QCOMPARE(run(consume(callAsync(options, sleeping, 5ms, &trace))),
                 QStringLiteral("Function limited timed out after 0.5s"));
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
        Footprints stuck;
        QCOMPARE(run(consume(callAsync(options, stuckAfterOne, &stuck))),
                 QStringLiteral("Function limited timed out after 0.5s"));
        QVERIFY(stuck.cleaned);
    }

    void G17_contextIsThatOfTheFirstAwaitAndDoesNotLeak()
    {
        static ContextVar<int> number("number", 0);
        const auto counts = [](int n) -> AsyncGenerator<int> {
            for (int i = 0; i < n; ++i) {
                co_yield number.get();
                number.set(number.get() + 1);
            }
        };
        const auto blockingCounts = [](int n) -> Generator<int> {
            for (int i = 0; i < n; ++i) {
                co_yield number.get();
                number.set(number.get() + 1);
            }
        };
        const auto consume = [](AsyncGenerator<int> items) -> Task<std::vector<int>> {
            std::vector<int> seen;
            number.set(7);
            while (auto item = co_await items.next()) {
                seen.push_back(*item);
                seen.push_back(number.get());
                number.set(100);
            }
            co_return seen;
        };
        const std::vector<int> expected{7, 7, 8, 100, 9, 100};
        QCOMPARE(run(consume(callAsync(counts, 3))), expected);
        QCOMPARE(run(consume(callAsync(blockingCounts, 3))), expected);
        QCOMPARE(run(consume(buffered(callAsync(counts, 3), 8))), expected);
    }

    void throwIntoReachesTheGenerator()
    {
        const auto consume = [](AsyncGenerator<int> items) -> Task<std::vector<int>> {
            std::vector<int> seen;
            seen.push_back(*co_await items.next());
            const std::optional<int> answer = co_await items.throwInto(std::runtime_error("?"));
            seen.push_back(*answer);
            seen.push_back(*co_await items.next());
            co_return seen;
        };
        QCOMPARE(run(consume(callAsync(answering))), (std::vector<int>{0, -1, 1}));
    }

    void closingRunsTheCleanupAndThrowsItsError()
    {
        Footprints trace;
        const auto consume = [&]() -> Task<QByteArray> {
            AsyncGenerator<int> items = callAsync(cleaningUp, &trace);
            co_await items.next();
            QByteArray thrown = "nothing";
            try {
                co_await items.close();
            } catch (const std::runtime_error &e) {
                thrown = e.what();
            }
            co_return thrown;
        };
        QCOMPARE(run(consume()), "cleanup failed");
        QVERIFY(trace.cleaned);
    }

    void closingABlockingGeneratorDestroysItOnThePool()
    {
        Footprints trace;
        const auto consume = [&]() -> Task<bool> {
            AsyncGenerator<int> items = callAsync(sleeping, 1ms, &trace);
            co_await items.next();
            QElapsedTimer timer;
            timer.start();
            co_await items.close();
            co_return trace.cleaned || timer.elapsed() >= 1000;
        };
        QVERIFY(run(consume()));
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
        QVERIFY(trace.cleanedOn.load() != QThread::currentThread());
    }

    void destroyingABlockingGeneratorDoesNotBlockTheLoop()
    {
        Footprints trace;
        QSemaphore mayEnd;
        const auto slowEnd = [](Footprints *t, QSemaphore *may) -> Generator<int> {
            struct End
            {
                Footprints *trace;
                QSemaphore *may;
                ~End()
                {
                    may->tryAcquire(1, 20000);
                    trace->cleanedOn = QThread::currentThread();
                    trace->cleaned = true;
                }
            } const end{t, may};
            co_yield 1;
            co_yield 2;
        };
        const auto consume = [&]() -> Task<bool> {
            {
                AsyncGenerator<int> items = callAsync(slowEnd, &trace, &mayEnd);
                co_await items.next();
            }
            co_return trace.cleaned.load();
        };
        QVERIFY(!run(consume()));
        mayEnd.release();
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
        QVERIFY(trace.cleanedOn.load() != QThread::currentThread());
    }

    void G10_cancellationReachesTheGenerator_data()
    {
        QTest::addColumn<bool>("blocking");
        QTest::newRow("async") << false;
        QTest::newRow("blocking") << true;
    }
    void G10_cancellationReachesTheGenerator()
    {
        QFETCH(const bool, blocking);
        Footprints trace;
        const auto untilCanceled = [](Footprints *t) -> Generator<int> {
            const Cleanup cleanup(t);
            co_yield 1;
            while (!isCanceled())
                QThread::msleep(1);
        };
        const auto consume = [&](bool blocks) -> Task<> {
            AsyncGenerator<int> items;
            if (blocks)
                items = callAsync(untilCanceled, &trace);
            else
                items = callAsync(stuckAfterOne, &trace);
            while (auto item = co_await items.next())
                ++trace.made;
        };
        QFuture<void> future;
        inSlot([&] {
            future = spawn(consume(blocking));
            const QDeadlineTimer limit(20000);
            while (trace.made.load() == 0 && !limit.hasExpired())
                QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 20);
            future.cancel();
            QVERIFY(finishesInLoop(future));
        });
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
        QCOMPARE(trace.made.load(), 1);
    }

    void G12_destroyedWhileItWaits()
    {
        Footprints trace;
        Footprints blockingTrace;
        inSlot([&] {
            QObject owner;
            const auto consume = [&](AsyncGenerator<int> items) -> Task<> {
                while (auto item = co_await items.next())
                    ++trace.made;
            };
            spawn(&owner, consume(callAsync(stuckAfterOne, &trace)));
            spawn(&owner, consume(callAsync(sleeping, 5ms, &blockingTrace)));
            const QDeadlineTimer limit(20000);
            while ((trace.made.load() < 3) && !limit.hasExpired())
                QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 20);
        });
        QVERIFY(trace.cleaned);
        QCOMPARE(trace.cleanedOn.load(), QThread::currentThread());
        QVERIFY(eventually([&] { return blockingTrace.cleaned.load(); }));
    }

    void deathOfTheContextObjectEndsIt_data()
    {
        G10_cancellationReachesTheGenerator_data();
    }
    void deathOfTheContextObjectEndsIt()
    {
        QFETCH(const bool, blocking);
        Footprints trace;
        auto owner = std::make_unique<QObject>();
        const auto consume = [&](bool blocks) -> Task<QByteArray> {
            const CallOptions options{.context = owner.get()};
            AsyncGenerator<int> items;
            if (blocks)
                items = callAsync(options, sleeping, 1ms, &trace);
            else
                items = callAsync(options, stuckAfterOne, &trace);
            co_await items.next();
            QTimer::singleShot(10, [&owner] { owner.reset(); });
            QByteArray thrown = "nothing";
            try {
                while (auto item = co_await items.next()) { }
            } catch (const CallCanceled &) {
                thrown = "CallCanceled";
            }
            co_return thrown;
        };
        QCOMPARE(run(consume(blocking)), "CallCanceled");
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void oneThatIsNeverAwaitedLeavesNothingBehind()
    {
        Counter counter;
        const auto local = std::make_shared<Local>(counter);
        {
            const auto items = callAsync(
                    [](std::shared_ptr<Local>) -> AsyncGenerator<int> { co_yield 1; }, local);
            const auto others = callAsync(
                    [](std::shared_ptr<Local>) -> Generator<int> { co_yield 1; }, local);
            QCOMPARE(local.use_count(), 3L);
        }
        QCOMPARE(local.use_count(), 1L);
    }
};

QTEST_GUILESS_MAIN(tst_StreamsCallAsync)
#include "tst_streams_callasync.moc"
