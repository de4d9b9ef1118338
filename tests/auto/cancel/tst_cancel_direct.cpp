// G7, G10: the stop of a call reaches the calls that its code makes in its own thread, without a wait.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <QtCore/QSemaphore>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

struct Place
{
};

} // namespace

class TestCancelDirect : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g10_stopReachesACallMadeDirectly_data();
    void g10_stopReachesACallMadeDirectly();
    void g10_notIntoAShield();
    void g10_stopDuringADirectCallReachesTheWaitAround();
    void resultIsThereBeforeItIsTaken();
};

void TestCancelDirect::g10_stopReachesACallMadeDirectly_data()
{
    QTest::addColumn<int>("verb");
    QTest::addColumn<bool>("byTimeout");
    int verb = 0;
    for (const char *name : {"callSync with options", "callAny", "callMap", "callOnSync", "callOn", "sync", "call"}) {
        QTest::addRow("%s, timeout", name) << verb << true;
        QTest::addRow("%s, cancelled", name) << verb << false;
        ++verb;
    }
}

void TestCancelDirect::g10_stopReachesACallMadeDirectly()
{
    QFETCH(const int, verb);
    QFETCH(const bool, byTimeout);
    QObject context;
    QSemaphore started;
    std::atomic<bool> saw{false};
    const auto inner = [&] {
        started.release();
        saw = waitUntilCanceled();
        return 1;
    };
    const auto method = [&inner](Place &) { return inner(); };
    const Synchronizer io("here");
    const auto place = io.make<Place>();
    const auto outer = [&] {
        QObject here;
        switch (verb) {
        case 0:
            callSync({.context = &context}, inner);
            break;
        case 1:
            callAny(CallOptions(), inner).waitForFinished();
            break;
        case 2:
            callMap(std::tuple{inner}).waitForFinished();
            break;
        case 3:
            callOnSync(&here, inner);
            break;
        case 4:
            callOn(&here, inner).waitForFinished();
            break;
        case 5:
            place.sync(method);
            break;
        default:
            place.call(method).waitForFinished();
        }
    };
    const auto onLoop = [&outer](Place &) {
        const CallModeScope direct(CallMode::Sync);
        outer();
    };
    CallOptions options{.forceOffload = true};
    if (byTimeout)
        options.timeout = timeToBegin;
    QFuture<void> future = verb >= 5 ? place.call(options, onLoop) : callAny(options, outer);
    QVERIFY(started.tryAcquire(1, 10000));
    if (!byTimeout)
        future.cancel();
    QVERIFY(eventually([&] { return saw.load(); }, 5s));
    QVERIFY(finishes(future));
    QVERIFY(blockingPool().waitForDone(10000));
}

void TestCancelDirect::g10_notIntoAShield()
{
    QSemaphore started;
    QSemaphore gate;
    std::atomic<int> seen{-1};
    QObject context;
    QFuture<void> future = callAny({.forceOffload = true}, [&] {
        const CancellationShield shield;
        callSync({.context = &context}, [&] {
            started.release();
            gate.tryAcquire(1, 20000);
            seen = isCanceled() ? 1 : 0;
        });
    });
    QVERIFY(started.tryAcquire(1, 10000));
    future.cancel();
    gate.release();
    QVERIFY(eventually([&] { return seen >= 0; }));
    QCOMPARE(seen.load(), 0);
    QVERIFY(finishes(future));
}

// The call waits, turning the loop, and a slot makes a direct call just when the stop comes.
void TestCancelDirect::g10_stopDuringADirectCallReachesTheWaitAround()
{
    auto owner = std::make_unique<QObject>();
    QObject context;
    QEventLoop loop;
    std::atomic<bool> sawX{false};
    QByteArray thrown;
    QSemaphore started;
    const auto x = [&] {
        started.release();
        sawX = waitUntilCanceled();
    };
    const auto slot = [&] {
        started.tryAcquire(1, 10000);
        // stops the call that waits for x, and with it this one
        thrownBy([&] { callSync({.context = &context}, [&owner] { owner.reset(); }); });
    };
    const auto body = [&] {
        QTimer::singleShot(0, &context, slot);
        callSync({.forceOffload = true, .waitMode = WaitMode::ProcessEvents}, x);
    };
    QTimer::singleShot(0, &context, [&] {
        thrown = thrownBy([&] { callSync({.context = owner.get()}, body); });
        loop.quit();
    });
    QTimer::singleShot(15s, &loop, &QEventLoop::quit);
    loop.exec();
    QCOMPARE(thrown, "CallCanceled");
    QVERIFY(eventually([&] { return sawX.load(); }, 5s));
    QVERIFY(blockingPool().waitForDone(10000));
}

// Whoever stops the call has claimed its end, and is still busy with stop callbacks when the function returns.
void TestCancelDirect::resultIsThereBeforeItIsTaken()
{
    for (int round = 0; round < 5; ++round) {
        auto owner = std::make_unique<QObject>();
        QSemaphore started;
        QSemaphore told;
        const auto slow = [&told] {
            told.release();
            QThread::msleep(30);
        };
        std::optional<std::stop_callback<std::function<void()>>> callback;
        const auto body = [&] {
            callback.emplace(currentStopToken(), slow);
            started.release();
            told.acquire();
            return 1;
        };
        JoinedThread killer([&] {
            started.acquire();
            owner.reset();
        });
        QCOMPARE(thrownBy([&] { callSync({.context = owner.get()}, body); }), "CallCanceled");
        killer.join();
    }
}

QTEST_GUILESS_MAIN(TestCancelDirect)
#include "tst_cancel_direct.moc"
