// Destroying a coroutine at every kind of suspension: locals die once, nothing touches it later.
#include "../support/waiting.h"
#include "../support/foreignawaitable.h"

#include <QtTest/QTest>

#include <atomic>
#include <memory>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

enum class At { Sleep, Yield, PoolCall, TaskCall, NamedFuture, TemporaryFuture, CallOn, Foreign, Timeout };

struct World
{
    Counter counter;
    QPromise<int> promise;
    ForeignAwaitable foreign;
    QObject *elsewhere = nullptr;
    std::atomic<bool> release{false};
    std::atomic<bool> resumed{false};
};

Task<int> sleepLong()
{
    co_await sleepFor(1h);
    co_return 1;
}

int heldOnPool(World *world)
{
    eventually([&] { return world->release.load() || isCanceled(); });
    return 1;
}

Task<void> suspendAt(At at, World *world)
{
    switch (at) {
    case At::Sleep:
        co_await sleepFor(1h);
        break;
    case At::Yield:
        for (;;)
            co_await yieldNow();
    case At::PoolCall:
        co_await callAsync(heldOnPool, world);
        break;
    case At::TaskCall:
        co_await callAsync(sleepLong);
        break;
    case At::NamedFuture: {
        QFuture<int> future = world->promise.future();
        co_await future;
        break;
    }
    case At::TemporaryFuture:
        co_await world->promise.future();
        break;
    case At::CallOn:
        co_await callOn(world->elsewhere, heldOnPool, world);
        break;
    case At::Foreign:
        co_await world->foreign;
        break;
    case At::Timeout:
        co_await withTimeout(sleepLong(), 1h);
        break;
    }
}

Task<int> frameWithLocals(At at, World *world)
{
    const Local first(world->counter);
    const auto second = std::make_unique<Local>(world->counter);
    co_await suspendAt(at, world);
    world->resumed = true;
    co_return 1;
}

/// One more level, so that nested frames are destroyed too.
Task<int> outerFrame(At at, World *world)
{
    const Local outer(world->counter);
    co_return co_await frameWithLocals(at, world);
}

constexpr int localsMade = 3;

/// Kept to the end: when an assertion fails, coroutines may still look at it.
World &newWorld()
{
    static std::vector<std::unique_ptr<World>> worlds;
    return *worlds.emplace_back(std::make_unique<World>());
}

void addKinds()
{
    QTest::addColumn<int>("at");
    QTest::newRow("sleep") << static_cast<int>(At::Sleep);
    QTest::newRow("yield") << static_cast<int>(At::Yield);
    QTest::newRow("pool call") << static_cast<int>(At::PoolCall);
    QTest::newRow("task call") << static_cast<int>(At::TaskCall);
    QTest::newRow("named future") << static_cast<int>(At::NamedFuture);
    QTest::newRow("temporary future") << static_cast<int>(At::TemporaryFuture);
    QTest::newRow("callOn") << static_cast<int>(At::CallOn);
    QTest::newRow("foreign") << static_cast<int>(At::Foreign);
    QTest::newRow("withTimeout") << static_cast<int>(At::Timeout);
}

} // namespace

class TestTasksFrames : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void g10_cancelledAt_data() { addKinds(); }
    void g10_cancelledAt();
    void g12_awaitingFrameDestroyedAt_data() { addKinds(); }
    void g12_awaitingFrameDestroyedAt();
    void g11_homeThreadEndsAt_data() { addKinds(); }
    void g11_homeThreadEndsAt();
    void g12_lateCompletionTouchesNothing_data() { addKinds(); }
    void g12_lateCompletionTouchesNothing();
    void g10_shieldedFrameGoesOn();
    void g10_cancelledTaskMayCatchAndReturn();

private:
    At at() const
    {
        QFETCH(const int, at);
        return static_cast<At>(at);
    }
    void expectDestroyed(World &world)
    {
        QCOMPARE(world.counter.made.load(), localsMade);
        QCOMPARE(world.counter.gone.load(), localsMade);
        QVERIFY(!world.resumed);
    }
};

void TestTasksFrames::init()
{
    // what earlier rows left to the pool
    QVERIFY(blockingPool().waitForDone(10000));
}

void TestTasksFrames::g10_cancelledAt()
{
    LoopThread elsewhere;
    World &world = newWorld();
    world.elsewhere = elsewhere.object();
    world.promise.start();
    QFuture<int> future = spawn(outerFrame(at(), &world));
    QTest::qWait(5);
    QCOMPARE(world.counter.made.load(), localsMade);
    QCOMPARE(world.counter.gone.load(), 0);
    future.cancel();
    QVERIFY(QTest::qWaitFor([&] { return world.counter.gone == localsMade; }, 10000));
    QVERIFY(QTest::qWaitFor([&] { return future.isFinished(); }, 10000));
    expectDestroyed(world);
    world.release = true;
}

