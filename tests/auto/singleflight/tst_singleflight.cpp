// One execution for all who ask meanwhile.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <QtCore/QSemaphore>
#include <QtCore/QThreadPool>

#include <memory>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

/// What is executed: counts itself, and ends when it is let go or cancelled.
struct Work
{
    std::atomic<int> begun{0};
    std::atomic<int> ended{0};
    std::atomic<bool> release{false};

    int plain()
    {
        const int number = ++begun;
        static_cast<void>(eventually([this] { return release || isCanceled(); }));
        ++ended;
        return number;
    }
    Task<int> async()
    {
        const int number = ++begun;
        struct End
        {
            ~End() { ++*ended; }
            std::atomic<int> *ended;
        } end{&ended};
        while (!release)
            co_await sleepFor(1ms);
        co_return number;
    }
};

} // namespace

class TestSingleFlight : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void thousandCallersOneExecution_data();
    void thousandCallersOneExecution();
    void directExecutionIsShared();
    void notACache();
    void keysAreApart();
    void errorsAreShared();
    void leaderLeaves_data();
    void leaderLeaves();
    void followerLeaves();
    void lastToLeaveCancels_data();
    void lastToLeaveCancels();
    void afterTheLastHasLeft();
    void deadlineOfTheFirstIsItsOwn();
    void awaitingTaskIsCanceled();
    void reset();
    void reentrant();
    void reentrantWithAnotherKey();
    void fromAContinuation();
    void destroyedMeanwhile();
    void voids();
    void badInput();
    void contextOfTheFirst();
    void shutdownEndsAll();
    void racingWithTheEnd();
};

// Errors whose future is dropped on purpose are no news.
void TestSingleFlight::init()
{
    onUnobservedError([](const UnobservedError &) {});
}

void TestSingleFlight::thousandCallersOneExecution_data()
{
    QTest::addColumn<bool>("async");
    QTest::addRow("plain") << false;
    QTest::addRow("async") << true;
}

void TestSingleFlight::thousandCallersOneExecution()
{
    QFETCH(const bool, async);
    constexpr int threads = 20;
    constexpr int each = 50;
    SingleFlight<int> flight;
    Work work;
    std::atomic<int> asked{0};
    std::atomic<int> sum{0};
    {
        std::vector<JoinedThread> callers;
        for (int t = 0; t < threads; ++t) {
            callers.emplace_back([&] {
                // the first to ask for a plain one is not to execute it itself
                const CallModeScope mode(async ? CallMode::Sync : CallMode::Async);
                std::vector<QFuture<int>> futures;
                for (int i = 0; i < each; ++i) {
                    futures.push_back(async ? flight.runOnce(&Work::async, &work)
                                            : flight.runOnce(&Work::plain, &work));
                    ++asked;
                }
                for (const QFuture<int> &future : futures)
                    sum += future.result();
            });
        }
        static_cast<void>(eventually([&asked] { return asked == threads * each; }));
        work.release = true;
    }
    QCOMPARE(work.begun, 1);
    QCOMPARE(sum, threads * each);
}

// In sync code the first one executes on its own thread; the others wait for that.
void TestSingleFlight::directExecutionIsShared()
{
    SingleFlight<int> flight;
    Work work;
    std::atomic<int> sum{0};
    {
        std::vector<JoinedThread> callers;
        for (int t = 0; t < 10; ++t)
            callers.emplace_back([&] { sum += flight.runOnce(&Work::plain, &work).result(); });
        static_cast<void>(eventually([&work] { return work.begun == 1; }));
        QThread::msleep(20); // for the others to ask, most of the time
        work.release = true;
    }
    QVERIFY(work.begun >= 1);
    QVERIFY(sum >= 10);
}

void TestSingleFlight::notACache()
{
    SingleFlight<int> flight;
    int calls = 0;
    const auto next = [&calls] { return ++calls; };
    QCOMPARE(flight.runOnce(next).result(), 1);
    QCOMPARE(flight.runOnce(next).result(), 2);
}

