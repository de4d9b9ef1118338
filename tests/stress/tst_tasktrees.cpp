// Random trees of tasks that wait for one another in every way there is, on several threads, with
// random cancellation, time limits and owner deaths: every tree ends, every await settles, every local
// is destroyed once, and nothing is left. SEED repeats a run (its shapes, not its timing), TREES sets
// how many.
#include "../auto/support/waiting.h"

#include <Synchronaut/FutureCoroutine>

#include <QtCore/QElapsedTimer>
#include <QtCore/QPointer>
#include <QtCore/QSemaphore>
#include <QtTest/QTest>

#include <array>
#include <memory>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

constexpr int batchSize = 50;
constexpr int driverCount = 3;

using Random = std::minstd_rand;

/// How an await has ended.
enum End { Returned, Threw, Destroyed, EndCount };

struct World
{
    Counter locals;
    std::atomic<qint64> awaitsBegun{0};
    std::array<std::atomic<qint64>, EndCount> awaitsEnded{};
    std::array<std::atomic<qint64>, 5> outcomes{}; ///< of trees, see outcomeOf()
    std::atomic<qint64> unobserved{0};
    std::atomic<int> onPool{0};
    QObject *elsewhere = nullptr; ///< lives in a thread with a loop
};

/// Stands around one await.
class Await
{
public:
    explicit Await(World *world) : m_world(world) { ++m_world->awaitsBegun; }
    ~Await() { ++m_world->awaitsEnded[m_end]; }
    Await(const Await &) = delete;
    Await &operator=(const Await &) = delete;
    void ended(End end) { m_end = end; }

private:
    World *m_world;
    End m_end = Destroyed;
};

/// A number below \a limit.
int below(Random &random, int limit)
{
    return static_cast<int>(random() % static_cast<unsigned>(limit));
}

std::chrono::microseconds shortTime(Random &random)
{
    return std::chrono::microseconds(below(random, 3000));
}

int onPool(World *world, int turns)
{
    ++world->onPool;
    spin(turns);
    --world->onPool;
    return 1;
}

/// For a while that only its cancellation ends early.
int patientOnPool(World *world)
{
    ++world->onPool;
    const QDeadlineTimer limit(5);
    while (!isCanceled() && !limit.hasExpired())
        QThread::usleep(100);
    --world->onPool;
    return 1;
}

Task<int> node(World *world, unsigned seed, int depth);

QFuture<int> futureNode(World *world, unsigned seed, int depth)
{
    const Local local(world->locals);
    co_return co_await node(world, seed, depth);
}

/// As many children as fit, of random kinds.
std::vector<Task<int>> children(World *world, Random &random, int depth)
{
    std::vector<Task<int>> tasks;
    const int count = 1 + below(random, 4);
    for (int i = 0; i < count; ++i)
        tasks.push_back(node(world, static_cast<unsigned>(random()), depth - 1));
    return tasks;
}

/// Adds children to its group while that is joined.
Task<int> adder(World *world, TaskGroup *group, unsigned seed, int depth)
{
    Random random(seed);
    const Local local(world->locals);
    co_await sleepFor(shortTime(random));
    group->spawn(node(world, static_cast<unsigned>(random()), depth - 1));
    if (below(random, 3) == 0)
        group->spawn(adder(world, group, static_cast<unsigned>(random()), depth - 1));
    if (below(random, 10) == 0)
        group->cancel();
    co_return 1;
}

Task<int> groupNode(World *world, unsigned seed, int depth)
{
    Random random(seed);
    const auto body = [&](TaskGroup &group) -> Task<int> {
        const Local local(world->locals);
        for (Task<int> &child : children(world, random, depth))
            group.spawn(std::move(child));
        group.spawn(adder, world, &group, static_cast<unsigned>(random()), depth);
        group.spawn(onPool, world, below(random, 1000));
        if (below(random, 2) == 0) {
            co_await sleepFor(shortTime(random));
            if (below(random, 4) == 0)
                group.cancel();
        }
        if (below(random, 2) == 0)
            co_await group.join();
        co_return 1;
    };
    co_return co_await withTaskGroup(body);
}

