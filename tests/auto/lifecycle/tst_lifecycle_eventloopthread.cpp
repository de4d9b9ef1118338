// EventLoopThread, and what names and makes dispatchers.
#include "../support/waiting.h"

#include <QtCore/QAbstractEventDispatcher>
#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

QThread *here()
{
    return QThread::currentThread();
}

Task<int> nap(int value)
{
    co_await sleepFor(1ms);
    co_return value;
}

} // namespace

class TestLifecycleEventLoopThread : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void runsFromConstructionToStop();
    void threadHasItsName();
    void stopBeforeTheLoopTurnsIsNotLost();
    void callBeforeTheLoopTurnsIsNotLost();
    void callAfterStopIsLoopStopped();
    void callRacingStopSettles();
    void stopCancelsItsTasks();
    void stopIsBounded();
    void stopFromItsOwnThreadDoesNotHang();
    void dispatcherNames();
    void preferredDispatcherIsTheRunningOne();
    void factoryMakesTheBackgroundDispatcher();
};

void TestLifecycleEventLoopThread::runsFromConstructionToStop()
{
    EventLoopThread loop(QStringLiteral("alive"));
    QVERIFY(loop.isRunning());
    QObject target;
    target.moveToThread(loop.thread());
    QCOMPARE(callOnSync(&target, here), loop.thread());
    QVERIFY(loop.stop(QDeadlineTimer(10s)));
    QVERIFY(!loop.isRunning());
    QVERIFY(loop.thread()->isFinished());
    QVERIFY(loop.stop(QDeadlineTimer(10s)));
}

void TestLifecycleEventLoopThread::threadHasItsName()
{
    EventLoopThread loop(QStringLiteral("accountant"));
    QCOMPARE(loop.thread()->objectName(), QStringLiteral("accountant"));
    QVERIFY(eventually([] { return threadNames().contains(QStringLiteral("accountant")); }));
    QCOMPARE(callSync(nap, 1), 1);
    QVERIFY(threadNames().contains(QStringLiteral("Synchronaut")));
}

void TestLifecycleEventLoopThread::stopBeforeTheLoopTurnsIsNotLost()
{
    for (int round = 0; round < rounds(200, 50); ++round) {
        EventLoopThread loop(QStringLiteral("brief"));
        QVERIFY(loop.stop(QDeadlineTimer(10s))); // QThread::quit() would be lost here
        QVERIFY(!loop.isRunning());
    }
}

void TestLifecycleEventLoopThread::callBeforeTheLoopTurnsIsNotLost()
{
    for (int round = 0; round < rounds(200, 50); ++round) {
        EventLoopThread loop(QStringLiteral("brief"));
        QObject target;
        target.moveToThread(loop.thread());
        QCOMPARE(callOnSync(&target, here), loop.thread());
    }
}

void TestLifecycleEventLoopThread::callAfterStopIsLoopStopped()
{
    EventLoopThread loop(QStringLiteral("ended"));
    QObject target;
    target.moveToThread(loop.thread());
    QVERIFY(loop.stop(QDeadlineTimer(10s)));
    QCOMPARE(thrownBy([&] { callOnSync(&target, here); }), QByteArray("LoopStopped"));
    QCOMPARE(thrownBy([&] { callOnSync(&target, nap, 1); }), QByteArray("LoopStopped"));
    const QFuture<QThread *> future = callOn(&target, here);
    QVERIFY(finishes(future, 5s));
    QCOMPARE(thrownBy([&] { static_cast<void>(future.result()); }), QByteArray("LoopStopped"));
}

void TestLifecycleEventLoopThread::callRacingStopSettles()
{
    for (int round = 0; round < rounds(300, 50); ++round) {
        EventLoopThread loop(QStringLiteral("racing"));
        QObject target;
        target.moveToThread(loop.thread());
        std::atomic<bool> go{false};
        JoinedThread stopper([&] {
            while (!go) { }
            loop.stop(QDeadlineTimer(20s));
        });
        go = true;
        for (int i = 0; i < 10; ++i) {
            const QByteArray end = thrownBy([&] { callOnSync(&target, nap, i); });
            QVERIFY2(end == "nothing" || end == "LoopStopped" || end == "CallCanceled",
                     end.constData());
        }
        stopper.join();
        QCOMPARE(thrownBy([&] { callOnSync(&target, here); }), QByteArray("LoopStopped"));
    }
}

