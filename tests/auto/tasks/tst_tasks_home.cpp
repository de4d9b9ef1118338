// The home rule: a task resumes on the thread it was started on, whatever thread completes what
// it awaits; and what happens when that thread ends.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

int onPool()
{
    return 1;
}

Task<int> nap()
{
    co_await sleepFor(100us);
    co_return 1;
}

/// Resumes on a thread of its own, as other libraries' awaitables do.
struct ResumesElsewhere
{
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> frame) const
    {
        std::thread([frame] { frame.resume(); }).detach();
    }
    void await_resume() const noexcept { }
};

Task<int> timesAtHome(QObject *elsewhere, int turns)
{
    const QThread *const home = QThread::currentThread();
    int right = 0;
    const auto look = [&right, home] { right += QThread::currentThread() == home ? 1 : 0; };
    for (int i = 0; i < turns; ++i) {
        co_await sleepFor(100us);
        look();
        co_await callAsync(onPool);
        look();
        co_await callAsync(nap);
        look();
        co_await callOn(elsewhere, nap);
        look();
        co_await callOn(elsewhere, onPool);
        look();
        co_await ResumesElsewhere();
        look();
        QPromise<int> promise;
        promise.start();
        QFuture<int> future = promise.future();
        std::thread finisher([finished = std::move(promise)]() mutable {
            finished.addResult(1);
            finished.finish();
        });
        co_await future;
        look();
        finisher.join();
        co_await yieldNow();
        look();
    }
    co_return right;
}

constexpr int looksATurn = 8;

} // namespace

class TestTasksHome : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void homeIsTheMainThread();
    void homeIsAQThread();
    void homeIsTheBackgroundLoop();
    void homeIsAnEventLoopThread();
    void manyTasksManyHomes();
    void startsAtOnceUpToTheFirstSuspension();
    void spawnWithoutALoopGoesOnWhenOneRuns();
    void threadEndsWhileSuspended();
    void threadEndsWithoutEverTurningALoop();
    void threadEndsWhileAwaitedFromElsewhere();
    void yieldingKeepsNobodyWaiting();
};

void TestTasksHome::homeIsTheMainThread()
{
    LoopThread elsewhere;
    const int turns = rounds(20, 5);
    QCOMPARE(run(timesAtHome(elsewhere.object(), turns)), looksATurn * turns);
}

void TestTasksHome::homeIsAQThread()
{
    LoopThread elsewhere;
    LoopThread home;
    const int turns = rounds(20, 5);
    const QFuture<int> future =
            callOn(home.object(), timesAtHome, elsewhere.object(), turns);
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), looksATurn * turns);
}

void TestTasksHome::homeIsTheBackgroundLoop()
{
    LoopThread elsewhere;
    const int turns = rounds(20, 5);
    QCOMPARE(callSync(timesAtHome, elsewhere.object(), turns), looksATurn * turns);
    const QFuture<int> future = callAny(timesAtHome, elsewhere.object(), turns);
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), looksATurn * turns);
}

void TestTasksHome::homeIsAnEventLoopThread()
{
    LoopThread elsewhere;
    EventLoopThread home(QStringLiteral("home"));
    QObject target;
    target.moveToThread(home.thread());
    const int turns = rounds(20, 5);
    QCOMPARE(callOnSync(&target, timesAtHome, elsewhere.object(), turns), looksATurn * turns);
    QVERIFY(home.stop(QDeadlineTimer(10s)));
}

void TestTasksHome::manyTasksManyHomes()
{
    LoopThread elsewhere;
    LoopThread first;
    LoopThread second;
    std::vector<QFuture<int>> all;
    const int tasks = rounds(30, 10);
    for (int i = 0; i < tasks; ++i) {
        all.push_back(callOn(first.object(), timesAtHome, second.object(), 3));
        all.push_back(callOn(second.object(), timesAtHome, first.object(), 3));
        all.push_back(callAny(timesAtHome, elsewhere.object(), 3));
    }
    for (const auto &future : all) {
        QVERIFY(finishes(future, 60s));
        QCOMPARE(future.result(), looksATurn * 3);
    }
}