/// Waits for one thing.
Task<int> leaf(World *world, Random &random)
{
    switch (below(random, 12)) {
    case 0:
        co_return 1;
    case 1:
        co_await yieldNow();
        co_return 1;
    case 2:
    case 3:
        co_await sleepFor(shortTime(random));
        co_return 1;
    case 4:
        co_await sleepFor(1h); // ends by cancellation only
        co_return 1;
    case 5:
        co_return co_await callAsync(onPool, world, below(random, 1000));
    case 6:
        co_return co_await callAsync(patientOnPool, world);
    case 7: {
        const QFuture<int> named = callAny(onPool, world, below(random, 1000));
        co_return co_await named;
    }
    case 8:
        co_return co_await callAny(CallOptions{.forceOffload = true}, patientOnPool, world);
    case 9:
        co_return co_await callOn(world->elsewhere, onPool, world, below(random, 100));
    case 10: {
        const CancellationShield shield;
        co_await sleepFor(shortTime(random));
        co_return 1;
    }
    default:
        co_await yieldNow();
        throw 1;
    }
}

/// Waits for others.
Task<int> branch(World *world, Random &random, int depth)
{
    const auto seed = static_cast<unsigned>(random());
    switch (below(random, 12)) {
    case 0:
        co_return co_await node(world, seed, depth - 1);
    case 1:
        co_return co_await callAsync(node, world, seed, depth - 1);
    case 2: {
        const auto values = co_await whenAll(children(world, random, depth));
        co_return static_cast<int>(values.size());
    }
    case 3: {
        const auto all = co_await whenAll(node(world, seed, depth - 1), sleepFor(shortTime(random)),
                                          callAny(onPool, world, 10));
        co_return std::get<0>(all);
    }
    case 4:
        co_return co_await race(children(world, random, depth));
    case 5: {
        const auto any = co_await whenAny(node(world, seed, depth - 1), sleepFor(shortTime(random)),
                                          callAsync(patientOnPool, world));
        co_return static_cast<int>(any.index);
    }
    case 6:
    case 7:
        co_return co_await groupNode(world, seed, depth);
    case 8:
        co_return co_await withTimeout(node(world, seed, depth - 1), shortTime(random));
    case 9: {
        const DeadlineScope scope(shortTime(random));
        co_return co_await node(world, seed, depth - 1);
    }
    case 10:
        co_return co_await futureNode(world, seed, depth - 1);
    default:
        co_await withTimeout(whenAll(children(world, random, depth)), shortTime(random));
        co_return 1;
    }
}

/// Some recover from what has hit them, some clean up first.
Task<int> node(World *world, unsigned seed, int depth)
{
    Random random(seed);
    const Local local(world->locals);
    const auto second = std::make_unique<Local>(world->locals);
    std::exception_ptr error;
    try {
        Await await(world);
        try {
            int value = 0; // no await in a conditional expression: GCC 12
            if (depth == 0 || below(random, 4) == 0)
                value = co_await leaf(world, random);
            else
                value = co_await branch(world, random, depth);
            await.ended(Returned);
            co_return value;
        } catch (...) {
            await.ended(Threw);
            throw;
        }
    } catch (...) {
        error = std::current_exception();
    }
    const int mood = below(random, 4);
    if (mood == 0) {
        const CancellationShield shield;
        co_await sleepFor(shortTime(random) / 4);
    } else if (mood == 1) {
        co_return 0;
    }
    std::rethrow_exception(error);
}

/// Which of the outcomes that may be; -1: another one.
int outcomeOf(QFuture<int> future)
{
    QByteArray thrown = thrownBy([&] { future.waitForFinished(); });
    if (thrown == "nothing" && future.resultCount() == 0 && future.isCanceled())
        thrown = "CallCanceled"; // by our own cancel(), of which Qt keeps no error
    const QByteArray known[] = {"nothing", "int 1", "CallTimeout", "CallCanceled"};
    for (int i = 0; i < 4; ++i) {
        if (thrown == known[i])
            return i;
    }
    qWarning("unexpected: %s", thrown.constData());
    return -1;
}

/// One tree, on the thread that plants it.
struct Tree
{
    QFuture<int> future;
    std::unique_ptr<QObject> owner;
    int cancelAt = -1; ///< rounds; -1: never
    int dieAt = -1;
};

