// AsyncGenerator: items, errors, awaiting inside, talking to the producer, delegation, closing.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>
#include <stdexcept>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

AsyncGenerator<int> count(int n, bool suspending = false)
{
    for (int i = 0; i < n; ++i) {
        if (suspending)
            co_await yieldNow();
        co_yield int(i);
    }
}

AsyncGenerator<int> throwing(int after)
{
    co_yield count(after, true);
    co_await yieldNow();
    throw std::runtime_error("no more");
}

Task<QList<int>> all(AsyncGenerator<int> generator)
{
    QList<int> items;
    SYNCHRONAUT_FOR_AWAIT(const int item, generator)
        items += item;
    co_return items;
}

/// Yields what it was sent, -1 for nothing.
AsyncGenerator<int, int> echo(QStringList *log)
{
    int value = 0;
    for (;;) {
        bool failed = false;
        try {
            const std::optional<int> sent = co_yield int(value);
            value = sent.value_or(-1);
        } catch (const std::runtime_error &e) {
            *log += QString::fromUtf8(e.what());
            failed = true;
        }
        if (failed)
            value = -2;
    }
}

AsyncGenerator<int> nested(int depth, bool suspending)
{
    if (depth > 0)
        co_yield nested(depth - 1, suspending);
    if (suspending)
        co_await yieldNow();
    co_yield int(depth);
}

/// Counts how it is left: by the end, by CallCanceled; may await in its cleanup, or go on.
struct Endings
{
    int canceled = 0;
    int cleaned = 0;
};
enum class OnClose { Unwind, AwaitAndReturn, Throw, YieldAgain };

AsyncGenerator<int> closable(Endings *endings, OnClose behaviour)
{
    bool canceled = false;
    try {
        for (int i = 0;; ++i)
            co_yield int(i);
    } catch (const CallCanceled &) {
        ++endings->canceled;
        if (behaviour == OnClose::Unwind)
            throw;
        canceled = true;
    }
    if (!canceled)
        co_return;
    if (behaviour == OnClose::Throw)
        throw std::runtime_error("cleanup failed");
    if (behaviour == OnClose::YieldAgain)
        co_yield 99;
    co_await sleepFor(1ms);
    ++endings->cleaned;
}

} // namespace

