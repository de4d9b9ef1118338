// spawn(owner, task): after the owner is gone no line of its coroutine runs, and its locals were
// destroyed by then, whatever it was waiting for (G10-G13).
#include "../support/waiting.h"
#include "../support/foreignawaitable.h"

#include <QtTest/QTest>

#include <memory>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

struct World
{
    Counter counter;
    QPromise<int> promise;
    ForeignAwaitable foreign;
    QObject *elsewhere = nullptr;
    std::atomic<bool> release{false};
    std::atomic<int> running{0}; ///< functions on other threads
    std::atomic<bool> resumed{false};
};

/// Kept to the end: when an assertion fails, coroutines may still look at it.
World &newWorld()
{
    static std::vector<std::unique_ptr<World>> worlds;
    World &world = *worlds.emplace_back(std::make_unique<World>());
    world.promise.start();
    return world;
}

/// Says so when it is resumed by anything but destruction.
Task<int> sleeper(World *world)
{
    const Local local(world->counter);
    try {
        co_await sleepFor(1h);
    } catch (...) {
        world->resumed = true;
    }
    co_return 1;
}

int heldElsewhere(World *world)
{
    ++world->running;
    eventually([&] { return world->release.load() || isCanceled(); });
    --world->running;
    return 1;
}

using Await = Task<> (*)(World *);

Task<> inSleep(World *)
{
    co_await sleepFor(1h);
}
Task<> inYield(World *)
{
    for (;;)
        co_await yieldNow();
}
Task<> inPoolCall(World *world)
{
    co_await callAsync(heldElsewhere, world);
}
Task<> inTaskCall(World *world)
{
    co_await callAsync(sleeper, world);
}
Task<> inNamedFuture(World *world)
{
    const QFuture<int> future = world->promise.future();
    co_await future;
}
Task<> inTemporaryFuture(World *world)
{
    co_await world->promise.future();
}
Task<> inCallOn(World *world)
{
    co_await callOn(world->elsewhere, heldElsewhere, world);
}
Task<> inForeign(World *world)
{
    co_await world->foreign;
}
Task<> inTimeout(World *world)
{
    co_await withTimeout(sleeper(world), 1h);
}
Task<> inDeadlineScope(World *world)
{
    const DeadlineScope scope(1h);
    co_await sleeper(world);
}
Task<> inShield(World *world)
{
    const CancellationShield shield;
    co_await sleeper(world);
}
Task<> inWhenAll(World *world)
{
    co_await whenAll(sleeper(world), callAsync(heldElsewhere, world), world->promise.future());
}
Task<> inRace(World *world)
{
    std::vector<Task<int>> tasks;
    tasks.push_back(sleeper(world));
    tasks.push_back(sleeper(world));
    co_await race(std::move(tasks));
}
Task<> inGroup(World *world)
{
    const auto body = [world](TaskGroup &group) -> Task<> {
        const Local local(world->counter);
        group.spawn(sleeper(world));
        group.spawn(whenAll(sleeper(world), sleeper(world)));
        co_await sleeper(world);
    };
    co_await withTaskGroup(body);
}
Task<> inGroupJoin(World *world)
{
    const auto body = [world](TaskGroup &group) -> Task<> {
        group.spawn(sleeper, world);
        co_await group.join();
    };
    co_await withTaskGroup(body);
}
Task<> inGroupEnd(World *world)
{
    const auto body = [world](TaskGroup &group) -> Task<> {
        group.spawn(sleeper(world));
        co_return;
    };
    co_await withTaskGroup(body);
}
Task<> inEverything(World *world)
{
    co_await withTimeout(whenAll(race(sleeper(world), whenAny(sleeper(world), callAsync(sleeper, world))),
                                 callAsync(inGroup, world), inTaskCall(world)),
                         1h);
}

Task<> frameWithLocals(Await await, World *world)
{
    const Local first(world->counter);
    const auto second = std::make_unique<Local>(world->counter);
    co_await await(world);
    world->resumed = true;
}

/// One more level, so that nested frames are destroyed too.
Task<> outerFrame(Await await, World *world)
{
    const Local outer(world->counter);
    try {
        co_await frameWithLocals(await, world);
    } catch (...) {
    }
    world->resumed = true;
}

struct Row
{
    const char *name;
    Await await;
};

