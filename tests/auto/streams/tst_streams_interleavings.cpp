// Hand-over of items against break, destruction, cancellation and timeouts, at random moments and from
// several threads: no item is lost, doubled or out of order, every stream ends, every local is
// destroyed once.
#include "sources.h"

#include <QtTest/QTest>

#include <random>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Counter s_counter;

/// An item that counts as a local, too.
class Item
{
public:
    explicit Item(int n) : m_number(n), m_local(std::make_unique<Local>(s_counter)) { }
    int number() const { return m_number; }

private:
    int m_number;
    std::unique_ptr<Local> m_local;
};

AsyncGenerator<Item> items(int n, unsigned seed)
{
    const Local local(s_counter);
    std::minstd_rand random(seed);
    for (int i = 0; i < n; ++i) {
        switch (random() % 8) {
        case 0:
            co_await yieldNow();
            break;
        case 1:
            co_await sleepFor(20us);
            break;
        case 2: {
            const auto work = [] { return 1; };
            co_await callAsync(work);
            break;
        }
        default:
            spin(static_cast<int>(random() % 2000));
        }
        co_yield Item(i);
    }
}

Generator<Item> blockingItems(int n, unsigned seed)
{
    const Local local(s_counter);
    std::minstd_rand random(seed);
    for (int i = 0; i < n; ++i) {
        spin(static_cast<int>(random() % 2000));
        co_yield Item(i);
    }
}

/// Ends well when all items have come, in order; else tells in \a wrong.
class Checker
{
public:
    explicit Checker(std::atomic<int> &wrong) : m_wrong(wrong) { }
    void next(const Item &item)
    {
        if (item.number() != m_expected++)
            ++m_wrong;
    }
    void end(int n)
    {
        if (m_expected != n)
            ++m_wrong;
    }

private:
    std::atomic<int> &m_wrong;
    int m_expected = 0;
};

enum class End { Run, Break, BreakOften, Timeout, Count };

CallOptions optionsFor(End end, std::minstd_rand &random)
{
    CallOptions options;
    if (end == End::Timeout)
        options.timeout = std::chrono::microseconds(1 + random() % 500);
    return options;
}

void consumeBlocking(unsigned seed, std::atomic<int> &wrong)
{
    std::minstd_rand random(seed);
    const End end = static_cast<End>(random() % static_cast<unsigned>(End::Count));
    const int n = static_cast<int>(random() % 60);
    constexpr int capacities[] = {0, 0, 1, 2, 8, 64};
    const int capacity = capacities[random() % std::size(capacities)];
    Checker checker(wrong);
    const auto loop = [&](auto range) {
        for (bool more = true; more;) {
            more = false;
            for (const Item &item : range) {
                checker.next(item);
                spin(static_cast<int>(random() % 1000));
                if (end == End::Break && random() % 16 == 0)
                    return;
                if (end == End::BreakOften && random() % 4 == 0) {
                    more = true;
                    break;
                }
            }
        }
        checker.end(n);
    };
    try {
        const CallOptions options = optionsFor(end, random);
        if (random() % 4 == 0)
            loop(callSync(options, blockingItems, n, seed));
        else
            loop(buffered(callSync(options, items, n, seed), capacity));
    } catch (const CallTimeout &) {
        if (end != End::Timeout)
            ++wrong;
    } catch (const CallCanceled &) {
        // by the canceller below
    }
}

Task<> consumeAwaiting(unsigned seed, std::atomic<int> *wrong)
{
    std::minstd_rand random(seed);
    const End end = static_cast<End>(random() % static_cast<unsigned>(End::Count));
    const int n = static_cast<int>(random() % 40);
    constexpr int capacities[] = {0, 0, 1, 2, 8, 64};
    const int capacity = capacities[random() % std::size(capacities)];
    Checker checker(*wrong);
    const CallOptions options = optionsFor(end, random);
    AsyncGenerator<Item> stream;
    if (random() % 2 == 0)
        stream = callAsync(options, blockingItems, n, seed);
    else
        stream = callAsync(options, items, n, seed);
    stream = buffered(std::move(stream), capacity);
    try {
        bool left = false;
        while (auto item = co_await stream.next()) {
            checker.next(*item);
            left = end == End::Break && random() % 16 == 0;
            if (left)
                break;
            if (random() % 8 == 0)
                co_await yieldNow();
        }
        if (!left)
            checker.end(n);
        const bool closes = random() % 2 == 0;
        if (closes)
            co_await stream.close();
    } catch (const CallTimeout &) {
        if (end != End::Timeout)
            ++*wrong;
    }
}