/// Plants batches of trees on this thread and disturbs them.
bool drive(World *world, unsigned seed, int trees)
{
    Random random(seed);
    QElapsedTimer watchdog;
    for (int planted = 0; planted < trees; planted += batchSize) {
        std::vector<Tree> batch(batchSize);
        std::vector<QFuture<int>> forOthers;
        for (Tree &tree : batch) {
            const auto shape = static_cast<unsigned>(random());
            const int depth = 1 + below(random, 4);
            const auto limit = std::chrono::milliseconds(2 + below(random, 10));
            auto limited = withTimeout(node(world, shape, depth), limit);
            switch (below(random, 6)) {
            case 0:
            case 1:
            case 2:
                tree.owner = std::make_unique<QObject>();
                tree.dieAt = below(random, 8);
                tree.future = spawn(tree.owner.get(), std::move(limited));
                break;
            case 3:
                tree.cancelAt = below(random, 8);
                tree.future = spawn(std::move(limited));
                break;
            case 4:
                forOthers.push_back(spawn(std::move(limited)));
                tree.future = forOthers.back();
                break;
            default:
                tree.future = spawn(std::move(limited));
                break;
            }
            if (below(random, 10) == 0)
                QCoreApplication::processEvents();
        }
        const auto otherSeed = static_cast<unsigned>(random());
        JoinedThread other([otherSeed, &forOthers] { // cancels from another thread
            Random mine(otherSeed);
            for (QFuture<int> &future : forOthers) {
                QThread::usleep(static_cast<unsigned long>(below(mine, 300)));
                future.cancel();
            }
        });
        watchdog.start();
        for (int round = 0;; ++round) {
            bool allEnded = true;
            for (Tree &tree : batch) {
                if (tree.cancelAt == round)
                    tree.future.cancel();
                if (tree.dieAt == round) {
                    tree.owner.reset();
                    if (!tree.future.isFinished()) {
                        qWarning("a tree has outlived its owner");
                        return false;
                    }
                }
                allEnded = allEnded && tree.future.isFinished();
            }
            if (allEnded)
                break;
            if (watchdog.hasExpired(20'000)) {
                qWarning("a tree has not ended");
                return false;
            }
            QCoreApplication::processEvents(QEventLoop::AllEvents);
            if (round > 8)
                QThread::usleep(100);
        }
        other.join();
        for (const Tree &tree : batch) {
            const int outcome = outcomeOf(tree.future);
            if (outcome < 0)
                return false;
            ++world->outcomes[static_cast<std::size_t>(outcome)];
        }
    }
    return true;
}

} // namespace

class tst_TaskTrees : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void trees();
};

void tst_TaskTrees::trees()
{
    const unsigned seed = qEnvironmentVariableIsSet("SEED")
            ? static_cast<unsigned>(qEnvironmentVariableIntValue("SEED"))
            : std::random_device{}();
    const int total =
            qEnvironmentVariableIsSet("TREES") ? qEnvironmentVariableIntValue("TREES") : 10'000;
    qInfo("seed %u, %d trees", seed, total);

    World world;
    onUnobservedError([&world](const UnobservedError &) { ++world.unobserved; });
    {
        LoopThread elsewhere;
        world.elsewhere = elsewhere.object();
        std::atomic<int> failed{0};
        {
            std::vector<std::unique_ptr<QThread>> drivers;
            for (int i = 1; i < driverCount; ++i) {
                drivers.emplace_back(QThread::create([&, i] {
                    QEventLoop loop; // so that there is a dispatcher
                    if (!drive(&world, seed + static_cast<unsigned>(i), total / driverCount))
                        ++failed;
                }));
                drivers.back()->start();
            }
            if (!drive(&world, seed, total / driverCount))
                ++failed;
            for (const auto &driver : drivers)
                QVERIFY(driver->wait(100'000));
        }
        QCOMPARE(failed.load(), 0);
        QTRY_COMPARE_WITH_TIMEOUT(world.onPool.load(), 0, 10'000);
        QTRY_COMPARE_WITH_TIMEOUT(world.locals.gone.load(), world.locals.made.load(), 10'000);
    }
    QVERIFY(shutdown(QDeadlineTimer(10'000)));
    onUnobservedError({});

    QCOMPARE(world.locals.gone.load(), world.locals.made.load());
    const qint64 ended = world.awaitsEnded[Returned] + world.awaitsEnded[Threw] + world.awaitsEnded[Destroyed];
    QCOMPARE(ended, world.awaitsBegun.load());
    qInfo("%d locals; awaits: %lld returned, %lld threw, %lld destroyed; trees: %lld values, %lld failures, "
          "%lld timeouts, %lld cancelled; %lld errors logged",
          world.locals.made.load(), qint64(world.awaitsEnded[Returned]), qint64(world.awaitsEnded[Threw]),
          qint64(world.awaitsEnded[Destroyed]), qint64(world.outcomes[0]), qint64(world.outcomes[1]),
          qint64(world.outcomes[2]), qint64(world.outcomes[3]), qint64(world.unobserved));
    for (const auto &count : world.awaitsEnded)
        QVERIFY(count > 0);
    for (int i = 0; i < 4; ++i)
        QVERIFY(world.outcomes[static_cast<std::size_t>(i)] > 0);
}

QTEST_GUILESS_MAIN(tst_TaskTrees)
#include "tst_tasktrees.moc"