constexpr Row rows[] = {
    {"sleep", inSleep},
    {"yield", inYield},
    {"pool call", inPoolCall},
    {"task call", inTaskCall},
    {"named future", inNamedFuture},
    {"temporary future", inTemporaryFuture},
    {"callOn", inCallOn},
    {"foreign", inForeign},
    {"withTimeout", inTimeout},
    {"DeadlineScope", inDeadlineScope},
    {"shield", inShield},
    {"whenAll", inWhenAll},
    {"race", inRace},
    {"group", inGroup},
    {"group's join", inGroupJoin},
    {"group's end", inGroupEnd},
    {"everything", inEverything},
};

void addRows()
{
    QTest::addColumn<int>("row");
    int i = 0;
    for (const Row &row : rows)
        QTest::newRow(row.name) << i++;
}

/// Deletes itself when asked to.
class Owner : public QObject
{
    Q_OBJECT
public:
    ~Owner() override
    {
        if (onDestruction)
            onDestruction();
    }
    std::function<void()> onDestruction;

public Q_SLOTS:
    void die() { delete this; }
    void dieLater() { deleteLater(); }

Q_SIGNALS:
    void asked();
};

QByteArray errorOf(QFuture<void> future)
{
    return thrownBy([&] { future.waitForFinished(); });
}

} // namespace

class TestCombinatorsOwners : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { m_elsewhere = std::make_unique<LoopThread>(); }
    void cleanup() { m_elsewhere.reset(); }

    void diesWhileSuspended_data() { addRows(); }
    void diesWhileSuspended();
    void diesInDeleteLater_data() { addRows(); }
    void diesInDeleteLater();
    void diesWithItsThread_data() { addRows(); }
    void diesWithItsThread();
    void diesInItsOwnTask_data() { addRows(); }
    void diesInItsOwnTask();
    void diesInAChild();
    void diesInASlotOfItsOwn();
    void diesInAnotherThreadsCall();
    void diesInAnotherTask();
    void diesUnderABlockingCall();
    void localsGoBeforeTheObjectIsGone();
    void diesAfterTheTask();
    void manyTasksOneOwner();
    void oneOfManyEnds();
    void wrongOwners();
    void movedAway();

private:
    World &world()
    {
        World &made = newWorld();
        made.elsewhere = m_elsewhere->object();
        return made;
    }
    Await await() const
    {
        QFETCH(const int, row);
        return rows[row].await;
    }
    std::unique_ptr<LoopThread> m_elsewhere;
};

/// When everything is over: each local once, no line resumed.
#define VERIFY_ALL_GONE(w)                                                                         \
    QCOMPARE((w).counter.gone.load(), (w).counter.made.load());                                    \
    QVERIFY((w).counter.made.load() >= 3);                                                         \
    QVERIFY(!(w).resumed.load());

void TestCombinatorsOwners::diesWhileSuspended()
{
    World &w = world();
    auto owner = std::make_unique<QObject>();
    const QFuture<void> future = spawn(owner.get(), outerFrame(await(), &w));
    QCoreApplication::processEvents();
    QVERIFY(!future.isFinished());
    owner.reset();
    VERIFY_ALL_GONE(w);
    QVERIFY(future.isFinished());
    QCOMPARE(errorOf(future), QByteArray("CallCanceled"));
    QTRY_COMPARE(w.running.load(), 0); // who runs elsewhere was told
    w.release = true;
    if (!w.promise.isCanceled())
        w.promise.addResult(1);
    w.promise.finish();
    QTest::qWait(1);
    VERIFY_ALL_GONE(w);
}

void TestCombinatorsOwners::diesInDeleteLater()
{
    World &w = world();
    auto *const owner = new QObject; // deletes itself later
    const QFuture<void> future = spawn(owner, outerFrame(await(), &w));
    owner->deleteLater();
    QCOMPARE(w.counter.gone.load(), 0);
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    VERIFY_ALL_GONE(w);
    QVERIFY(future.isFinished());
}

