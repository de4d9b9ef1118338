// BlockingRange: an AsyncGenerator that runs on another loop, in a range-for of blocking code.
#include "sources.h"

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

AsyncGenerator<Parcel> parcels(int n)
{
    for (int i = 0; i < n; ++i) {
        co_await yieldNow();
        co_yield Parcel(i);
    }
}

} // namespace

class tst_StreamsBlockingRange : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void givesAllItemsInOrder()
    {
        QCOMPARE(all(callSync(numbers, 100)), upTo(100));
        QCOMPARE(all(callSync(readyNumbers, 100)), upTo(100));
        QCOMPARE(all(callSync(numbers, 0)), upTo(0));
        QCOMPARE(all(BlockingRange<int>()), upTo(0));
    }

    void runsOnTheBackgroundLoop()
    {
        Footprints trace;
        all(callSync(numbers, 3, &trace));
        QCOMPARE(trace.thread.load(), backgroundLoop().thread());
        all(BlockingRange<int>(numbers(3, &trace)));
        QCOMPARE(trace.thread.load(), backgroundLoop().thread());
    }

    void runsOnTheGivenLoop()
    {
        EventLoopThread loop(QStringLiteral("given"));
        Footprints trace;
        QCOMPARE(all(BlockingRange<int>(loop, numbers(3, &trace))), upTo(3));
        QCOMPARE(trace.thread.load(), loop.thread());
    }

    void itIsInLockstep()
    {
        Footprints trace;
        int expected = 0;
        for (const int item : callSync(readyNumbers, 20, &trace)) {
            QCOMPARE(item, expected++);
            QCOMPARE(trace.made.load(), expected);
        }
    }

    void aLoopThatWasLeftGoesOnWithTheNextItem()
    {
        BlockingRange<int> range = callSync(numbers, 10);
        std::vector<int> seen;
        for (const int item : range) {
            seen.push_back(item);
            if (item == 3)
                break;
        }
        const BlockingRange<int> moved = std::move(range);
        for (const int item : const_cast<BlockingRange<int> &>(moved))
            seen.push_back(item);
        QCOMPARE(seen, upTo(10));
        QCOMPARE(all(const_cast<BlockingRange<int> &>(moved)), upTo(0));
    }

    void anErrorArrivesAtItsItemAndIsTheLast()
    {
        BlockingRange<int> range = callSync(failingAt, 3);
        std::vector<int> seen;
        QByteArray thrown;
        try {
            for (const int item : range)
                seen.push_back(item);
        } catch (const std::runtime_error &e) {
            thrown = e.what();
        }
        QCOMPARE(thrown, "no more");
        QCOMPARE(seen, upTo(3));
        QCOMPARE(all(range), upTo(0));
    }

    void anErrorOfTheFunctionItselfArrivesWithTheFirstItem()
    {
        const auto fails = [](int) -> AsyncGenerator<int> { throw std::runtime_error("early"); };
        BlockingRange<int> range = callSync(fails, 1);
        QCOMPARE(thrownBy([&] { all(range); }), "std::exception: early");
        QCOMPARE(all(range), upTo(0));
    }

    void itemsNeedNeitherCopiesNorADefault()
    {
        int expected = 0;
        for (Parcel &parcel : callSync(parcels, 5)) {
            const Parcel mine = std::move(parcel);
            QCOMPARE(mine.content(), expected++);
        }
        QCOMPARE(expected, 5);
    }

    void argumentsLiveAsLongAsTheGenerator()
    {
        const auto echo = [prefix = QStringLiteral("a long prefix, not in place: ")](
                                  const QString &text, int n) -> AsyncGenerator<QString> {
            for (int i = 0; i < n; ++i) {
                co_await yieldNow();
                co_yield prefix + text;
            }
        };
        QStringList seen;
        for (const QString &item : callSync(echo, QStringLiteral("an argument, not in place"), 2))
            seen += item;
        QCOMPARE(seen.size(), 2);
        QCOMPARE(seen.last(), QStringLiteral("a long prefix, not in place: an argument, not in place"));
    }

    void G17_oneContextHoldsForAllItems()
    {
        static ContextVar<int> number("number", 0);
        const auto reads = [](int n) -> AsyncGenerator<int> {
            for (int i = 0; i < n; ++i) {
                co_await yieldNow();
                co_yield number.get();
                number.set(number.get() + 1);
            }
        };
        number.set(7);
        BlockingRange<int> range = callSync(reads, 3);
        std::vector<int> seen;
        for (const int item : range) {
            seen.push_back(item);
            number.set(100 + item); // of no interest to the generator
        }
        QCOMPARE(seen, (std::vector<int>{7, 8, 9}));
        QCOMPARE(number.get(), 109);
        number.set(0);
    }

    void copyInOutSharesTheContextWithEachItem()
    {
        static ContextVar<int> number("number", 0);
        const auto counts = [](int n) -> AsyncGenerator<int> {
            for (int i = 0; i < n; ++i) {
                number.set(number.get() + 1);
                co_yield number.get();
            }
        };
        number.set(0);
        std::vector<int> seen;
        for (const int item : callSync({.contextFlow = ContextFlow::CopyInOut}, counts, 3)) {
            seen.push_back(item);
            QCOMPARE(number.get(), item);
            number.set(item * 10);
        }
        QCOMPARE(seen, (std::vector<int>{1, 11, 111}));
        number.set(0);
    }

    void severalAtOnceDoNotDisturbOneAnother()
    {
        BlockingRange<int> one = callSync(numbers, 50);
        BlockingRange<int> two = callSync(numbers, 50);
        auto a = one.begin();
        auto b = two.begin();
        std::vector<int> seen;
        while (a != one.end() && b != two.end()) {
            QCOMPARE(*a, *b);
            seen.push_back(*a);
            ++a;
            ++b;
        }
        QCOMPARE(seen, upTo(50));
    }

    void manyThreadsMayHaveTheirOwn()
    {
        std::atomic<int> right{0};
        {
            std::vector<JoinedThread> threads;
            for (int i = 0; i < 8; ++i) {
                threads.emplace_back([&right] {
                    if (all(callSync(numbers, 200)) == upTo(200))
                        ++right;
                });
            }
        }
        QCOMPARE(right.load(), 8);
    }

    void itMayGoOnInAnotherThread()
    {
        BlockingRange<int> range = callSync(numbers, 20);
        std::vector<int> seen;
        for (const int item : range) {
            seen.push_back(item);
            if (item == 9)
                break;
        }
        JoinedThread([&] {
            for (const int item : range)
                seen.push_back(item);
        }).join();
        QCOMPARE(seen, upTo(20));
    }

    void badCallsAreRefusedByTheVerb()
    {
        AsyncGenerator<int> (*const null)(int) = nullptr;
        QCOMPARE(thrownBy([&] { static_cast<void>(callSync(null, 1)); }), "CallError");
        QCOMPARE(thrownBy([] { static_cast<void>(callSync({.timeout = -1ms}, numbers, 1, nullptr)); }),
                 "CallError");
        QCOMPARE(thrownBy([] { static_cast<void>(callSync({.timeout = 0ms}, numbers, 1, nullptr)); }),
                 "CallTimeout");
    }

    void aStreamThatIsNeverAskedLeavesNothingBehind()
    {
        Counter counter;
        const auto local = std::make_shared<Local>(counter);
        {
            const auto range = callSync(
                    [](std::shared_ptr<Local>) -> AsyncGenerator<int> { co_yield 1; }, local);
            QCOMPARE(local.use_count(), 2L);
        }
        QCOMPARE(local.use_count(), 1L);
    }
};

QTEST_GUILESS_MAIN(tst_StreamsBlockingRange)
#include "tst_streams_blockingrange.moc"