void TestTasksHome::startsAtOnceUpToTheFirstSuspension()
{
    int steps = 0;
    const auto task = [&steps]() -> Task<int> {
        steps = 1;
        co_await yieldNow();
        steps = 2;
        co_return 5;
    };
    const QFuture<int> future = spawn(task());
    QCOMPARE(steps, 1);
    QVERIFY(!future.isFinished());
    QVERIFY(QTest::qWaitFor([&] { return future.isFinished(); }, 5000));
    QCOMPARE(steps, 2);
    QCOMPARE(future.result(), 5);
}

void TestTasksHome::spawnWithoutALoopGoesOnWhenOneRuns()
{
    class Late : public QThread
    {
    public:
        std::atomic<int> stage{0};
        QFuture<int> future;
        bool finishedWithoutLoop = true;

    protected:
        void run() override
        {
            const QThread *const home = currentThread();
            const auto task = [](const QThread *expected) -> Task<int> {
                co_await sleepFor(1ms);
                co_await callAsync(onPool);
                co_return currentThread() == expected ? 6 : -1;
            };
            future = spawn(task(home));
            msleep(20); // both would have come by now
            finishedWithoutLoop = future.isFinished();
            stage = 1;
            QTimer poll;
            QObject::connect(&poll, &QTimer::timeout, &poll, [this] {
                if (future.isFinished())
                    quit();
            });
            poll.start(1);
            exec();
        }
    };
    Late thread;
    thread.start();
    QVERIFY(thread.wait(20000));
    QVERIFY(!thread.finishedWithoutLoop);
    QCOMPARE(thread.future.result(), 6);
}

void TestTasksHome::threadEndsWhileSuspended()
{
    for (int round = 0; round < rounds(50, 10); ++round) {
        LoopThread home;
        LoopThread elsewhere;
        Counter counter;
        const auto task = [&]() -> Task<int> {
            const Local local(counter);
            // a completion may be under way when the thread ends
            for (;;)
                co_await callOn(elsewhere.object(), onPool);
        };
        const QFuture<int> future = callOn(home.object(), task);
        QVERIFY(eventually([&] { return counter.made == 1; }));
        home.end();
        QVERIFY(finishes(future, 10s));
        QCOMPARE(thrownBy([&] { static_cast<void>(future.result()); }), QByteArray("LoopStopped"));
        QCOMPARE(counter.gone.load(), 1);
    }
}

// A plain std::thread: its tasks end with it.
void TestTasksHome::threadEndsWithoutEverTurningALoop()
{
    Counter counter;
    QFuture<int> future;
    JoinedThread([&] {
        const auto task = [](Counter *count) -> Task<int> {
            const Local local(*count);
            co_await sleepFor(1ms);
            co_return 1;
        };
        future = spawn(task(&counter));
    }).join();
    QCOMPARE(counter.made.load(), 1);
    QCOMPARE(counter.gone.load(), 1);
    QVERIFY(finishes(future, 5s));
    QCOMPARE(thrownBy([&] { static_cast<void>(future.result()); }), QByteArray("LoopStopped"));
}

void TestTasksHome::threadEndsWhileAwaitedFromElsewhere()
{
    LoopThread home;
    const auto forever = []() -> Task<int> {
        co_await sleepFor(1h);
        co_return 1;
    };
    const auto awaiting = [&]() -> Task<QByteArray> {
        QByteArray thrown = "nothing";
        try {
            co_await callOn(home.object(), forever);
        } catch (const LoopStopped &) {
            thrown = "LoopStopped";
        }
        co_return thrown;
    };
    const QFuture<QByteArray> future = callAny(awaiting);
    QThread::msleep(5);
    home.end();
    QVERIFY(finishes(future, 10s));
    QCOMPARE(future.result(), QByteArray("LoopStopped"));
}

void TestTasksHome::yieldingKeepsNobodyWaiting()
{
    // a task that only ever yields is ready all the time: messages come in between
    QObject here;
    std::atomic<bool> yielding{false};
    bool told = false;
    const auto yields = [&]() -> Task<int> {
        int rounds = 0;
        while (!told) {
            ++rounds;
            yielding = true;
            co_await yieldNow();
        }
        co_return rounds;
    };
    const auto tell = [&] { told = true; };
    const QFuture<void> teller = callAny({.forceOffload = true}, [&] {
        eventually([&] { return yielding.load(); });
        callOnSync(&here, tell);
    });
    QVERIFY(run(yields()) > 0);
    QVERIFY(finishes(teller));
}

QTEST_GUILESS_MAIN(TestTasksHome)
#include "tst_tasks_home.moc"
