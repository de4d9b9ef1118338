// withTaskGroup: children, failures, cancellation, joining (G10-G12, G16, G17).
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

struct World
{
    Counter locals;
    QList<int> done;
    QStringList lines;
};

Task<> after(World *world, std::chrono::milliseconds time, int number)
{
    const Local local(world->locals);
    co_await sleepFor(time);
    world->done += number;
}

Task<> fails(World *world, std::chrono::milliseconds time, int error)
{
    const Local local(world->locals);
    if (time > 0ms)
        co_await sleepFor(time);
    throw error;
}

Task<> failsWhenCanceled(World *world, int error)
{
    const Local local(world->locals);
    try {
        co_await sleepFor(1h);
    } catch (const CallCanceled &) {
        throw error;
    }
}

/// Adds children while there are any left to add, one from within the other.
Task<> multiplies(World *world, TaskGroup *group, int left)
{
    const Local local(world->locals);
    co_await sleepFor(1ms);
    world->done += left;
    if (left > 0)
        group->spawn(multiplies(world, group, left - 1));
}

QList<int> numbersOf(const QList<std::exception_ptr> &errors)
{
    QList<int> numbers;
    for (const std::exception_ptr &error : errors) {
        try {
            std::rethrow_exception(error);
        } catch (int number) {
            numbers += number;
        } catch (...) {
            numbers += -1;
        }
    }
    return numbers;
}

/// What is logged while it lives, as numbers.
class Reported
{
public:
    Reported()
    {
        onUnobservedError([this](const UnobservedError &unobserved) {
            numbers += numbersOf({unobserved.error});
        });
    }
    ~Reported() { onUnobservedError({}); }
    QList<int> numbers;
};

int plainAdd(int a, int b)
{
    return a + b;
}

} // namespace

class TestCombinatorsGroups : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void waitsForAll();
    void givesTheBodysValue();
    void empty();
    void spawnsAllKinds();
    void childrenAddedWhileJoined();
    void firstFailureCancelsTheRest();
    void failureEndsTheBody();
    void failureAtOnce();
    void joinThrowsAndErrorsKeepAll();
    void bodyGoesOnAfterJoin();
    void bodyThrows();
    void failuresNobodyAskedFor();
    void cancel();
    void nothingStartsAfterCancel();
    void canceledFromOutside_data();
    void canceledFromOutside();
    void joinWithTimeout();
    void joinInAChild();
    void joinTwice();
    void limitsAreThoseAroundTheGroup();
    void limitsOfTheBodyAreItsOwn();
    void contextIsTheSpawners();
    void spawnedBySlot();
    void spawnInOtherThread();
    void nested();
    void destroyed();
    void shutdownEndsIt();
};

void TestCombinatorsGroups::waitsForAll()
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<> {
        group.spawn(after(&world, 5ms, 2));
        group.spawn(after(&world, 1ms, 1));
        world.done += group.size() == 2 ? 0 : -1;
        co_return;
    };
    run(withTaskGroup(body));
    QCOMPARE(world.done, (QList<int>{0, 1, 2}));
    QCOMPARE(world.locals.gone.load(), 2);
}

void TestCombinatorsGroups::givesTheBodysValue()
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<std::unique_ptr<int>> {
        group.spawn(after(&world, 1ms, 1));
        co_await group.join();
        co_return std::make_unique<int>(world.done.value(0) + 41);
    };
    QCOMPARE(*run(withTaskGroup(body)), 42);
}

void TestCombinatorsGroups::empty()
{
    const auto body = [](TaskGroup &group) -> Task<qsizetype> {
        co_await group.join();
        group.cancel();
        co_return group.size() + group.errors().size();
    };
    QCOMPARE(run(withTaskGroup(body)), qsizetype(0));
}

void TestCombinatorsGroups::spawnsAllKinds()
{
    World world;
    QPromise<void> promise;
    promise.start();
    promise.finish();
    std::atomic<int> sum{0};
    const auto onPool = [&sum] { sum += 1; };
    const auto body = [&](TaskGroup &group) -> Task<> {
        group.spawn(after, &world, 1ms, 1); // an async function
        group.spawn(onPool);
        group.spawn(plainAdd, 1, 2);
        group.spawn(CallOptions{.timeout = 1h}, onPool);
        group.spawn(promise.future());
        group.spawn(sleepFor(1ms));
        group.spawn(withTimeout(after(&world, 2ms, 2), 1h));
        co_await group.join();
        world.done += static_cast<int>(group.size());
    };
    run(withTaskGroup(body));
    QCOMPARE(world.done, (QList<int>{1, 2, 0}));
    QCOMPARE(sum.load(), 2);
}

