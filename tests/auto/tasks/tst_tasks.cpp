// Task: laziness, ownership, results, errors, depth and length.
#include "../support/waiting.h"

#include <QtCore/QLoggingCategory>
#include <QtTest/QTest>

#include <memory>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

struct alignas(64) Wide
{
    int value = 0;
    bool aligned() const { return reinterpret_cast<std::uintptr_t>(this) % 64 == 0; }
};

Task<int> number(int value)
{
    co_return value;
}

Task<int> counted(int *starts)
{
    ++*starts;
    co_return *starts;
}

Task<std::unique_ptr<int>> moveOnly(int value)
{
    co_await yieldNow();
    co_return std::make_unique<int>(value);
}

Task<Wide> wide(int value)
{
    co_await yieldNow();
    Wide result;
    result.value = value;
    co_return result;
}

Task<int> depth(int left)
{
    if (left == 0)
        co_return 0;
    co_return 1 + co_await depth(left - 1);
}

Task<int> depthWithSuspension(int left)
{
    if (left == 0) {
        co_await yieldNow();
        co_return 0;
    }
    co_return 1 + co_await depthWithSuspension(left - 1);
}

Task<void> throwFromDepth(int left, bool suspend)
{
    if (left == 0) {
        if (suspend)
            co_await yieldNow();
        throw 42;
    }
    co_await throwFromDepth(left - 1, suspend);
}

struct ThrowsOnMove
{
    ThrowsOnMove() = default;
    ThrowsOnMove(ThrowsOnMove &&) { throw 5; }
};

} // namespace

class TestTasks : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nothingRunsBeforeTheAwait();
    void isMoveOnly();
    void moveAssignmentDestroysTheOldFrame();
    void moveOnlyResult();
    void overAlignedResult();
    void overAlignedResultThroughVerbs();
    void emptyTaskIsAnError();
    void movedFromTaskIsAnError();
    void destroyedUnstartedIsLoggedAtDebug();
    void destroyedUnstartedDestroysItsArguments();
    void localsDieBeforeTheResultIsSeen();
    void errorThroughAThousandLevels_data();
    void errorThroughAThousandLevels();
    void errorIsCaughtByTheAwaiter();
    void throwingMoveOfAResult();
    void aMillionReadyAwaits();
    void manyCallsInALoop();
    void recursionOfAHundredThousand_data();
    void recursionOfAHundredThousand();
};

void TestTasks::nothingRunsBeforeTheAwait()
{
    int starts = 0;
    Task<int> task = counted(&starts);
    QCOMPARE(starts, 0);
    const auto outer = [](Task<int> inner, int *seen) -> Task<int> {
        *seen *= 10;
        co_return co_await std::move(inner);
    };
    Task<int> both = outer(std::move(task), &starts);
    QCOMPARE(starts, 0);
    starts = 1;
    QCOMPARE(run(std::move(both)), 11);
    Task<int> viaVerb = callAsync(counted, &starts);
    QCOMPARE(starts, 11);
    QCOMPARE(run(std::move(viaVerb)), 12);
}

void TestTasks::isMoveOnly()
{
    static_assert(!std::is_copy_constructible_v<Task<int>>);
    static_assert(!std::is_copy_assignable_v<Task<int>>);
    static_assert(std::is_nothrow_move_constructible_v<Task<int>>);
    static_assert(std::is_nothrow_move_assignable_v<Task<int>>);
    static_assert(std::is_default_constructible_v<Task<>>);
    // awaited once, as an rvalue
    static_assert(detail::Awaitable<Task<int>>);
    Task<int> first = number(3);
    Task<int> second = std::move(first);
    QCOMPARE(run(std::move(second)), 3);
}

void TestTasks::moveAssignmentDestroysTheOldFrame()
{
    Counter counter;
    const auto holding = [](std::shared_ptr<Local> local) -> Task<int> {
        co_return local ? 1 : 0;
    };
    Task<int> task = holding(std::make_shared<Local>(counter));
    QCOMPARE(counter.gone.load(), 0);
    task = number(2);
    QCOMPARE(counter.gone.load(), 1);
    QCOMPARE(run(std::move(task)), 2);
}

void TestTasks::moveOnlyResult()
{
    QCOMPARE(*run(moveOnly(4)), 4);
    const auto outer = []() -> Task<int> {
        const std::unique_ptr<int> value = co_await moveOnly(5);
        co_return *value;
    };
    QCOMPARE(run(outer()), 5);
    QCOMPARE(*callSync(moveOnly, 6), 6);
    QFuture<std::unique_ptr<int>> future = callAny(moveOnly, 7);
    QVERIFY(finishes(future));
    QCOMPARE(*future.takeResult(), 7);
}

// QCoro's Task took the frame's address through a base promise: over-aligned results crashed.
void TestTasks::overAlignedResult()
{
    const auto outer = []() -> Task<int> {
        int sum = 0;
        for (int i = 0; i < 10; ++i) {
            const Wide value = co_await wide(i);
            sum += value.value;
        }
        co_return sum;
    };
    QCOMPARE(run(outer()), 45);
    const Wide direct = run(wide(9));
    QCOMPARE(direct.value, 9);
    QVERIFY(direct.aligned());
}

void TestTasks::overAlignedResultThroughVerbs()
{
    QCOMPARE(callSync(wide, 3).value, 3);
    const auto plain = [](int value) {
        Wide result;
        result.value = value;
        return result;
    };
    QCOMPARE(callSync({.forceOffload = true}, plain, 4).value, 4);
    const auto outer = [plain]() -> Task<int> {
        const Wide fromPool = co_await callAsync(plain, 5);
        const Wide fromTask = co_await callAsync(wide, 6);
        co_return fromPool.value * 10 + fromTask.value;
    };
    QCOMPARE(run(outer()), 56);
    const QFuture<Wide> future = callAny(wide, 7);
    QVERIFY(finishes(future));
    QCOMPARE(future.result().value, 7);
}

