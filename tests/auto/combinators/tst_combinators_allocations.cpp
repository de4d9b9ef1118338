// What whenAll and its like allocate. Apart from the others, because it replaces malloc.
#include "../../benchmarks/support/allocations.h"

#include <Synchronaut/Synchronaut>

#include <QtTest/QTest>

#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

constexpr int count = 10'000;

Task<int> ready(int value)
{
    co_return value;
}

Task<int> pending(int value)
{
    co_await yieldNow();
    co_return value;
}

/// Blocks allocated between making the first task and having all results.
Task<qint64> blocksFor(Task<int> (*make)(int))
{
    const Benchmarks::AllocationCount allocations;
    std::vector<Task<int>> tasks;
    tasks.reserve(count);
    for (int i = 0; i < count; ++i)
        tasks.push_back(make(i));
    const std::vector<int> values = co_await whenAll(std::move(tasks));
    const auto blocks = static_cast<qint64>(allocations.soFar().blocks);
    co_return values.back() == count - 1 ? blocks : -1;
}

} // namespace

class TestCombinatorsAllocations : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readyChildrenCostTheirFrames()
    {
        const qint64 blocks = run(blocksFor(ready));
        QVERIFY2(blocks > 0 && blocks <= count + 20, qPrintable(QString::number(blocks)));
    }
    void pendingChildrenCostOneMore()
    {
        const qint64 blocks = run(blocksFor(pending));
        QVERIFY2(blocks > 0 && blocks <= 2 * count + 100, qPrintable(QString::number(blocks)));
    }
    void cancellingManyIsQuick()
    {
        const auto waits = []() -> Task<int> {
            co_await sleepFor(1h);
            co_return 1;
        };
        std::vector<Task<int>> tasks;
        for (int i = 0; i < count; ++i)
            tasks.push_back(waits());
        QFuture<std::vector<int>> future = spawn(whenAll(std::move(tasks)));
        QElapsedTimer timer;
        timer.start();
        future.cancel();
        QTRY_VERIFY(future.isFinished());
        qInfo("%d pending children cancelled and joined in %.1f ms", count,
              static_cast<double>(timer.nsecsElapsed()) / 1e6);
    }
};

QTEST_GUILESS_MAIN(TestCombinatorsAllocations)
#include "tst_combinators_allocations.moc"