// A race that is lost, a timed-out parent and the like end a frame by destroying it: so does a
// foreign coroutine that awaits our task and is destroyed.
void TestTasksFrames::g12_awaitingFrameDestroyedAt()
{
    struct Owner
    {
        struct promise_type
        {
            Owner get_return_object()
            {
                return {std::coroutine_handle<promise_type>::from_promise(*this)};
            }
            std::suspend_never initial_suspend() noexcept { return {}; }
            std::suspend_always final_suspend() noexcept { return {}; }
            void return_void() noexcept { }
            void unhandled_exception() noexcept { }
        };
        std::coroutine_handle<promise_type> frame;
    };
    LoopThread elsewhere;
    World &world = newWorld();
    world.elsewhere = elsewhere.object();
    world.promise.start();
    const auto await = [](At where, World *in) -> Owner { co_await outerFrame(where, in); };
    const Owner owner = await(at(), &world);
    QTest::qWait(5);
    QCOMPARE(world.counter.made.load(), localsMade);
    QCOMPARE(world.counter.gone.load(), 0);
    QVERIFY(!owner.frame.done());
    owner.frame.destroy();
    expectDestroyed(world); // at once, without any loop turning
    world.release = true;
    QTest::qWait(5);
    QVERIFY(!world.resumed);
}

void TestTasksFrames::g11_homeThreadEndsAt()
{
    LoopThread elsewhere;
    World &world = newWorld();
    world.elsewhere = elsewhere.object();
    world.promise.start();
    LoopThread home;
    const QFuture<int> future = callOn(home.object(), outerFrame, at(), &world);
    QVERIFY(eventually([&] { return world.counter.made == localsMade; }));
    QThread::msleep(5); // lets it reach its suspension
    home.end();
    QVERIFY(finishes(future, 10s));
    QCOMPARE(thrownBy([&] { static_cast<void>(future.result()); }), QByteArray("LoopStopped"));
    expectDestroyed(world);
    world.release = true;
}

void TestTasksFrames::g12_lateCompletionTouchesNothing()
{
    auto elsewhere = std::make_unique<LoopThread>();
    World &world = newWorld();
    world.elsewhere = elsewhere->object();
    world.promise.start();
    for (int round = 0; round < 5; ++round) {
        LoopThread home;
        const QFuture<int> future = callOn(home.object(), outerFrame, at(), &world);
        QVERIFY(eventually([&] { return world.counter.made == localsMade * (round + 1); }));
        if (at() == At::Foreign && round > 0)
            QVERIFY(eventually([&] { return world.foreign.isAwaited(); }));
        home.end();
        if (at() == At::Foreign)
            world.foreign.resume();
        QVERIFY(finishes(future, 10s));
    }
    // everything that was awaited completes now
    world.release = true;
    world.promise.addResult(1);
    world.promise.finish();
    elsewhere.reset();
    QVERIFY(blockingPool().waitForDone(10000));
    QCOMPARE(world.counter.made.load(), 5 * localsMade);
    QCOMPARE(world.counter.gone.load(), 5 * localsMade);
    QVERIFY(!world.resumed);
}

void TestTasksFrames::g10_shieldedFrameGoesOn()
{
    static bool cleanedUp = false;
    const auto task = []() -> Task<int> {
        try {
            co_await sleepFor(1h);
        } catch (const CallCanceled &) {
            cleanedUp = false;
        }
        {
            const CancellationShield shield;
            co_await sleepFor(5ms);
            cleanedUp = true;
        }
        co_await sleepFor(1h); // without the shield this throws at once
        co_return 1;
    };
    QFuture<int> future = spawn(task());
    QTest::qWait(2);
    future.cancel();
    QVERIFY(QTest::qWaitFor([&] { return future.isFinished(); }, 10000));
    QVERIFY(QTest::qWaitFor([&] { return cleanedUp; }, 10000));
}

void TestTasksFrames::g10_cancelledTaskMayCatchAndReturn()
{
    const auto stubborn = []() -> Task<int> {
        try {
            co_await sleepFor(1h);
        } catch (const CallCanceled &) {
        }
        co_return 3;
    };
    const auto outer = [&stubborn]() -> Task<int> { co_return co_await withTimeout(stubborn(), 5ms); };
    QCOMPARE(run(outer()), 3);
}

QTEST_GUILESS_MAIN(TestTasksFrames)
#include "tst_tasks_frames.moc"