void TestCombinatorsGroups::childrenAddedWhileJoined()
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<> {
        group.spawn(multiplies(&world, &group, 5));
        co_await group.join();
        world.done += 100;
    };
    run(withTaskGroup(body));
    QCOMPARE(world.done, (QList<int>{5, 4, 3, 2, 1, 0, 100}));

    world.done.clear();
    const auto leaves = [&](TaskGroup &group) -> Task<> {
        group.spawn(multiplies(&world, &group, 3));
        co_return;
    };
    run(withTaskGroup(leaves));
    QCOMPARE(world.done, (QList<int>{3, 2, 1, 0}));
    QCOMPARE(world.locals.made.load(), world.locals.gone.load());
}

void TestCombinatorsGroups::firstFailureCancelsTheRest()
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<> {
        group.spawn(after(&world, 1h, 1));
        group.spawn(fails(&world, 1ms, 7));
        group.spawn(after(&world, 1h, 2));
        co_return;
    };
    QCOMPARE(thrownBy([&] { run(withTaskGroup(body)); }), QByteArray("int 7"));
    QCOMPARE(world.locals.gone.load(), 3);
    QVERIFY(world.done.isEmpty());
}

void TestCombinatorsGroups::failureEndsTheBody()
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<> {
        const Local local(world.locals);
        group.spawn(fails(&world, 1ms, 7));
        try {
            co_await sleepFor(1h);
        } catch (const CallCanceled &) {
            world.done += 1;
            throw;
        }
    };
    QCOMPARE(thrownBy([&] { run(withTaskGroup(body)); }), QByteArray("int 7"));
    QCOMPARE(world.done, (QList<int>{1}));
    QCOMPARE(world.locals.gone.load(), 2);
}

void TestCombinatorsGroups::failureAtOnce()
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<> {
        group.spawn(fails(&world, 0ms, 7));
        group.spawn(after(&world, 0ms, 1)); // too late
        co_await yieldNow();
        world.done += 2;
    };
    QCOMPARE(thrownBy([&] { run(withTaskGroup(body)); }), QByteArray("int 7"));
    QVERIFY(world.done.isEmpty());
    QCOMPARE(world.locals.made.load(), 1);
}

void TestCombinatorsGroups::joinThrowsAndErrorsKeepAll()
{
    World world;
    QList<int> errors;
    const Reported reported;
    const auto body = [&](TaskGroup &group) -> Task<int> {
        group.spawn(failsWhenCanceled(&world, 1));
        group.spawn(fails(&world, 1ms, 2));
        group.spawn(after(&world, 1h, 3));
        group.spawn(failsWhenCanceled(&world, 4));
        int thrown = 0;
        try {
            co_await group.join();
        } catch (int number) {
            thrown = number;
        }
        errors = numbersOf(group.errors());
        co_return thrown;
    };
    QCOMPARE(run(withTaskGroup(body)), 2);
    QCOMPARE(errors, (QList<int>{2, 1, 4}));
    QCOMPARE(world.locals.gone.load(), 4);
    QVERIFY(reported.numbers.isEmpty());
}

void TestCombinatorsGroups::bodyGoesOnAfterJoin()
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<int> {
        group.spawn(fails(&world, 1ms, 2));
        try {
            co_await sleepFor(1h);
        } catch (const CallCanceled &) {
        }
        int thrown = 0;
        try {
            co_await group.join(); // tells, and thereby gives the body its freedom back
        } catch (int number) {
            thrown = number;
        }
        co_await sleepFor(1ms);
        co_return thrown;
    };
    QCOMPARE(run(withTaskGroup(body)), 2);
}

void TestCombinatorsGroups::bodyThrows()
{
    World world;
    Reported reported;
    const auto body = [&](TaskGroup &group) -> Task<> {
        group.spawn(after(&world, 1h, 1));
        group.spawn(failsWhenCanceled(&world, 5));
        co_await yieldNow();
        throw 9;
    };
    QCOMPARE(thrownBy([&] { run(withTaskGroup(body)); }), QByteArray("int 9"));
    QCOMPARE(world.locals.gone.load(), 2);
    QCOMPARE(reported.numbers, (QList<int>{5})); // G16
}

void TestCombinatorsGroups::failuresNobodyAskedFor() // G16
{
    World world;
    Reported reported;
    const auto body = [&](TaskGroup &group) -> Task<> {
        group.spawn(failsWhenCanceled(&world, 1));
        group.spawn(fails(&world, 1ms, 2));
        co_return;
    };
    QCOMPARE(thrownBy([&] { run(withTaskGroup(body)); }), QByteArray("int 2"));
    QCOMPARE(reported.numbers, (QList<int>{1}));
}