class TestGeneratorsAsync : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void itemsInOrder()
    {
        QCOMPARE(run(all(count(3))), (QList<int>{0, 1, 2}));
        QCOMPARE(run(all(count(3, true))), (QList<int>{0, 1, 2}));
        QCOMPARE(run(all(count(0))), QList<int>());
        QCOMPARE(run(all(AsyncGenerator<int>())), QList<int>());
    }

    void whileLoopAndAfterTheEnd()
    {
        const auto consume = []() -> Task<int> {
            int sum = 0;
            AsyncGenerator<int> gen = count(4, true);
            while (auto item = co_await gen.next())
                sum += *item;
            const std::optional<int> after = co_await gen.next();
            co_return after ? -1 : sum;
        };
        QCOMPARE(run(consume()), 6);
    }

    void breakThenGoOn()
    {
        const auto consume = []() -> Task<QList<int>> {
            QList<int> items;
            AsyncGenerator<int> gen = count(5);
            SYNCHRONAUT_FOR_AWAIT(auto &&item, gen)
            {
                if (item == 1)
                    continue;
                items += item;
                if (item == 2)
                    break;
            }
            SYNCHRONAUT_FOR_AWAIT(auto &&item, gen)
            {
                SYNCHRONAUT_FOR_AWAIT(auto &&inner, count(2))
                    items += 10 * item + inner;
            }
            co_return items;
        };
        QCOMPARE(run(consume()), (QList<int>{0, 2, 30, 31, 40, 41}));
    }

    void lvaluesAreCopiedAndMoveOnlyItemsMoved()
    {
        const auto strings = [](QString *kept) -> AsyncGenerator<QString> {
            co_yield *kept;
            co_yield QString(*kept);
            co_yield QStringLiteral("c");
        };
        const auto pointers = []() -> AsyncGenerator<std::unique_ptr<int>> {
            co_yield std::make_unique<int>(4);
            auto second = std::make_unique<int>(5);
            co_yield std::move(second);
        };
        const auto consume = [&](QString *kept, int *sum) -> Task<QString> {
            QString text;
            AsyncGenerator<QString> gen = strings(kept);
            SYNCHRONAUT_FOR_AWAIT(QString item, gen)
                text += item;
            AsyncGenerator<std::unique_ptr<int>> numbers = pointers();
            SYNCHRONAUT_FOR_AWAIT(std::unique_ptr<int> item, numbers)
                *sum += *item;
            co_return text;
        };
        QString kept = QStringLiteral("ab");
        int sum = 0;
        QCOMPARE(run(consume(&kept, &sum)), QStringLiteral("ababc"));
        QCOMPARE(kept, QStringLiteral("ab"));
        QCOMPARE(sum, 9);
    }

    void errorArrivesAtItsItem()
    {
        const auto consume = [](QList<int> *items) -> Task<bool> {
            AsyncGenerator<int> gen = throwing(2);
            bool caught = false;
            try {
                SYNCHRONAUT_FOR_AWAIT(auto &&item, gen)
                    *items += item;
            } catch (const std::runtime_error &) {
                caught = true;
            }
            const std::optional<int> after = co_await gen.next();
            co_return caught && !after;
        };
        QList<int> items;
        QVERIFY(run(consume(&items)));
        QCOMPARE(items, (QList<int>{0, 1}));
    }

    void awaitsWhatATaskMay()
    {
        const auto produce = []() -> AsyncGenerator<int> {
            const auto plain = [](int i) { return i + 1; };
            const auto child = [](int i) -> Task<int> {
                co_await yieldNow();
                co_return i + 1;
            };
            int value = co_await callAsync(plain, 0);
            co_yield int(value);
            value = co_await child(value);
            co_yield int(value);
            QFuture<int> future = callAny(plain, value);
            value = co_await future;
            co_yield int(value);
            AsyncGenerator<int> inner = count(2, true);
            SYNCHRONAUT_FOR_AWAIT(auto &&item, inner)
                co_yield 10 + item;
        };
        QCOMPARE(run(all(produce())), (QList<int>{1, 2, 3, 10, 11}));
    }

    void sendGivesWhatCoYieldReturns()
    {
        const auto consume = [](QStringList *log) -> Task<QList<int>> {
            QList<int> items;
            AsyncGenerator<int, int> gen = echo(log);
            bool tooEarly = false;
            try {
                co_await gen.send(1);
            } catch (const CallError &) {
                tooEarly = true;
            }
            std::optional<int> item = co_await gen.next();
            items += tooEarly ? *item : -100;
            item = co_await gen.send(5);
            items += *item;
            item = co_await gen.next();
            items += *item;
            item = co_await gen.throwInto(std::runtime_error("thrown in"));
            items += *item;
            item = co_await gen.send(6);
            items += *item;
            co_await gen.close();
            item = co_await gen.send(7);
            items += item ? -100 : 0;
            co_return items;
        };
        QStringList log;
        QCOMPARE(run(consume(&log)), (QList<int>{0, 5, -1, -2, 6, 0}));
        QCOMPARE(log, QStringList{QStringLiteral("thrown in")});
    }

    void throwIntoOneThatDoesNotCatch()
    {
        const auto consume = [](int state) -> Task<bool> {
            AsyncGenerator<int> gen = count(state == 2 ? 1 : 9);
            for (int i = 0; i < state; ++i)
                co_await gen.next();
            bool caught = false;
            try {
                co_await gen.throwInto(std::runtime_error("thrown in"));
            } catch (const std::runtime_error &) {
                caught = true;
            }
            const std::optional<int> after = co_await gen.next();
            co_return caught && !after;
        };
        QVERIFY(run(consume(0))); // never started
        QVERIFY(run(consume(1)));
        QVERIFY(run(consume(2))); // has ended
    }

    void sentAndThrownReachTheInnermost()
    {
        const auto outer = [](QStringList *log) -> AsyncGenerator<int, int> {
            co_yield echo(log);
        };
        const auto consume = [&outer](QStringList *log) -> Task<QList<int>> {
            QList<int> items;
            AsyncGenerator<int, int> gen = outer(log);
            std::optional<int> item = co_await gen.next();
            items += *item;
            item = co_await gen.send(5);
            items += *item;
            item = co_await gen.throwInto(std::runtime_error("deep"));
            items += *item;
            co_return items;
        };
        QStringList log;
        QCOMPARE(run(consume(&log)), (QList<int>{0, 5, -2}));
        QCOMPARE(log, QStringList{QStringLiteral("deep")});
    }

    void delegationDeeperThanTheStack_data()
    {
        QTest::addColumn<bool>("suspending");
        QTest::newRow("synchronous") << false;
        QTest::newRow("suspending") << true;
    }
    void delegationDeeperThanTheStack()
    {
        QFETCH(const bool, suspending);
        const int depth = rounds(100'000, 30'000);
        const QList<int> items = run(all(nested(depth, suspending)));
        QCOMPARE(items.size(), depth + 1);
        QCOMPARE(items.first(), 0);
        QCOMPARE(items.last(), depth);
        const auto leave = [](int deep, bool suspends) -> Task<int> {
            AsyncGenerator<int> gen = nested(deep, suspends);
            const std::optional<int> first = co_await gen.next();
            co_return *first; // and destroys all of them
        };
        QCOMPARE(run(leave(depth, suspending)), 0);
    }

    void delegatesToOneThatHasBegun()
    {
        const auto outer = [](AsyncGenerator<int> inner) -> AsyncGenerator<int> {
            co_yield -1;
            co_yield std::move(inner);
            co_yield AsyncGenerator<int>();
            co_yield -2;
        };
        const auto consume = [&outer]() -> Task<QList<int>> {
            AsyncGenerator<int> inner = nested(3, true);
            co_await inner.next();
            co_return co_await all(outer(std::move(inner)));
        };
        QCOMPARE(run(consume()), (QList<int>{-1, 1, 2, 3, -2}));
    }

    void aMillionItemsWithoutStackGrowth_data() { delegationDeeperThanTheStack_data(); }
    void aMillionItemsWithoutStackGrowth()
    {
        QFETCH(const bool, suspending);
        const int n = suspending ? rounds(100'000, 20'000) : rounds(1'000'000, 200'000);
        const auto consume = [](int count_, bool suspends) -> Task<qint64> {
            qint64 sum = 0;
            AsyncGenerator<int> gen = count(count_, suspends);
            while (auto item = co_await gen.next())
                sum += *item;
            co_return sum;
        };
        QCOMPARE(run(consume(n, suspending)), qint64(n) * (n - 1) / 2);
    }

    void aChainOfGeneratorsDeeperThanTheStack()
    {
        struct Chain
        {
            static AsyncGenerator<int> link(int depth)
            {
                if (depth == 0) {
                    co_yield 1;
                    co_await yieldNow();
                    co_yield 2;
                    co_return;
                }
                AsyncGenerator<int> inner = link(depth - 1);
                while (auto item = co_await inner.next())
                    co_yield std::move(*item);
            }
        };
        const int depth = 2'000; // each of them is a frame that awaits the next one's
        QCOMPARE(run(all(Chain::link(depth))), (QList<int>{1, 2}));
    }

    void closeEndsIt_data()
    {
        QTest::addColumn<int>("behaviour");
        QTest::addColumn<QByteArray>("thrown");
        QTest::addColumn<int>("cleaned");
        QTest::newRow("unwinds") << int(OnClose::Unwind) << QByteArray("nothing") << 0;
        QTest::newRow("awaits") << int(OnClose::AwaitAndReturn) << QByteArray("nothing") << 1;
        QTest::newRow("throws") << int(OnClose::Throw)
                                << QByteArray("std::exception: cleanup failed") << 0;
        QTest::newRow("yields") << int(OnClose::YieldAgain) << QByteArray("CallError") << 0;
    }
    void closeEndsIt()
    {
        QFETCH(const int, behaviour);
        QFETCH(const QByteArray, thrown);
        QFETCH(const int, cleaned);
        const auto close = [](AsyncGenerator<int> *gen) -> Task<> {
            co_await gen->next();
            co_await gen->next();
            co_await gen->close();
        };
        const auto after = [](AsyncGenerator<int> *gen) -> Task<bool> {
            const std::optional<int> item = co_await gen->next();
            co_await gen->close(); // twice is no error
            co_return !item;
        };
        Endings endings;
        AsyncGenerator<int> gen = closable(&endings, OnClose(behaviour));
        QCOMPARE(thrownBy([&] { run(close(&gen)); }), thrown);
        QCOMPARE(endings.canceled, 1);
        QCOMPARE(endings.cleaned, cleaned);
        QVERIFY(run(after(&gen)));
    }

    void closeOfOneThatWasNeverStarted()
    {
        const auto close = []() -> Task<bool> {
            Endings endings;
            AsyncGenerator<int> gen = closable(&endings, OnClose::Unwind);
            co_await gen.close();
            const std::optional<int> item = co_await gen.next();
            AsyncGenerator<int> empty;
            co_await empty.close();
            co_return !item && endings.canceled == 0;
        };
        QVERIFY(run(close()));
    }

    void closeInACanceledCall()
    {
        const auto body = [](Endings *endings, bool *refused) -> Task<> {
            AsyncGenerator<int> gen = closable(endings, OnClose::AwaitAndReturn);
            co_await gen.next();
            bool canceled = false;
            try {
                co_await sleepFor(1h);
            } catch (const CallCanceled &) {
                canceled = true;
            }
            try {
                co_await gen.next();
            } catch (const CallCanceled &) {
                *refused = canceled;
            }
            const CancellationShield shield;
            co_await gen.close();
        };
        Endings endings;
        bool refused = false;
        QFuture<void> future = spawn(body(&endings, &refused));
        future.cancel();
        QTRY_COMPARE(endings.cleaned, 1);
        QVERIFY(refused); // next() was, close() was not
    }

    void cancellationReachesWhatTheGeneratorAwaits() // G10
    {
        const auto produce = [](Endings *endings) -> AsyncGenerator<int> {
            co_yield 1;
            try {
                co_await sleepFor(1h);
            } catch (const CallCanceled &) {
                ++endings->canceled;
                throw;
            }
        };
        const auto consume = [&produce](Endings *endings) -> Task<> {
            AsyncGenerator<int> gen = produce(endings);
            co_await gen.next();
            co_await gen.next();
        };
        Endings endings;
        QCOMPARE(thrownBy([&] { run(withTimeout(consume(&endings), 20ms)); }),
                 QByteArray("CallTimeout"));
        QCOMPARE(endings.canceled, 1);
    }

    void timeoutOfOneItem()
    {
        const auto produce = []() -> AsyncGenerator<int> {
            co_yield 1;
            co_await sleepFor(1h);
        };
        const auto consume = [&produce]() -> Task<bool> {
            AsyncGenerator<int> gen = produce();
            const std::optional<int> first = co_await withTimeout(gen.next(), 10s);
            bool timedOut = false;
            try {
                co_await withTimeout(gen.next(), 20ms);
            } catch (const CallTimeout &) {
                timedOut = true;
            }
            const std::optional<int> after = co_await gen.next();
            co_return first == 1 && timedOut && !after;
        };
        QVERIFY(run(consume()));
    }

    void contextIsTheConsumers() // G17
    {
        static ContextVar<int> s_user("user", 0);
        const auto produce = []() -> AsyncGenerator<int> {
            for (int i = 0; i < 2; ++i) {
                co_await yieldNow();
                co_yield s_user.get();
            }
        };
        const auto consume = [&produce]() -> Task<QList<int>> {
            const ContextVar<int>::Scope scope(s_user, 7);
            co_return co_await all(produce());
        };
        QCOMPARE(run(consume()), (QList<int>{7, 7}));
    }

    void betweenItemsItMayChangeThread()
    {
        AsyncGenerator<int> gen = count(4, true);
        const auto take = [](AsyncGenerator<int> *generator) -> Task<int> {
            const std::optional<int> item = co_await generator->next();
            co_return *item;
        };
        QCOMPARE(run(take(&gen)), 0);
        QCOMPARE(callSync(take, &gen), 1); // on the background loop
        QCOMPARE(run(take(&gen)), 2);
        QCOMPARE(callSync(take, &gen), 3);
    }
};

QTEST_GUILESS_MAIN(TestGeneratorsAsync)
#include "tst_generators_async.moc"
