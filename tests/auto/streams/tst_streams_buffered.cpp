// buffered(): a producer that runs ahead by at most so many items.
#include "sources.h"

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

AsyncGenerator<Parcel> parcels(int n)
{
    for (int i = 0; i < n; ++i)
        co_yield Parcel(i);
}

/// How far a producer ever was ahead of its consumer.
struct Lead
{
    std::atomic<int> made{0};
    std::atomic<int> taken{0};
    std::atomic<int> most{0};
};

AsyncGenerator<int> leading(int n, Lead *lead, bool awaits)
{
    for (int i = 0; i < n; ++i) {
        if (awaits)
            co_await yieldNow();
        const int ahead = ++lead->made - lead->taken;
        if (ahead > lead->most)
            lead->most = ahead;
        co_yield int(i);
    }
}

Task<std::vector<int>> collect(AsyncGenerator<int> items)
{
    std::vector<int> collected;
    SYNCHRONAUT_FOR_AWAIT(const int item, items)
        collected.push_back(item);
    co_return collected;
}

} // namespace

class tst_StreamsBuffered : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void allItemsInOrder_data()
    {
        QTest::addColumn<int>("capacity");
        for (const int capacity : {0, 1, 2, 7, 64})
            QTest::addRow("%d", capacity) << capacity;
    }
    void allItemsInOrder()
    {
        QFETCH(const int, capacity);
        const int n = rounds(1000, 200);
        QCOMPARE(run(collect(buffered(numbers(n), capacity))), upTo(n));
        QCOMPARE(run(collect(buffered(readyNumbers(n), capacity))), upTo(n));
        QCOMPARE(run(collect(buffered(callAsync(numbers, n, nullptr), capacity))), upTo(n));
        QCOMPARE(run(collect(buffered(callAsync(blockingNumbers, 20, nullptr), capacity))), upTo(20));
        QCOMPARE(all(buffered(callSync(numbers, n), capacity)), upTo(n));
        QCOMPARE(all(buffered(callSync(readyNumbers, n), capacity)), upTo(n));
    }

    void theProducerIsAheadByAtMostThatMany_data()
    {
        QTest::addColumn<int>("capacity");
        QTest::addColumn<bool>("awaits");
        for (const int capacity : {1, 4, 16}) {
            QTest::addRow("%d", capacity) << capacity << false;
            QTest::addRow("%d, awaits", capacity) << capacity << true;
        }
    }
    void theProducerIsAheadByAtMostThatMany()
    {
        QFETCH(const int, capacity);
        QFETCH(const bool, awaits);
        Lead lead;
        int items = 0;
        for ([[maybe_unused]] const int item : buffered(callSync(leading, 500, &lead, awaits), capacity)) {
            ++items;
            ++lead.taken;
        }
        QCOMPARE(items, 500);
        // what the loop body has is taken, but not counted yet, and the one that is being made counts
        QVERIFY2(lead.most <= capacity + 2, qPrintable(QString::number(lead.most)));

        Lead here;
        const auto consume = [&]() -> Task<bool> {
            AsyncGenerator<int> stream = buffered(leading(100, &here, awaits), capacity);
            co_await stream.next();
            co_await sleepFor(20ms);
            co_return here.made == capacity + 2; // one taken, capacity kept, one offered at co_yield
        };
        const bool full = run(consume());
        QVERIFY2(full || here.made == capacity + 1, qPrintable(QString::number(here.made)));
    }

    void itRunsAheadWhileTheConsumerIsBusy()
    {
        Footprints trace;
        BlockingRange<int> range = buffered(callSync(numbers, 100, &trace), 10);
        QCOMPARE(*range.begin(), 0);
        QVERIFY(eventually([&] { return trace.made.load() >= 10; }));
        QCOMPARE(all(range).size(), std::size_t(99));
    }

    void anErrorComesAfterTheItemsBeforeIt()
    {
        const auto consume = [](AsyncGenerator<int> items) -> Task<QByteArray> {
            QByteArray seen;
            try {
                SYNCHRONAUT_FOR_AWAIT(const int item, items)
                {
                    seen += QByteArray::number(item);
                    co_await sleepFor(2ms);
                }
            } catch (const std::runtime_error &e) {
                seen += e.what();
            }
            co_return seen;
        };
        QCOMPARE(run(consume(buffered(failingAt(5), 64))), "01234no more");
        QCOMPARE(run(consume(buffered(callAsync(failingAt, 5), 64))), "01234no more");
        BlockingRange<int> range = buffered(callSync(failingAt, 5), 64);
        std::vector<int> seen;
        QCOMPARE(thrownBy([&] {
                     for (const int item : range) {
                         seen.push_back(item);
                         QThread::msleep(2);
                     }
                 }),
                 "std::exception: no more");
        QCOMPARE(seen, upTo(5));
        QCOMPARE(all(range), upTo(0));
    }

    void aLoopThatWasLeftGoesOnWithTheNextItem()
    {
        BlockingRange<int> range = buffered(callSync(readyNumbers, 100, nullptr), 8);
        std::vector<int> seen;
        while (seen.size() < 100) {
            for (const int item : range) {
                seen.push_back(item);
                if (item % 10 == 3)
                    break;
            }
        }
        QCOMPARE(seen, upTo(100));
    }

    void G16_anErrorThatNobodyHasAskedForIsLogged()
    {
        MessageCapture messages;
        const auto failsAtOnce = []() -> AsyncGenerator<int> {
            co_yield 0;
            throw std::runtime_error("no more");
        };
        {
            BlockingRange<int> range = buffered(callSync(failsAtOnce), 64);
            QCOMPARE(*range.begin(), 0);
        }
        QVERIFY(eventually([&] { return messages.count(QStringLiteral("no more")) == 1; }));
    }

    void itemsNeedNeitherCopiesNorADefault()
    {
        int expected = 0;
        for (const Parcel &parcel : buffered(callSync(parcels, 50), 8))
            QCOMPARE(parcel.content(), expected++);
        QCOMPARE(expected, 50);
    }

    void slowItemsDoNotWaitForAFullBuffer()
    {
        const auto slow = []() -> AsyncGenerator<int> {
            for (int i = 0;; ++i) {
                QThread::msleep(2); // keeps its loop from turning, too
                co_yield int(i);
            }
        };
        BlockingRange<int> range = buffered(callSync(slow), 100000);
        QElapsedTimer timer;
        timer.start();
        QCOMPARE(*range.begin(), 0);
        QVERIFY(timer.elapsed() < 20000); // 200 s for all of them
    }

    void leavingCleansUpWhereItRuns()
    {
        Footprints trace;
        for (const int item : buffered(callSync(numbers, 1000000, &trace), 16)) {
            if (item == 40)
                break;
        }
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
        QCOMPARE(trace.cleanedOn.load(), backgroundLoop().thread());
        QVERIFY(trace.made <= 40 + 1 + 16 + 1);
    }

    void closingAndDestroyingEndTheProducer()
    {
        Footprints closed;
        Footprints destroyed;
        Footprints stuck;
        const auto consume = [&]() -> Task<bool> {
            AsyncGenerator<int> one = buffered(numbers(1000, &closed), 4);
            co_await one.next();
            co_await one.close();
            const bool wasClosed = closed.cleaned;
            {
                AsyncGenerator<int> two = buffered(numbers(1000, &destroyed), 4);
                co_await two.next();
                co_await sleepFor(5ms);
            }
            {
                AsyncGenerator<int> three = buffered(stuckAfterOne(&stuck), 4);
                co_await three.next();
                co_await sleepFor(5ms);
            }
            co_return wasClosed && destroyed.cleaned && stuck.cleaned;
        };
        QVERIFY(run(consume()));
        QCOMPARE(closed.cleanedOn.load(), QThread::currentThread());
        QCOMPARE(destroyed.cleanedOn.load(), QThread::currentThread());
    }

    void aLimitOnTheFirstItemDoesNotLimitTheRest()
    {
        const auto consume = []() -> Task<int> {
            AsyncGenerator<int> items = buffered(numbers(50), 4);
            auto first = items.next();
            const std::optional<int> item = co_await withTimeout(std::move(first), 5s);
            int last = *item;
            while (auto next = co_await items.next())
                last = *next;
            co_return last;
        };
        QCOMPARE(run(consume()), 49);
    }

    void aTimeoutCoversTheWholeStream()
    {
        Footprints trace;
        BlockingRange<int> range =
                buffered(callSync({.timeout = 300ms}, numbers, 1 << 30, &trace), 16);
        QCOMPARE(thrownBy([&] {
                     for ([[maybe_unused]] const int item : range) { }
                 }),
                 "CallTimeout");
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void badUseIsRefused()
    {
        QCOMPARE(thrownBy([] { static_cast<void>(buffered(numbers(1), -1)); }), "CallError");
        BlockingRange<int> range = callSync(numbers, 5);
        QCOMPARE(*range.begin(), 0);
        QCOMPARE(thrownBy([&] { static_cast<void>(buffered(std::move(range), 4)); }), "CallError");
    }

    void anEmptyOneStaysEmpty()
    {
        QCOMPARE(run(collect(buffered(AsyncGenerator<int>(), 4))), upTo(0));
        QCOMPARE(all(buffered(BlockingRange<int>(), 4)), upTo(0));
    }
};

QTEST_GUILESS_MAIN(tst_StreamsBuffered)
#include "tst_streams_buffered.moc"
