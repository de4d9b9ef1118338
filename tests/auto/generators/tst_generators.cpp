// Generator: laziness, items, errors, delegation, and what is destroyed when.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>
#include <stdexcept>

using namespace Synchronaut;
using namespace TestSupport;

namespace {

Generator<int> count(int n)
{
    for (int i = 0; i < n; ++i)
        co_yield i;
}

Generator<int> counted(int *starts)
{
    ++*starts;
    co_yield 1;
}

/// Its frame holds a Local.
Generator<int> holding(Counter *counter, int n)
{
    const Local local(*counter);
    for (int i = 0; i < n; ++i)
        co_yield i;
}

Generator<int> throwing(int after)
{
    for (int i = 0; i < after; ++i)
        co_yield i;
    throw std::runtime_error("no more");
}

/// 0 1 … depth, the first from the innermost.
Generator<int> nested(int depth, Counter *counter)
{
    const Local local(*counter);
    if (depth > 0)
        co_yield nested(depth - 1, counter);
    co_yield depth;
}

QList<int> all(Generator<int> generator)
{
    QList<int> items;
    for (int item : generator)
        items += item;
    return items;
}

} // namespace

class TestGenerators : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void isLazy()
    {
        int starts = 0;
        Generator<int> generator = counted(&starts);
        QCOMPARE(starts, 0);
        QCOMPARE(all(std::move(generator)), QList<int>{1});
        QCOMPARE(starts, 1);
    }

    void isAnInputRange()
    {
        static_assert(std::input_iterator<Generator<int>::iterator>);
        static_assert(std::sentinel_for<std::default_sentinel_t, Generator<int>::iterator>);
        static_assert(!std::is_copy_constructible_v<Generator<int>>);
        QCOMPARE(all(count(3)), (QList<int>{0, 1, 2}));
    }

    void emptyOnes()
    {
        QCOMPARE(all(count(0)), QList<int>());
        QCOMPARE(all(Generator<int>()), QList<int>());
        Generator<int> ended = count(1);
        for ([[maybe_unused]] int item : ended) { }
        for ([[maybe_unused]] int item : ended)
            QFAIL("it has ended");
    }

    void goesOnAfterABreak()
    {
        Generator<int> generator = count(4);
        QList<int> items;
        for (int item : generator) {
            items += item;
            if (item == 1)
                break;
        }
        for (int item : generator)
            items += item;
        QCOMPARE(items, (QList<int>{0, 1, 2, 3}));
    }

    void lvaluesAreCopiedAndRvaluesMoved()
    {
        const auto strings = [](QString *kept) -> Generator<QString> {
            co_yield *kept;
            co_yield std::move(*kept);
            co_yield QStringLiteral("temporary");
            co_yield QString(QLatin1String("literal"));
        };
        QString kept = QStringLiteral("a string that is kept");
        QStringList items;
        for (QString &item : strings(&kept)) {
            items += std::move(item);
            if (items.size() == 1)
                QCOMPARE(kept, QStringLiteral("a string that is kept"));
        }
        QCOMPARE(items, (QStringList{QStringLiteral("a string that is kept"),
                                     QStringLiteral("a string that is kept"),
                                     QStringLiteral("temporary"), QStringLiteral("literal")}));
        QVERIFY(kept.isEmpty());
    }

    void moveOnlyItems()
    {
        const auto pointers = []() -> Generator<std::unique_ptr<int>> {
            for (int i = 0; i < 3; ++i)
                co_yield std::make_unique<int>(i);
        };
        int sum = 0;
        for (const std::unique_ptr<int> &item : pointers())
            sum += *item;
        QCOMPARE(sum, 3);
    }

    void errorArrivesAtItsItem()
    {
        QList<int> items;
        QCOMPARE(thrownBy([&] {
                     for (int item : throwing(2))
                         items += item;
                 }),
                 QByteArray("std::exception: no more"));
        QCOMPARE(items, (QList<int>{0, 1}));
        Generator<int> ended = throwing(0);
        QCOMPARE(thrownBy([&] { ended.begin(); }), QByteArray("std::exception: no more"));
        QVERIFY(ended.begin() == ended.end());
    }

    void destroyedSuspendedDestroysItsLocals()
    {
        Counter counter;
        {
            Generator<int> generator = holding(&counter, 3);
            QCOMPARE(counter.made.load(), 0);
            auto it = generator.begin();
            ++it;
            QCOMPARE(counter.gone.load(), 0);
        }
        QCOMPARE(counter.made.load(), 1);
        QCOMPARE(counter.gone.load(), 1);
    }

    void delegates()
    {
        Counter counter;
        QCOMPARE(all(nested(4, &counter)), (QList<int>{0, 1, 2, 3, 4}));
        QCOMPARE(counter.made.load(), 5);
        QCOMPARE(counter.gone.load(), 5);
    }

    void delegatesToOneThatHasBegun()
    {
        const auto outer = [](Generator<int> inner) -> Generator<int> {
            co_yield -1;
            co_yield std::move(inner);
            co_yield Generator<int>();
            co_yield -2;
        };
        Counter counter;
        Generator<int> inner = nested(3, &counter); // stops while it delegates itself
        QCOMPARE(*inner.begin(), 0);
        QCOMPARE(all(outer(std::move(inner))), (QList<int>{-1, 1, 2, 3, -2}));
        QCOMPARE(counter.gone.load(), 4);
    }

    void errorOfADelegateArrivesInItsParent()
    {
        const auto outer = []() -> Generator<int> {
            bool caught = false;
            try {
                co_yield throwing(1);
            } catch (const std::runtime_error &) {
                caught = true;
            }
            co_yield caught ? 7 : 8;
            co_yield throwing(0);
        };
        QList<int> items;
        QCOMPARE(thrownBy([&] {
                     for (int item : outer())
                         items += item;
                 }),
                 QByteArray("std::exception: no more"));
        QCOMPARE(items, (QList<int>{0, 7}));
    }

    void delegationDeeperThanTheStack()
    {
        const int depth = rounds(200'000, 50'000);
        Counter counter;
        int expected = 0;
        for (int item : nested(depth, &counter)) {
            if (item != expected)
                QCOMPARE(item, expected);
            ++expected;
        }
        QCOMPARE(expected, depth + 1);
        {
            Generator<int> suspended = nested(depth, &counter);
            QCOMPARE(*suspended.begin(), 0); // and is destroyed there
        }
        QCOMPARE(counter.made.load(), 2 * (depth + 1));
        QCOMPARE(counter.gone.load(), counter.made.load());
    }
};

QTEST_GUILESS_MAIN(TestGenerators)
#include "tst_generators.moc"