void TestLifecycleEventLoopThread::stopCancelsItsTasks()
{
    Counter counter;
    EventLoopThread loop(QStringLiteral("tasks"));
    QObject target;
    target.moveToThread(loop.thread());
    const auto task = [&counter]() -> Task<int> {
        const Local local(counter);
        co_await sleepFor(1h);
        co_return 1;
    };
    const QFuture<int> future = callOn(&target, task);
    QVERIFY(eventually([&] { return counter.made == 1; }));
    QVERIFY(loop.stop(QDeadlineTimer(10s)));
    QVERIFY(finishes(future, 5s));
    QCOMPARE(thrownBy([&] { static_cast<void>(future.result()); }), QByteArray("CallCanceled"));
    QCOMPARE(counter.gone.load(), 1);
}

void TestLifecycleEventLoopThread::stopIsBounded()
{
    std::atomic<bool> release{false};
    std::atomic<bool> started{false};
    EventLoopThread loop(QStringLiteral("stuck"));
    QObject target;
    target.moveToThread(loop.thread());
    const QFuture<void> stuck = callOn(&target, [&] {
        started = true;
        eventually([&] { return release.load(); }, 60s);
    });
    QVERIFY(eventually([&] { return started.load(); }));
    QElapsedTimer clock;
    clock.start();
    QVERIFY(!loop.stop(QDeadlineTimer(50ms)));
    QVERIFY(clock.elapsed() < 5000);
    release = true;
    QVERIFY(loop.stop(QDeadlineTimer(20s)));
    QVERIFY(finishes(stuck));
}

void TestLifecycleEventLoopThread::stopFromItsOwnThreadDoesNotHang()
{
    EventLoopThread loop(QStringLiteral("own"));
    QObject target;
    target.moveToThread(loop.thread());
    QVERIFY(!callOnSync(&target, [&loop] { return loop.stop(QDeadlineTimer(5s)); }));
    QVERIFY(loop.stop(QDeadlineTimer(20s)));
}

void TestLifecycleEventLoopThread::dispatcherNames()
{
    QCOMPARE(dispatcherName(nullptr), QByteArray());
    QThread idle;
    QCOMPARE(dispatcherName(&idle), QByteArray());
    const auto *const mine = QAbstractEventDispatcher::instance();
    QCOMPARE(dispatcherName(QThread::currentThread()), QByteArray(mine->metaObject()->className()));
    QVERIFY(!dispatcherName(QThread::currentThread()).isEmpty());
}

void TestLifecycleEventLoopThread::preferredDispatcherIsTheRunningOne()
{
    QCOMPARE(preferredDispatcher(), backgroundLoop().thread()->eventDispatcher());
    QAbstractEventDispatcher *inLoop = nullptr;
    inSlot([&inLoop] { inLoop = preferredDispatcher(); });
    QCOMPARE(inLoop, QAbstractEventDispatcher::instance());
    QAbstractEventDispatcher *elsewhere = nullptr;
    JoinedThread([&elsewhere] { elsewhere = preferredDispatcher(); }).join();
    QCOMPARE(elsewhere, backgroundLoop().thread()->eventDispatcher());
}

void TestLifecycleEventLoopThread::factoryMakesTheBackgroundDispatcher()
{
    QVERIFY(shutdown(QDeadlineTimer(20s)));
    std::atomic<int> asked{0};
    setBackgroundDispatcher([&asked] {
        ++asked;
        return static_cast<QAbstractEventDispatcher *>(nullptr); // Qt's own
    });
    QCOMPARE(callSync(nap, 4), 4);
    QCOMPARE(asked.load(), 1);
    QCOMPARE(callSync(nap, 5), 5);
    QCOMPARE(asked.load(), 1);
    QVERIFY(shutdown(QDeadlineTimer(20s)));
    setBackgroundDispatcher({});
    QCOMPARE(callSync(nap, 6), 6);
    QCOMPARE(asked.load(), 1);
}

QTEST_GUILESS_MAIN(TestLifecycleEventLoopThread)
#include "tst_lifecycle_eventloopthread.moc"
