// G19: how the machinery starts, and that use leaves nothing behind.
#include "../support/waiting.h"

#include <QtCore/QDebug>
#include <QtTest/QTest>

#include <latch>
#include <set>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> nap(int value)
{
    co_await sleepFor(200us);
    co_return value;
}

int plain(int value)
{
    return value;
}

int loopsOfOurs()
{
    return static_cast<int>(threadNames().count(QStringLiteral("Synchronaut")));
}

/// What a process may not gather: threads and open files. A thread that has ended, as QThread sees
/// it, takes the kernel a moment more.
struct Holdings
{
    int threads = threadCount();
    int files = openFiles();

    bool areBack(int moreThreads = 0) const
    {
        const bool back = eventually(
                [&] {
                    // every QThread, one of a pool too, has a descriptor by which it is woken
                    return threadCount() <= threads + moreThreads
                            && openFiles() <= files + moreThreads;
                },
                5s);
        if (!back)
            qWarning() << threads << "threads became" << threadNames() << "," << files
                       << "files became" << openFiles();
        return back;
    }
};

} // namespace

class TestLifecycleStartup : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g21_loadingStartsNothing(); // has to be first
    void g19_firstCallInsideARunningLoop(); // has to be second
    void g19_racingFirstCallsStartOneLoop_data();
    void g19_racingFirstCallsStartOneLoop();
    void g19_loopThatEndedAndCallsGoOn();
    void g19_shortLivedThreads();
    void g19_thousandEventLoopThreads();
    void g19_thousandRoundsOfCalls();
    void g19_manyRestarts();
};

void TestLifecycleStartup::g21_loadingStartsNothing()
{
    QCOMPARE(loopsOfOurs(), 0);
    QVERIFY(inAsyncContext() == false);
    QVERIFY(shutdown(QDeadlineTimer(1s))); // nothing to stop
    QCOMPARE(loopsOfOurs(), 0);
}

// The loop that happens to run is not adopted: it ends, and calls go on.
void TestLifecycleStartup::g19_firstCallInsideARunningLoop()
{
    int value = 0;
    const QThread *background = nullptr;
    inSlot([&] {
        value = callSync(nap, 4);
        background = backgroundLoop().thread();
    });
    QCOMPARE(value, 4);
    QVERIFY(background != QThread::currentThread());
    QCOMPARE(callSync(nap, 5), 5);
    const QFuture<int> future = callAny(nap, 6);
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 6);
}

void TestLifecycleStartup::g19_racingFirstCallsStartOneLoop_data()
{
    QTest::addColumn<int>("round");
    for (int round = 0; round < rounds(20, 5); ++round)
        QTest::addRow("%d", round) << round;
}

void TestLifecycleStartup::g19_racingFirstCallsStartOneLoop()
{
    constexpr int racers = 32;
    QVERIFY(shutdown(QDeadlineTimer(20s)));
    QVERIFY(eventually([] { return loopsOfOurs() == 0; }));
    std::latch start(racers);
    std::vector<const QThread *> ranOn(racers);
    std::vector<const EventLoopThread *> identities(racers);
    {
        const auto where = []() -> Task<const QThread *> {
            co_await yieldNow();
            co_return QThread::currentThread();
        };
        std::vector<JoinedThread> threads;
        for (std::size_t i = 0; i < racers; ++i) {
            threads.emplace_back([&, i] {
                start.arrive_and_wait();
                ranOn[i] = callSync(where);
                identities[i] = &backgroundLoop();
            });
        }
    }
    QCOMPARE(std::set(ranOn.begin(), ranOn.end()).size(), std::size_t(1));
    QCOMPARE(std::set(identities.begin(), identities.end()).size(), std::size_t(1));
    QCOMPARE(ranOn.front(), identities.front()->thread());
    QCOMPARE(loopsOfOurs(), 1);
}

void TestLifecycleStartup::g19_loopThatEndedAndCallsGoOn()
{
    for (int round = 0; round < 20; ++round) {
        class Worker : public QThread
        {
        public:
            int inLoop = 0;
            int afterLoop = 0;

        protected:
            void run() override
            {
                QObject context;
                QTimer::singleShot(0, &context, [this] {
                    inLoop = callSync(nap, 1);
                    quit();
                });
                exec();
                afterLoop = callSync(nap, 2) + callSync(nap, 3);
            }
        };
        Worker worker;
        worker.start();
        QVERIFY(worker.wait(20000));
        QCOMPARE(worker.inLoop, 1);
        QCOMPARE(worker.afterLoop, 5);
    }
}

void TestLifecycleStartup::g19_shortLivedThreads()
{
    QCOMPARE(callSync(nap, 1), 1);
    QCOMPARE(callSync({.forceOffload = true}, plain, 1), 1);
    const Holdings before;
    std::atomic<int> right{0};
    std::atomic<int> lost{0};
    onUnobservedError([&lost](const UnobservedError &) { ++lost; });
    for (int i = 0; i < 200; ++i) {
        JoinedThread([&right, i] {
            right += callSync(nap, i) == i ? 1 : 0;
            right += callAny({.forceOffload = true}, plain, i).result() == i ? 1 : 0;
            right += run(nap(i)) == i ? 1 : 0; // turns a loop of the thread's own
            static_cast<void>(spawn(nap(i))); // ends with the thread
        }).join();
    }
    onUnobservedError({});
    QCOMPARE(right.load(), 600);
    QCOMPARE(lost.load(), 200); // what was spawned is told to have ended
    QVERIFY(before.areBack(4)); // our pool may keep idle threads, not one a caller
}

void TestLifecycleStartup::g19_thousandEventLoopThreads()
{
    const int total = rounds(1000, 150);
    const Holdings before;
    for (int i = 0; i < total; ++i) {
        EventLoopThread loop(QStringLiteral("round"));
        QObject target;
        target.moveToThread(loop.thread());
        QCOMPARE(callOnSync(&target, nap, i), i);
        const QFuture<int> left = callOn(&target, [] { return nap(1); });
        QVERIFY(loop.stop(QDeadlineTimer(20s)));
        QVERIFY(finishes(left));
    }
    QVERIFY(before.areBack());
}

void TestLifecycleStartup::g19_thousandRoundsOfCalls()
{
    const int total = rounds(1000, 200);
    QCOMPARE(callSync({.timeout = 20s, .forceOffload = true}, plain, 1), 1);
    const Holdings before;
    QObject context;
    for (int i = 0; i < total; ++i) {
        QCOMPARE(callSync(nap, i), i);
        QCOMPARE(callSync({.timeout = 20s}, plain, i), i);
        QCOMPARE(callAny({.timeout = 20s, .context = &context}, nap, i).result(), i);
        QCOMPARE(run(nap(i)), i);
        auto unused = callAsync(nap, i); // never awaited
        QCOMPARE(callSync({.executor = &blockingPool()}, plain, i), i);
    }
    QVERIFY(before.areBack(4));
    QVERIFY2(context.children().isEmpty(), "objects were left behind");
}

void TestLifecycleStartup::g19_manyRestarts()
{
    const int total = rounds(300, 50);
    QVERIFY(shutdown(QDeadlineTimer(20s)));
    const Holdings before;
    for (int i = 0; i < total; ++i) {
        QCOMPARE(callSync(nap, i), i);
        const QFuture<int> pending = callAny({.forceOffload = true}, plain, i);
        QVERIFY(shutdown(QDeadlineTimer(20s)));
        QVERIFY(pending.isFinished());
    }
    QVERIFY(before.areBack());
}

QTEST_GUILESS_MAIN(TestLifecycleStartup)
#include "tst_lifecycle_startup.moc"