unsigned seedOfRun()
{
    const unsigned seed = qEnvironmentVariableIsSet("SEED")
            ? static_cast<unsigned>(qEnvironmentVariableIntValue("SEED"))
            : std::random_device{}();
    qInfo("seed %u", seed);
    return seed;
}

} // namespace

class tst_StreamsInterleavings : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup()
    {
        // What was left behind in the background ends, too; what had finished for a consumer that is gone
        // goes when this thread's loop turns.
        QTRY_COMPARE_WITH_TIMEOUT(s_counter.gone.load(), s_counter.made.load(), 30'000);
    }

    void blockingConsumers()
    {
        const unsigned seed = seedOfRun();
        std::atomic<int> wrong{0};
        {
            std::vector<JoinedThread> threads;
            for (unsigned t = 0; t < 4; ++t) {
                threads.emplace_back([seed, t, &wrong] {
                    for (unsigned i = 0; i < unsigned(rounds(500, 120)); ++i)
                        consumeBlocking(seed + t * 100'000 + i, wrong);
                });
            }
        }
        QCOMPARE(wrong.load(), 0);
    }

    void cancelledBlockingConsumers()
    {
        const unsigned seed = seedOfRun();
        std::minstd_rand random(seed);
        std::atomic<int> wrong{0};
        for (int i = 0; i < rounds(400, 100); ++i) {
            QList<QFuture<void>> futures;
            for (unsigned k = 0; k < 4; ++k) {
                const auto consume = [&wrong, s = seed + unsigned(i) * 10 + k] {
                    consumeBlocking(s, wrong);
                };
                futures += callAny({.forceOffload = true}, consume);
            }
            spin(static_cast<int>(random() % 100'000));
            for (QFuture<void> &future : futures)
                future.cancel();
            for (QFuture<void> &future : futures)
                QVERIFY(finishes(future));
            // a plain function is let go of: it may still run
            QVERIFY(eventually([] { return blockingPool().activeThreadCount() <= 2; }, 30s));
        }
        QVERIFY(eventually([] { return s_counter.made.load() == s_counter.gone.load(); }, 30s));
        QCOMPARE(wrong.load(), 0);
    }

    void awaitingConsumers()
    {
        const unsigned seed = seedOfRun();
        std::minstd_rand random(seed);
        std::atomic<int> wrong{0};
        for (int i = 0; i < rounds(300, 60); ++i) {
            QList<QFuture<void>> futures;
            for (unsigned k = 0; k < 8; ++k)
                futures += callAny(consumeAwaiting, seed + unsigned(i) * 10 + k, &wrong);
            if (random() % 2 == 0) {
                spin(static_cast<int>(random() % 100'000));
                for (QFuture<void> &future : futures) {
                    if (random() % 2 == 0)
                        future.cancel();
                }
            }
            for (QFuture<void> &future : futures)
                QVERIFY(finishes(future));
        }
        QCOMPARE(wrong.load(), 0);
    }

    void destroyedAwaitingConsumers()
    {
        const unsigned seed = seedOfRun();
        std::minstd_rand random(seed);
        std::atomic<int> wrong{0};
        inSlot([&] {
            for (int i = 0; i < rounds(300, 60); ++i) {
                QObject owner;
                for (unsigned k = 0; k < 4; ++k)
                    spawn(&owner, consumeAwaiting(seed + unsigned(i) * 10 + k, &wrong));
                QElapsedTimer timer;
                timer.start();
                const qint64 until = qint64(random() % 500'000); // ns
                while (timer.nsecsElapsed() < until)
                    QCoreApplication::processEvents();
            }
        });
        QCOMPARE(wrong.load(), 0);
    }

    void futuresOfStreams()
    {
        const unsigned seed = seedOfRun();
        std::minstd_rand random(seed);
        for (int i = 0; i < rounds(300, 60); ++i) {
            const int n = int(random() % 30);
            QList<QFuture<Item>> futures;
            futures += callAny(items, n, seed + unsigned(i));
            futures += callAny({.forceOffload = true}, blockingItems, n, seed + unsigned(i));
            const bool suspends = random() % 2 == 0;
            const bool cancels = random() % 2 == 0;
            for (QFuture<Item> &future : futures) {
                if (suspends)
                    future.suspend();
            }
            spin(static_cast<int>(random() % 100'000));
            for (QFuture<Item> &future : futures) {
                if (cancels)
                    future.cancel();
                else
                    future.resume();
            }
            for (QFuture<Item> &future : futures) {
                QVERIFY(finishes(future));
                if (!cancels)
                    QCOMPARE(future.resultCount(), n);
            }
        }
    }
};

QTEST_GUILESS_MAIN(tst_StreamsInterleavings)
#include "tst_streams_interleavings.moc"