void TestSingleFlight::keysAreApart()
{
    SingleFlight<int, QString> flight;
    Work a;
    Work b;
    std::vector<QFuture<int>> futures;
    for (int i = 0; i < 3; ++i) {
        futures.push_back(flight.runOnce(QStringLiteral("a"), &Work::async, &a));
        futures.push_back(flight.runOnce(QStringLiteral("b"), &Work::async, &b));
    }
    QVERIFY(eventually([&] { return a.begun == 1 && b.begun == 1; }));
    a.release = true;
    QVERIFY(finishes(futures.front()));
    QVERIFY(!futures.back().isFinished());
    b.release = true;
    for (const auto &future : futures)
        QCOMPARE(future.result(), 1);
    QCOMPARE(a.begun, 1);
    QCOMPARE(b.begun, 1);
}

void TestSingleFlight::errorsAreShared()
{
    SingleFlight<int> flight;
    std::atomic<bool> release{false};
    const auto fail = [&release]() -> Task<int> {
        while (!release)
            co_await sleepFor(1ms);
        throw 5;
    };
    std::vector<QFuture<int>> futures;
    for (int i = 0; i < 5; ++i)
        futures.push_back(flight.runOnce(fail));
    release = true;
    for (auto &future : futures)
        QCOMPARE(thrownBy([&] { future.waitForFinished(); }), "int 5");
}

void TestSingleFlight::leaderLeaves_data()
{
    QTest::addColumn<bool>("async");
    QTest::addRow("plain") << false;
    QTest::addRow("async") << true;
}

void TestSingleFlight::leaderLeaves()
{
    QFETCH(const bool, async);
    const CallModeScope mode(async ? CallMode::Sync : CallMode::Async); // plain: on the pool
    SingleFlight<int> flight;
    Work work;
    const auto ask = [&] {
        return async ? flight.runOnce(&Work::async, &work) : flight.runOnce(&Work::plain, &work);
    };
    QFuture<int> leader = ask();
    QVERIFY(eventually([&] { return work.begun == 1; }));
    const QFuture<int> follower = ask();
    leader.cancel();
    QVERIFY(finishes(leader)); // at once
    QVERIFY(!follower.isFinished());
    QCOMPARE(work.ended, 0);
    const QFuture<int> late = ask();
    work.release = true;
    QCOMPARE(follower.result(), 1);
    QCOMPARE(late.result(), 1);
    QCOMPARE(work.begun, 1);
}

void TestSingleFlight::followerLeaves()
{
    SingleFlight<int> flight;
    Work work;
    const QFuture<int> leader = flight.runOnce(&Work::async, &work);
    QFuture<int> follower = flight.runOnce(&Work::async, &work);
    const QFuture<int> other = flight.runOnce(&Work::async, &work);
    follower.cancel();
    QVERIFY(finishes(follower));
    QVERIFY(!leader.isFinished());
    work.release = true;
    QCOMPARE(leader.result(), 1);
    QCOMPARE(other.result(), 1);
    QVERIFY(follower.isCanceled());
}

void TestSingleFlight::lastToLeaveCancels_data()
{
    leaderLeaves_data();
}