void TestCombinatorsOwners::diesWithItsThread()
{
    World &w = world();
    const Await awaits = await();
    QFuture<void> future;
    {
        LoopThread thread;
        auto *const owner = new QObject; // deleted with its thread
        owner->moveToThread(thread.thread());
        QObject::connect(thread.thread(), &QThread::finished, owner, &QObject::deleteLater);
        const auto start = [&] { future = spawn(owner, outerFrame(awaits, &w)); };
        QMetaObject::invokeMethod(owner, start, Qt::BlockingQueuedConnection);
        QMetaObject::invokeMethod(owner, [] {}, Qt::BlockingQueuedConnection); // the loop has turned
    }
    QCOMPARE(w.counter.gone.load(), w.counter.made.load());
    QVERIFY(w.counter.made.load() >= 3);
    QVERIFY(future.isFinished());
    const QByteArray error = errorOf(future);
    QVERIFY2(error == "LoopStopped" || error == "CallCanceled" || error == "nothing", error.constData());
    QTRY_COMPARE(w.running.load(), 0);
}

/// Runs on for as long as nothing suspends, then never again.
void TestCombinatorsOwners::diesInItsOwnTask()
{
    World &w = world();
    auto *const owner = new QObject; // deleted by its own task
    bool ranOn = false;
    const Await awaits = await();
    const auto deletes = [&]() -> Task<> {
        const Local local(w.counter);
        co_await yieldNow();
        delete owner;
        ranOn = true;
        co_await outerFrame(awaits, &w);
        w.resumed = true;
    };
    const QFuture<void> future = spawn(owner, deletes());
    QTRY_VERIFY(future.isFinished());
    QVERIFY(ranOn);
    VERIFY_ALL_GONE(w);
    QTest::qWait(1);
    VERIFY_ALL_GONE(w);
    w.release = true;
    QTRY_COMPARE(w.running.load(), 0);
}

void TestCombinatorsOwners::diesInAChild()
{
    for (const bool late : {false, true}) {
        World &w = world();
        auto *const owner = new QObject; // deleted by a child of its task
        bool secondStarted = false;
        const auto deletes = [&]() -> Task<> {
            const Local local(w.counter);
            if (late)
                co_await yieldNow();
            delete owner;
            co_await yieldNow();
            w.resumed = true;
        };
        const auto second = [&]() -> Task<> {
            const Local local(w.counter);
            secondStarted = true;
            co_await sleepFor(1h);
        };
        const auto parent = [&]() -> Task<> {
            const Local local(w.counter);
            const Local other(w.counter);
            co_await whenAll(deletes(), second());
            w.resumed = true;
        };
        const QFuture<void> future = spawn(owner, parent());
        QTRY_VERIFY(future.isFinished());
        QCOMPARE(secondStarted, late);
        VERIFY_ALL_GONE(w);
        QTest::qWait(1);
        VERIFY_ALL_GONE(w);
    }
}

void TestCombinatorsOwners::diesInASlotOfItsOwn()
{
    for (const bool direct : {true, false}) {
        World &w = world();
        auto *const owner = new Owner; // deleted by its own slot
        connect(owner, &Owner::asked, owner, direct ? &Owner::die : &Owner::dieLater);
        const auto asks = [&]() -> Task<> {
            const Local local(w.counter);
            const Local second(w.counter);
            const Local third(w.counter);
            co_await yieldNow();
            Q_EMIT owner->asked();
            co_await sleepFor(1h);
            w.resumed = true;
        };
        const QFuture<void> future = spawn(owner, asks());
        QTRY_VERIFY(future.isFinished());
        VERIFY_ALL_GONE(w);
    }
}

void TestCombinatorsOwners::diesInAnotherThreadsCall()
{
    World &w = world();
    auto *const owner = new QObject; // deleted by a call from another thread
    const QFuture<void> future = spawn(owner, outerFrame(inSleep, &w));
    const QFuture<void> deletes =
            callAny(CallOptions{.forceOffload = true}, [&] { callOnSync(owner, [owner] { delete owner; }); });
    QTRY_VERIFY(deletes.isFinished());
    VERIFY_ALL_GONE(w);
    QVERIFY(future.isFinished());
}

void TestCombinatorsOwners::diesInAnotherTask()
{
    World &w = world();
    auto owner = std::make_unique<QObject>();
    const QFuture<void> future = spawn(owner.get(), outerFrame(inEverything, &w));
    const auto deletes = [&]() -> Task<int> {
        co_await sleepFor(1ms);
        owner.reset();
        co_return w.counter.made.load() - w.counter.gone.load();
    };
    QCOMPARE(run(deletes()), 0);
    VERIFY_ALL_GONE(w);
    QVERIFY(future.isFinished());
}