void TestCombinatorsGroups::cancel()
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<int> {
        group.spawn(after(&world, 1h, 1));
        group.spawn(after(&world, 1h, 2));
        co_await yieldNow();
        group.cancel();
        co_await group.join(); // no failure
        co_await sleepFor(1ms);
        co_return static_cast<int>(group.errors().size());
    };
    QCOMPARE(run(withTaskGroup(body)), 0);
    QCOMPARE(world.locals.gone.load(), 2);
}

void TestCombinatorsGroups::nothingStartsAfterCancel()
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<> {
        group.cancel();
        group.spawn(after(&world, 0ms, 1));
        co_return;
    };
    run(withTaskGroup(body));
    QCOMPARE(world.locals.made.load(), 0);
}

void TestCombinatorsGroups::canceledFromOutside_data()
{
    QTest::addColumn<bool>("joins");
    QTest::newRow("in join()") << true;
    QTest::newRow("when leaving") << false;
}

void TestCombinatorsGroups::canceledFromOutside() // G10
{
    QFETCH(const bool, joins);
    World world;
    const auto body = [&](TaskGroup &group) -> Task<> {
        const Local local(world.locals);
        group.spawn(after(&world, 1h, 1));
        group.spawn(after(&world, 1h, 2));
        if (joins)
            co_await group.join();
    };
    const auto outer = [&]() -> Task<> {
        try {
            co_await withTaskGroup(body);
        } catch (const CallCanceled &) {
            world.done += world.locals.gone.load();
            throw;
        }
    };
    QFuture<void> future = spawn(outer());
    QCoreApplication::processEvents();
    future.cancel();
    QTRY_VERIFY(future.isFinished());
    QTRY_COMPARE(world.done, (QList<int>{3}));
    QCOMPARE(thrownBy([&] { run(withTimeout(withTaskGroup(body), 5ms)); }), QByteArray("CallTimeout"));
    QCOMPARE(world.locals.gone.load(), 6);
}

void TestCombinatorsGroups::joinWithTimeout()
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<int> {
        group.spawn(after(&world, 30ms, 1));
        bool timedOut = false;
        try {
            co_await withTimeout(group.join(), 1ms);
        } catch (const CallTimeout &) {
            timedOut = true;
        }
        const int before = static_cast<int>(group.size()); // the child is the group's, not the wait's
        co_await group.join();
        co_return timedOut ? before : -1;
    };
    QCOMPARE(run(withTaskGroup(body)), 1);
    QCOMPARE(world.done, (QList<int>{1}));
}

void TestCombinatorsGroups::joinInAChild()
{
    const auto child = [](TaskGroup *group) -> Task<> {
        co_await yieldNow();
        co_await whenAll(group->join());
    };
    const auto body = [&](TaskGroup &group) -> Task<> {
        group.spawn(child(&group));
        co_return;
    };
    QCOMPARE(thrownBy([&] { run(withTaskGroup(body)); }), QByteArray("DeadlockError"));
}

void TestCombinatorsGroups::joinTwice()
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<> {
        group.spawn(after(&world, 1ms, 1));
        co_await whenAll(group.join(), group.join());
    };
    QCOMPARE(thrownBy([&] { run(withTaskGroup(body)); }), QByteArray("CallError"));
}

void TestCombinatorsGroups::limitsAreThoseAroundTheGroup()
{
    World world;
    const auto childOfChild = [&]() -> Task<> {
        co_await yieldNow();
        world.done += currentDeadline().isForever() ? 1 : 0;
        co_await sleepFor(20ms);
        throwIfCanceled();
        world.done += 2;
    };
    const auto spawns = [&](TaskGroup *group) -> Task<> {
        group->spawn(childOfChild());
        co_await sleepFor(1h);
    };
    const auto child = [&](TaskGroup *group) -> Task<> {
        try {
            co_await withTimeout(spawns(group), 5ms);
        } catch (const CallTimeout &) {
            world.done += 3;
        }
    };
    const auto body = [&](TaskGroup &group) -> Task<> {
        group.spawn(child(&group));
        co_await group.join();
    };
    run(withTaskGroup(body));
    QCOMPARE(world.done, (QList<int>{1, 3, 2}));
}