void TestSingleFlight::lastToLeaveCancels()
{
    QFETCH(const bool, async);
    const CallModeScope mode(async ? CallMode::Sync : CallMode::Async);
    SingleFlight<int> flight;
    Work work;
    std::vector<QFuture<int>> futures;
    for (int i = 0; i < 10; ++i)
        futures.push_back(async ? flight.runOnce(&Work::async, &work)
                                : flight.runOnce(&Work::plain, &work));
    QVERIFY(eventually([&] { return work.begun == 1; }));
    for (int i = 0; i < 9; ++i)
        futures[static_cast<std::size_t>(i)].cancel();
    QVERIFY(finishes(futures.front()));
    QCOMPARE(work.ended, 0);
    futures.back().cancel();
    QVERIFY(eventually([&] { return work.ended == 1; }));
    QVERIFY(finishes(futures.back()));
    QVERIFY(Synchronaut::blockingPool().waitForDone(20'000));
}

// Who asks then does not get on what is coming down.
void TestSingleFlight::afterTheLastHasLeft()
{
    const CallModeScope mode(CallMode::Async);
    SingleFlight<int> flight;
    std::atomic<bool> release{false};
    std::atomic<int> begun{0};
    const auto deaf = [&] {
        const int number = ++begun;
        static_cast<void>(eventually([&release] { return release.load(); }));
        return number;
    };
    QFuture<int> first = flight.runOnce(deaf);
    QVERIFY(eventually([&] { return begun == 1; }));
    first.cancel();
    QVERIFY(finishes(first));
    const QFuture<int> second = flight.runOnce(deaf);
    QVERIFY(eventually([&] { return begun == 2; }));
    release = true;
    QCOMPARE(second.result(), 2);
    QVERIFY(Synchronaut::blockingPool().waitForDone(20'000));
}

void TestSingleFlight::deadlineOfTheFirstIsItsOwn()
{
    SingleFlight<int> flight;
    Work work;
    std::atomic<bool> forever{false};
    const auto begin = [&]() -> QFuture<int> { return flight.runOnce(&Work::async, &work); };
    const JoinedThread impatient([&] {
        QCOMPARE(thrownBy([&] { callSync({.timeout = 100ms}, begin); }), "CallTimeout");
        forever = true;
    });
    QVERIFY(eventually([&] { return work.begun == 1; }));
    const QFuture<int> follower = flight.runOnce(&Work::async, &work);
    QVERIFY(eventually([&] { return forever.load(); }));
    work.release = true;
    QCOMPARE(follower.result(), 1);
    QCOMPARE(work.begun, 1);
}

void TestSingleFlight::awaitingTaskIsCanceled()
{
    SingleFlight<int> flight;
    Work work;
    const auto ask = [&]() -> Task<int> { co_return co_await flight.runOnce(&Work::async, &work); };
    QFuture<int> first = callAny(ask);
    const QFuture<int> second = callAny(ask);
    QVERIFY(eventually([&] { return work.begun == 1; }));
    first.cancel();
    QVERIFY(finishes(first));
    work.release = true;
    QCOMPARE(second.result(), 1);
}

void TestSingleFlight::reset()
{
    SingleFlight<int> flight;
    Work work;
    const QFuture<int> old = flight.runOnce(&Work::async, &work);
    QVERIFY(eventually([&] { return work.begun == 1; }));
    flight.reset();
    const QFuture<int> fresh = flight.runOnce(&Work::async, &work);
    QVERIFY(eventually([&] { return work.begun == 2; }));
    flight.reset();
    flight.reset();
    work.release = true;
    QCOMPARE(old.result(), 1);
    QCOMPARE(fresh.result(), 2);
}

void TestSingleFlight::reentrant()
{
    SingleFlight<int> flight;
    const auto inner = [] { return 1; };
    const auto direct = [&] { return flight.runOnce(inner).result(); };
    QCOMPARE(thrownBy([&] { flight.runOnce(direct).waitForFinished(); }), "DeadlockError");

    // through a pool thread, a task and a batch
    const auto deep = [&]() -> Task<int> {
        const auto offloaded = [&] {
            const auto task = [&]() -> Task<int> { co_return co_await flight.runOnce(inner); };
            return callSync(task);
        };
        const QList<Call<int>> calls(1, call(offloaded));
        const QList<int> results = co_await parallelMap(calls);
        co_return results.first();
    };
    QCOMPARE(thrownBy([&] { flight.runOnce(deep).waitForFinished(); }), "DeadlockError");
    QCOMPARE(flight.runOnce(inner).result(), 1); // all is well again
}

void TestSingleFlight::reentrantWithAnotherKey()
{
    SingleFlight<int, int> flight;
    const std::function<int(int)> down = [&](int i) {
        return i == 0 ? 0 : 1 + flight.runOnce(i - 1, down, i - 1).result();
    };
    QCOMPARE(flight.runOnce(5, down, 5).result(), 5);
}

void TestSingleFlight::fromAContinuation()
{
    SingleFlight<int> flight;
    Work work;
    QFuture<int> again;
    std::atomic<bool> asked{false};
    QFuture<void> continuation = flight.runOnce(&Work::async, &work).then([&](int) {
        again = flight.runOnce(&Work::async, &work); // the first is over by now
        asked = true;
    });
    work.release = true;
    QVERIFY(finishes(continuation));
    QVERIFY(asked);
    QCOMPARE(again.result(), 2);
}

void TestSingleFlight::destroyedMeanwhile()
{
    auto flight = std::make_unique<SingleFlight<int, QString>>();
    Work work;
    const QFuture<int> future = flight->runOnce(QStringLiteral("a"), &Work::async, &work);
    QVERIFY(eventually([&] { return work.begun == 1; }));
    flight.reset();
    work.release = true;
    QCOMPARE(future.result(), 1);
}

void TestSingleFlight::voids()
{
    SingleFlight<void, int> flight;
    std::atomic<int> calls{0};
    std::atomic<bool> release{false};
    const auto work = [&]() -> Task<> {
        ++calls;
        while (!release)
            co_await sleepFor(1ms);
    };
    std::vector<QFuture<void>> futures;
    for (int i = 0; i < 5; ++i)
        futures.push_back(flight.runOnce(1, work));
    release = true;
    for (auto &future : futures)
        future.waitForFinished();
    QCOMPARE(calls, 1);
}

void TestSingleFlight::badInput()
{
    SingleFlight<int> flight;
    int (*const null)() = nullptr;
    QCOMPARE(thrownBy([&] { flight.runOnce(null).waitForFinished(); }), "CallError");
    const std::function<Task<int>()> none;
    QCOMPARE(thrownBy([&] { flight.runOnce(none).waitForFinished(); }), "CallError");
    QCOMPARE(flight.runOnce([] { return 3; }).result(), 3);
}

void TestSingleFlight::contextOfTheFirst()
{
    static ContextVar<int> var("var", 0);
    SingleFlight<int> flight;
    std::atomic<bool> release{false};
    const auto get = [&release]() -> Task<int> {
        while (!release)
            co_await sleepFor(1ms);
        const int found = var.get();
        var.set(100);
        co_return found;
    };
    var.set(1);
    const QFuture<int> first = flight.runOnce(get);
    var.set(2);
    const QFuture<int> second = flight.runOnce(get);
    release = true;
    QCOMPARE(first.result(), 1);
    QCOMPARE(second.result(), 1);
    QCOMPARE(var.get(), 2);
    var.set(0);
}

void TestSingleFlight::shutdownEndsAll()
{
    SingleFlight<int> flight;
    Work work;
    std::vector<QFuture<int>> futures;
    for (int i = 0; i < 5; ++i)
        futures.push_back(flight.runOnce(&Work::async, &work));
    QVERIFY(eventually([&] { return work.begun == 1; }));
    QVERIFY(Synchronaut::shutdown(QDeadlineTimer(20s)));
    QCOMPARE(work.ended, 1);
    for (auto &future : futures) {
        QVERIFY(finishes(future));
        const QByteArray error = thrownBy([&] { future.waitForFinished(); });
        QVERIFY2(error == "CallCanceled" || error == "LoopStopped", error.constData());
    }
    const auto one = []() -> Task<int> { co_return 1; };
    QCOMPARE(flight.runOnce(one).result(), 1);
}

// Boarding, leaving and landing at the same moment, from several threads.
void TestSingleFlight::racingWithTheEnd()
{
    SingleFlight<int, int> flight;
    std::atomic<int> answers{0};
    const auto work = []() -> Task<int> {
        co_await yieldNow();
        co_return 7;
    };
    constexpr int threads = 6;
    const int each = rounds(2000, 200);
    {
        std::vector<JoinedThread> callers;
        for (int t = 0; t < threads; ++t) {
            callers.emplace_back([&, t] {
                for (int i = 0; i < each; ++i) {
                    QFuture<int> future = flight.runOnce(1, work);
                    if ((i + t) % 5 == 0)
                        future.cancel(); // never the only one for long
                    else
                        answers += future.result() == 7;
                }
            });
        }
    }
    QCOMPARE(answers, threads * each * 4 / 5);
}

QTEST_GUILESS_MAIN(TestSingleFlight)
#include "tst_singleflight.moc"