void TestTasks::emptyTaskIsAnError()
{
    QCOMPARE(thrownBy([] { run(Task<int>()); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([] { run(Task<>()); }), QByteArray("CallError"));
    const auto outer = []() -> Task<int> { co_return co_await Task<int>(); };
    QCOMPARE(thrownBy([&] { run(outer()); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([] { callSync([] { return Task<int>(); }); }), QByteArray("CallError"));
    const QFuture<int> future = spawn(Task<int>());
    QVERIFY(finishes(future));
    QCOMPARE(thrownBy([&] { static_cast<void>(future.result()); }), QByteArray("CallError"));
}

void TestTasks::movedFromTaskIsAnError()
{
    Task<int> task = number(1);
    QCOMPARE(run(std::move(task)), 1);
    QCOMPARE(thrownBy([&] { run(std::move(task)); }), QByteArray("CallError"));
}

void TestTasks::destroyedUnstartedIsLoggedAtDebug()
{
    const QString filter = QStringLiteral("synchronaut.debug=true");
    QLoggingCategory::setFilterRules(filter);
    {
        const MessageCapture log;
        {
            const Task<int> task = number(1);
        }
        QCOMPARE(log.all().size(), 1);
        const Task<int> empty;
        run(number(2));
    }
    const MessageCapture log;
    {
        const Task<int> empty;
        run(number(2));
    }
    QLoggingCategory::setFilterRules(QString());
    QCOMPARE(log.all(), QStringList()); // one that ran is not worth a word
}

void TestTasks::destroyedUnstartedDestroysItsArguments()
{
    Counter counter;
    const auto holding = [](std::unique_ptr<Local> local) -> Task<int> {
        co_return local ? 1 : 0;
    };
    {
        const Task<int> task = holding(std::make_unique<Local>(counter));
        QCOMPARE(counter.gone.load(), 0);
    }
    QCOMPARE(counter.made.load(), 1);
    QCOMPARE(counter.gone.load(), 1);
}

void TestTasks::localsDieBeforeTheResultIsSeen()
{
    Counter counter;
    const auto inner = [&counter]() -> Task<int> {
        const Local local(counter);
        co_await yieldNow();
        co_return 1;
    };
    const auto outer = [&]() -> Task<int> {
        static_cast<void>(co_await inner());
        co_return counter.gone.load();
    };
    QCOMPARE(run(outer()), 1);
    QCOMPARE(callSync(inner), 1);
    QCOMPARE(counter.gone.load(), 2);
}

void TestTasks::errorThroughAThousandLevels_data()
{
    QTest::addColumn<bool>("suspend");
    QTest::newRow("without suspension") << false;
    QTest::newRow("with suspension") << true;
}

void TestTasks::errorThroughAThousandLevels()
{
    QFETCH(const bool, suspend);
    QCOMPARE(thrownBy([&] { run(throwFromDepth(1000, suspend)); }), QByteArray("int 42"));
    QCOMPARE(thrownBy([&] { callSync(throwFromDepth, 1000, suspend); }), QByteArray("int 42"));
}

void TestTasks::errorIsCaughtByTheAwaiter()
{
    const auto outer = []() -> Task<int> {
        int caught = 0;
        for (int i = 0; i < 3; ++i) {
            try {
                co_await throwFromDepth(3, i % 2 == 0);
            } catch (int error) {
                caught += error;
            }
        }
        co_return caught;
    };
    QCOMPARE(run(outer()), 126);
}

void TestTasks::throwingMoveOfAResult()
{
    const auto bad = []() -> Task<ThrowsOnMove> { co_return ThrowsOnMove(); };
    QCOMPARE(thrownBy([&] { run(bad()); }), QByteArray("int 5"));
    QCOMPARE(run(number(1)), 1);
}

// A resume inside a resume a time would need gigabytes of stack.
void TestTasks::aMillionReadyAwaits()
{
    const int count = rounds(1'000'000, 200'000);
    const auto loop = [count]() -> Task<qint64> {
        qint64 sum = 0;
        for (int i = 0; i < count; ++i)
            sum += co_await number(1);
        co_return sum;
    };
    QCOMPARE(run(loop()), qint64(count));
    QCOMPARE(callSync(loop), qint64(count));
}

void TestTasks::manyCallsInALoop()
{
    const int count = rounds(100'000, 20'000);
    const auto loop = [count]() -> Task<qint64> {
        qint64 sum = 0;
        for (int i = 0; i < count; ++i) {
            sum += co_await callAsync(number, 1);
            if (i % 10 == 0)
                co_await yieldNow();
        }
        co_return sum;
    };
    QCOMPARE(run(loop()), qint64(count));
}

void TestTasks::recursionOfAHundredThousand_data()
{
    QTest::addColumn<bool>("suspend");
    QTest::newRow("without suspension") << false;
    QTest::newRow("with suspension") << true;
}

void TestTasks::recursionOfAHundredThousand()
{
    QFETCH(const bool, suspend);
    const int levels = rounds(100'000, 20'000);
    QCOMPARE(run(suspend ? depthWithSuspension(levels) : depth(levels)), levels);
    QCOMPARE(callSync(suspend ? depthWithSuspension : depth, levels), levels); // a thread's stack
}

QTEST_GUILESS_MAIN(TestTasks)
#include "tst_tasks.moc"