void TestCombinatorsGroups::limitsOfTheBodyAreItsOwn()
{
    World world;
    const auto looks = [&]() -> Task<> {
        world.done += currentDeadline().isForever() ? 1 : 0;
        co_return;
    };
    const auto spawnsLate = [&](TaskGroup *group) -> Task<> {
        co_await sleepFor(1ms);
        group->spawn(looks()); // while the body is inside of its limit
    };
    const auto body = [&](TaskGroup &group) -> Task<> {
        group.spawn(spawnsLate(&group));
        co_await withTimeout(sleepFor(20ms), 1h);
        const DeadlineScope scope(1h);
        group.spawn(looks());
    };
    run(withTaskGroup(body));
    QCOMPARE(world.done, (QList<int>{1, 1}));
}

void TestCombinatorsGroups::contextIsTheSpawners() // G17
{
    static ContextVar<int> var("number", 0);
    QList<int> seen;
    const auto child = [&]() -> Task<> {
        seen += var.get();
        var.set(100);
        co_return;
    };
    const auto spawns = [&](TaskGroup *group) -> Task<> {
        var.set(2);
        co_await yieldNow();
        group->spawn(child());
    };
    const auto body = [&](TaskGroup &group) -> Task<> {
        var.set(1);
        group.spawn(child());
        group.spawn(spawns(&group));
        co_await group.join();
        seen += var.get();
    };
    run(withTaskGroup(body));
    QCOMPARE(seen, (QList<int>{1, 2, 1}));
}

void TestCombinatorsGroups::spawnedBySlot()
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<> {
        QTimer timer;
        timer.setSingleShot(true);
        QObject::connect(&timer, &QTimer::timeout, &timer, [&] { group.spawn(after(&world, 1ms, 1)); });
        timer.start(0);
        co_await sleepFor(10ms);
        world.done += 2;
    };
    run(withTaskGroup(body));
    QCOMPARE(world.done, (QList<int>{1, 2}));
}

void TestCombinatorsGroups::spawnInOtherThread()
{
    const auto body = [](TaskGroup &group) -> Task<QByteArray> {
        QByteArray thrown;
        JoinedThread thread([&] { thrown = thrownBy([&] { group.spawn(sleepFor(1ms)); }); });
        co_await sleepFor(1ms);
        thread.join();
        co_return thrown;
    };
    QCOMPARE(run(withTaskGroup(body)), QByteArray("CallError"));
}

void TestCombinatorsGroups::nested()
{
    World world;
    const auto inner = [&](TaskGroup &group) -> Task<> {
        group.spawn(after(&world, 1h, 1));
        group.spawn(failsWhenCanceled(&world, 3));
        co_await group.join();
    };
    const auto outer = [&](TaskGroup &group) -> Task<> {
        group.spawn(withTaskGroup(inner));
        group.spawn(whenAll(after(&world, 1h, 2), withTaskGroup(inner)));
        group.spawn(fails(&world, 1ms, 4));
        co_await group.join();
    };
    Reported reported;
    QCOMPARE(thrownBy([&] { run(withTaskGroup(outer)); }), QByteArray("int 4"));
    QCOMPARE(world.locals.made.load(), world.locals.gone.load());
    QCOMPARE(reported.numbers, (QList<int>{3, 3}));
}

void TestCombinatorsGroups::destroyed() // G12
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<> {
        const Local local(world.locals);
        group.spawn(after(&world, 1h, 1));
        group.spawn(failsWhenCanceled(&world, 3));
        co_await group.join();
    };
    auto owner = std::make_unique<QObject>();
    const QFuture<void> future = spawn(owner.get(), withTaskGroup(body));
    QCoreApplication::processEvents();
    owner.reset();
    QCOMPARE(world.locals.gone.load(), 3);
    QVERIFY(future.isFinished());
}

void TestCombinatorsGroups::shutdownEndsIt() // G20
{
    World world;
    const auto body = [&](TaskGroup &group) -> Task<> {
        const Local local(world.locals);
        group.spawn(after(&world, 1h, 1));
        group.spawn(whenAll(after(&world, 1h, 1), after(&world, 1h, 1)));
        co_await group.join();
    };
    const auto start = [&]() -> Task<> { co_await withTaskGroup(body); };
    const QFuture<void> future = callAny(start);
    callSync(sleepFor<int, std::milli>, 1ms); // on the same loop: it has begun
    QVERIFY(shutdown(QDeadlineTimer(10'000)));
    QVERIFY(future.isFinished());
    QCOMPARE(world.locals.gone.load(), 4);
}

QTEST_GUILESS_MAIN(TestCombinatorsGroups)
#include "tst_combinators_groups.moc"