void TestCombinatorsOwners::diesUnderABlockingCall()
{
    World &w = world();
    auto *const owner = new QObject; // deleted while its task blocks
    const auto blocks = [&]() -> Task<> {
        const Local local(w.counter);
        const Local second(w.counter);
        const Local third(w.counter);
        co_await yieldNow();
        const auto deletes = [owner] { callOnSync(owner, [owner] { delete owner; }); };
        callSync(CallOptions{.forceOffload = true}, deletes); // served by this thread (G3)
        co_await yieldNow();
        w.resumed = true;
    };
    const QFuture<void> future = spawn(owner, blocks());
    QTRY_VERIFY(future.isFinished());
    VERIFY_ALL_GONE(w);
}

void TestCombinatorsOwners::localsGoBeforeTheObjectIsGone()
{
    World &w = world();
    int goneInDestructor = -1;
    bool goneWhenDestroyed = false;
    auto owner = std::make_unique<Owner>();
    owner->onDestruction = [&] { goneInDestructor = w.counter.gone.load(); };
    const QFuture<void> future = spawn(owner.get(), outerFrame(inSleep, &w));
    // connected later, thus called later: by then they are gone
    connect(owner.get(), &QObject::destroyed, this, [&] { goneWhenDestroyed = w.counter.gone.load() == 3; });
    owner.reset();
    QCOMPARE(goneInDestructor, 0); // the derived part was still there
    QVERIFY(goneWhenDestroyed);
    QVERIFY(future.isFinished());
}

void TestCombinatorsOwners::diesAfterTheTask()
{
    auto owner = std::make_unique<QObject>();
    const auto quick = []() -> Task<int> {
        co_await yieldNow();
        co_return 1;
    };
    QFuture<int> future = spawn(owner.get(), quick());
    QTRY_VERIFY(future.isFinished());
    owner.reset();
    QCOMPARE(future.result(), 1);
    const auto ready = []() -> Task<int> { co_return 2; };
    QObject other;
    QCOMPARE(spawn(&other, ready()).result(), 2);
}

void TestCombinatorsOwners::manyTasksOneOwner()
{
    World &w = world();
    auto owner = std::make_unique<QObject>();
    std::vector<QFuture<void>> futures;
    constexpr int count = 1000;
    for (int i = 0; i < count; ++i)
        futures.push_back(spawn(owner.get(), outerFrame(inWhenAll, &w)));
    owner.reset();
    VERIFY_ALL_GONE(w);
    w.release = true;
    QTRY_COMPARE(w.running.load(), 0);
}

void TestCombinatorsOwners::oneOfManyEnds()
{
    World &w = world();
    auto owner = std::make_unique<QObject>();
    QFuture<void> first = spawn(owner.get(), outerFrame(inSleep, &w));
    const QFuture<void> second = spawn(owner.get(), outerFrame(inSleep, &w));
    first.cancel();
    QTRY_VERIFY(first.isFinished());
    QVERIFY(w.resumed.exchange(false)); // a cancelled task unwinds, other than one whose owner has died
    QVERIFY(!second.isFinished());
    owner.reset();
    VERIFY_ALL_GONE(w);
}

void TestCombinatorsOwners::wrongOwners()
{
    World &w = world();
    QCOMPARE(errorOf(spawn(nullptr, outerFrame(inSleep, &w))), QByteArray("CallError"));
    QCOMPARE(errorOf(spawn(m_elsewhere->object(), outerFrame(inSleep, &w))), QByteArray("CallError"));
    QCOMPARE(w.counter.made.load(), 0);
}

void TestCombinatorsOwners::movedAway() // against the rule: still no leak, no crash, and it ends
{
    World &w = world();
    auto *const owner = new QObject; // deleted in another thread
    const QFuture<void> future = spawn(owner, outerFrame(inSleep, &w));
    owner->moveToThread(m_elsewhere->thread());
    callOnSync(owner, [owner] { delete owner; });
    QTRY_VERIFY(future.isFinished());
    VERIFY_ALL_GONE(w);
}

QTEST_GUILESS_MAIN(TestCombinatorsOwners)
#include "tst_combinators_owners.moc"
