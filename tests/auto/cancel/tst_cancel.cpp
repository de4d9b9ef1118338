// What called code can see and say: cancellation, stop tokens, deadline, progress, shields.
#include "../support/qtlimits.h"
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <QtCore/QFutureWatcher>
#include <QtCore/QSemaphore>

#include <memory>
#include <stop_token>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

class TestCancel : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void outsideOfACall();
    void g10_futureCancelReachesAPlainFunction();
    void g10_futureCancelReachesATask();
    void g10_futureCancelReachesWhatItAwaits();
    void g10_futureCancelReachesNestedCallSync();
    void stopTokenCallbacks();
    void g10_futureCancelReachesStopTokens_data();
    void g10_futureCancelReachesStopTokens();
    void g16_stopTokenIsNoObserver();
    void stopTokenTakenTooLate();
    void stopTokenOfATask();
    void throwIfCanceledNames();
    void deadlineOfTheCall();
    void progressReachesTheFuture();
    void progressOfATask();
    void progressWithoutAFuture();
    void shieldHoldsCancellationBack();
    void shieldsNest();
    void shieldHoldsTheDeadlineBack();
    void shieldHoldsABlockedCall_data();
    void shieldHoldsABlockedCall();
    void limitInsideOfAShieldEndsABlockedCall();
    void contextDeathCancels();
    void canceledBeforeItStarts();
};

void TestCancel::outsideOfACall()
{
    QVERIFY(!isCanceled());
    throwIfCanceled();
    QVERIFY(currentDeadline().isForever());
    QVERIFY(!currentStopToken().stop_requested());
    setProgressRange(0, 10); // nobody hears it
    setProgress(5, QStringLiteral("half"));
    const CancellationShield shield;
    QVERIFY(!isCanceled());
}

void TestCancel::g10_futureCancelReachesAPlainFunction()
{
    QSemaphore started;
    std::atomic<bool> saw{false};
    QFuture<void> future = callAny({.forceOffload = true}, [&] {
        started.release();
        saw = waitUntilCanceled();
    });
    QVERIFY(started.tryAcquire(1, 10000));
    future.cancel();
    QVERIFY(eventually([&] { return saw.load(); }, 5s));
    QVERIFY(finishes(future));
    QVERIFY(future.isCanceled());
}

void TestCancel::g10_futureCancelReachesATask()
{
    Counter counter;
    const auto body = [&counter]() -> Task<> {
        const Local local(counter);
        co_await sleepFor(20s);
    };
    QFuture<void> background = callAny(body);
    QVERIFY(eventually([&] { return counter.made == 1; }));
    background.cancel();
    QVERIFY(eventually([&] { return counter.gone == 1; }, 5s));
    QFuture<void> here = spawn(body());
    QCOMPARE(counter.made.load(), 2);
    here.cancel();
    QTRY_COMPARE_WITH_TIMEOUT(counter.gone.load(), 2, 5000);
    QVERIFY(finishes(background) && finishes(here));
}

void TestCancel::g10_futureCancelReachesWhatItAwaits()
{
    QSemaphore started;
    std::atomic<bool> saw{false};
    const auto plain = [&] {
        started.release();
        saw = waitUntilCanceled();
    };
    const auto byAsync = [&plain]() -> Task<> { co_await callAsync(plain); };
    const auto byAny = [&plain]() -> Task<> { co_await callAny(plain); };
    const auto byTimeout = [&byAsync]() -> Task<> { co_await withTimeout(byAsync(), 20s); };
    const auto check = [&](const auto &body) {
        saw = false;
        QFuture<void> future = callAny(body);
        QVERIFY(started.tryAcquire(1, 10000));
        future.cancel();
        QVERIFY(eventually([&] { return saw.load(); }, 5s));
        QVERIFY(finishes(future));
    };
    check(byAsync);
    check(byAny);
    check(byTimeout);
}

void TestCancel::g10_futureCancelReachesNestedCallSync()
{
    QSemaphore started;
    QByteArray inner;
    std::atomic<bool> ended{false};
    QFuture<void> future = callAny({.timeout = 30s}, [&] {
        inner = thrownBy([&] {
            callSync([&started]() -> Task<> {
                started.release();
                co_await sleepFor(20s);
            });
        });
        ended = true;
    });
    QVERIFY(started.tryAcquire(1, 10000));
    future.cancel();
    QVERIFY(eventually([&] { return ended.load(); }, 5s));
    QCOMPARE(inner, "CallCanceled");
}

void TestCancel::stopTokenCallbacks()
{
    QSemaphore started;
    QSemaphore release;
    std::atomic<int> calls{0};
    std::atomic<bool> before{true};
    const auto waits = [&] {
        const std::stop_token token = currentStopToken();
        before = token.stop_requested() || !token.stop_possible();
        const std::stop_callback callback(token, [&] {
            ++calls;
            release.release(); // as an API that takes a token would wake its wait
        });
        started.release();
        return release.tryAcquire(1, 20000);
    };
    QCOMPARE(thrownBy([&] { callSync({.timeout = timeToBegin}, waits); }), "CallTimeout");
    QVERIFY(eventually([&] { return calls == 1; }, 5s));
    QVERIFY(!before);
    QVERIFY(blockingPool().waitForDone(10000));
    QCOMPARE(calls.load(), 1);
}

void TestCancel::g10_futureCancelReachesStopTokens_data()
{
    QTest::addColumn<int>("form");
    QTest::newRow("plain function") << 0;
    QTest::newRow("called by one") << 1;
    QTest::newRow("inside of a DeadlineScope") << 2;
    QTest::newRow("item of a batch") << 3;
}

void TestCancel::g10_futureCancelReachesStopTokens()
{
    QFETCH(const int, form);
    QSemaphore started;
    QSemaphore release;
    std::atomic<int> calls{0};
    const auto waits = [&] {
        const std::stop_callback callback(currentStopToken(), [&] {
            ++calls;
            release.release();
        });
        started.release();
        return release.tryAcquire(1, 20000) ? 1 : 0;
    };
    QObject context;
    const auto begin = [&]() -> QFuture<void> {
        switch (form) {
        case 1:
            return QFuture<void>(callAny({.forceOffload = true}, [&] { return callSync({.context = &context}, waits); }));
        case 2:
            return QFuture<void>(callAny({.forceOffload = true}, [&] {
                const DeadlineScope scope(20s);
                return waits();
            }));
        case 3:
            return QFuture<void>(parallelMap(QList<Call<int>>{call(waits)}));
        default:
            return QFuture<void>(callAny({.forceOffload = true}, waits));
        }
    };
    QFuture<void> future = begin();
    QVERIFY(started.tryAcquire(1, 10000));
    QCOMPARE(calls.load(), 0);
    future.cancel();
    QVERIFY(eventually([&] { return calls == 1; }, 5s));
    QVERIFY(finishes(future));
    QVERIFY(future.isCanceled());
    QVERIFY(blockingPool().waitForDone(10000));
}

// What looks on for the token keeps no handle of the future.
void TestCancel::g16_stopTokenIsNoObserver()
{
    std::atomic<int> unobserved{0};
    onUnobservedError([&unobserved](const UnobservedError &) { ++unobserved; });
    QSemaphore gate;
    const auto fails = [&gate](auto result) {
        const std::stop_token token = currentStopToken();
        gate.tryAcquire(1, 20000);
        if (token.stop_possible())
            throw std::runtime_error("unseen");
        return result();
    };
    {
        const QFuture<int> typed = callAny({.forceOffload = true}, fails, [] { return 1; });
        const QFuture<void> untyped = callAny({.forceOffload = true}, fails, [] {});
    }
    gate.release(2);
    QVERIFY(blockingPool().waitForDone(10000));
    QCOMPARE(unobserved.load(), qtShowsHolders() ? 2 : 1); // a QFuture<void> may be held, for all we know
    onUnobservedError({});
}

void TestCancel::stopTokenTakenTooLate()
{
    std::atomic<int> calls{0};
    std::atomic<bool> ended{false};
    QCOMPARE(thrownBy([&] {
        callSync({.timeout = timeToBegin}, [&] {
            waitUntilCanceled();
            const std::stop_callback callback(currentStopToken(), [&calls] { ++calls; });
            ended = true;
        });
    }), "CallTimeout");
    QVERIFY(eventually([&] { return ended.load(); }));
    QCOMPARE(calls.load(), 1); // requested already: at once
}

void TestCancel::stopTokenOfATask()
{
    std::atomic<int> calls{0};
    const auto body = [&calls]() -> Task<> {
        const std::stop_callback callback(currentStopToken(), [&calls] { ++calls; });
        co_await sleepFor(20s);
    };
    QCOMPARE(thrownBy([&] { run(withTimeout(body(), 5ms)); }), "CallTimeout");
    QCOMPARE(calls.load(), 1);
    const auto inner = []() -> Task<bool> { co_return currentStopToken().stop_possible(); };
    QVERIFY(run(inner()));
}

void TestCancel::throwIfCanceledNames()
{
    QString name;
    std::atomic<bool> ended{false};
    QCOMPARE(thrownBy([&] {
        callSync({.timeout = timeToBegin, .name = "loop"}, [&] {
            waitUntilCanceled();
            try {
                throwIfCanceled();
            } catch (const CallCanceled &e) {
                name = e.functionName();
            }
            ended = true;
        });
    }), "CallTimeout");
    QVERIFY(eventually([&] { return ended.load(); }));
    QCOMPARE(name, QStringLiteral("loop"));
}

void TestCancel::deadlineOfTheCall()
{
    const auto left = [] { return currentDeadline().remainingTime(); };
    QCOMPARE(callSync({.forceOffload = true}, left), qint64(-1)); // Forever
    const qint64 pooled = callSync({.timeout = 10s}, left);
    QVERIFY(pooled > 5000 && pooled <= 10000);
    const auto async = [left]() -> Task<qint64> {
        co_await yieldNow();
        co_return left();
    };
    const qint64 inTask = callSync({.deadline = QDeadlineTimer(10s)}, async);
    QVERIFY(inTask > 5000 && inTask <= 10000);
    const qint64 limited = run(withTimeout(async(), 10s));
    QVERIFY(limited > 5000 && limited <= 10000);
    QVERIFY(currentDeadline().isForever());
}

void TestCancel::progressReachesTheFuture()
{
    QSemaphore go;
    const auto reports = [&go](bool wait) {
        setProgressRange(10, 20);
        setProgress(15, QStringLiteral("half"));
        if (wait)
            go.tryAcquire(1, 20000);
        return 1;
    };
    const QFuture<int> future = callAny({.forceOffload = true}, reports, true);
    QVERIFY(eventually([&] { return future.progressValue() == 15; })); // while it runs
    QCOMPARE(future.progressMinimum(), 10);
    QCOMPARE(future.progressMaximum(), 20);
    QCOMPARE(future.progressText(), QStringLiteral("half"));
    QVERIFY(!future.isFinished());
    go.release();
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 1);
    const QFuture<int> direct = callAny(reports, false);
    QCOMPARE(direct.progressMaximum(), 20);
    const QFuture<int> thread = spawnThread(reports, false);
    QVERIFY(finishes(thread));
    QCOMPARE(thread.progressMaximum(), 20);
}

void TestCancel::progressOfATask()
{
    std::atomic<bool> open{false};
    const auto child = []() -> Task<> {
        setProgress(60, QStringLiteral("child")); // part of the same call
        co_return;
    };
    const auto body = [&]() -> Task<int> {
        setProgressRange(0, 100);
        setProgress(50);
        while (!open)
            co_await sleepFor(1ms);
        co_await child();
        co_return 1;
    };
    const QFuture<int> future = callAny(body);
    QVERIFY(eventually([&] { return future.progressValue() == 50; }));
    QCOMPARE(future.progressMaximum(), 100);
    open = true;
    QVERIFY(finishes(future));
    QCOMPARE(future.progressValue(), 60);
    QCOMPARE(future.progressText(), QStringLiteral("child"));
}

void TestCancel::progressWithoutAFuture()
{
    const auto reports = [] {
        setProgressRange(0, 100);
        setProgress(50, QStringLiteral("unheard"));
        return 1;
    };
    QCOMPARE(callSync(reports), 1);
    QCOMPARE(callSync({.forceOffload = true}, reports), 1);
    QCOMPARE(run(callAsync(reports)), 1);
}

void TestCancel::shieldHoldsCancellationBack()
{
    bool inside = true;
    bool finishedInside = false;
    bool afterwards = false;
    QByteArray next;
    const auto body = [&]() -> Task<> {
        {
            const CancellationShield shield;
            co_await sleepFor(30ms); // is cancelled meanwhile
            inside = isCanceled();
            finishedInside = true;
        }
        afterwards = isCanceled();
        try {
            co_await yieldNow();
            next = "nothing";
        } catch (const CallCanceled &) {
            next = "CallCanceled";
            throw;
        }
    };
    QCOMPARE(thrownBy([&] { run(withTimeout(body(), 5ms)); }), "CallTimeout");
    QVERIFY(finishedInside && !inside && afterwards);
    QCOMPARE(next, "CallCanceled");
}

void TestCancel::shieldsNest()
{
    QList<bool> seen;
    const auto body = [&]() -> Task<> {
        try {
            co_await sleepFor(20s);
        } catch (const CallCanceled &) {
            seen += isCanceled();
        }
        {
            const CancellationShield outer;
            {
                const CancellationShield inner;
                seen += isCanceled();
            }
            seen += isCanceled();
            co_await yieldNow();
        }
        seen += isCanceled();
    };
    run(withTimeout(body(), 5ms));
    QCOMPARE(seen, (QList<bool>{true, false, false, true}));
}

void TestCancel::shieldHoldsTheDeadlineBack()
{
    // cleanup may call others although the time is up
    int value = 0;
    const auto plain = [] { return 3; };
    const auto body = [&]() -> Task<> {
        try {
            co_await sleepFor(20s);
        } catch (const CallCanceled &) {
        }
        const CancellationShield shield;
        value = co_await callAsync(plain);
        value += callSync(plain);
        value += callSync({.forceOffload = true}, plain);
    };
    QCOMPARE(thrownBy([&] { run(withTimeout(body(), 5ms)); }), "nothing"); // it returned, in the end
    QCOMPARE(value, 9);
}

void TestCancel::contextDeathCancels()
{
    QSemaphore started;
    std::atomic<bool> saw{false};
    auto context = std::make_unique<QObject>();
    const QFuture<void> future = callAny({.forceOffload = true, .context = context.get()}, [&] {
        started.release();
        saw = waitUntilCanceled();
    });
    QVERIFY(started.tryAcquire(1, 10000));
    context.reset();
    QVERIFY(finishes(future));
    QCOMPARE(thrownBy([&] { QFuture<void>(future).waitForFinished(); }), "CallCanceled");
    QVERIFY(eventually([&] { return saw.load(); }, 5s));
}

void TestCancel::canceledBeforeItStarts()
{
    QThreadPool pool;
    pool.setMaxThreadCount(1);
    QSemaphore gate;
    std::atomic<int> runs{0};
    const QFuture<void> blocker = callAny({.executor = &pool}, [&gate] { gate.tryAcquire(1, 20000); });
    QFuture<int> queued = callAny({.executor = &pool}, [&runs] { return ++runs; });
    queued.cancel();
    gate.release();
    QVERIFY(finishes(blocker) && finishes(queued));
    QVERIFY(pool.waitForDone(10000));
    QCOMPARE(runs.load(), 0);
}

void TestCancel::shieldHoldsABlockedCall_data()
{
    QTest::addColumn<bool>("inTask");
    QTest::newRow("plain function") << false;
    QTest::newRow("task") << true;
}

// The stop comes from another thread while the shielded code blocks for a call of its own.
void TestCancel::shieldHoldsABlockedCall()
{
    QFETCH(const bool, inTask);
    std::atomic<bool> blocks{false};
    std::atomic<bool> open{false};
    std::atomic<int> value{0};
    std::atomic<bool> stoppedAfterwards{false};
    const auto cleanup = [&]() -> Task<int> {
        blocks = true;
        while (!open)
            co_await sleepFor(1ms);
        co_return 7;
    };
    const auto body = [&] {
        {
            const CancellationShield shield;
            value = callSync(cleanup);
        }
        stoppedAfterwards = thrownBy([&] { callSync(cleanup); }) == "CallCanceled";
    };
    const auto task = [&]() -> Task<> {
        body();
        co_return;
    };
    const CallOptions options{.timeout = timeToBegin, .forceOffload = !inTask};
    QFuture<void> future = inTask ? callAny(options, task) : callAny(options, body);
    QCOMPARE(thrownBy([&] { future.waitForFinished(); }), "CallTimeout");
    QVERIFY(blocks && !stoppedAfterwards);
    QCOMPARE(value.load(), 0);
    open = true;
    QVERIFY(eventually([&] { return stoppedAfterwards.load(); }));
    QCOMPARE(value.load(), 7);
}

void TestCancel::limitInsideOfAShieldEndsABlockedCall()
{
    std::atomic<bool> ended{false};
    QByteArray thrown;
    const auto forever = []() -> Task<> { co_await sleepFor(20s); };
    const auto body = [&] {
        const auto note = qScopeGuard([&] { ended = true; });
        const CancellationShield shield;
        thrown = thrownBy([&] {
            const DeadlineScope scope(5ms);
            callSync(forever);
        });
    };
    callSync({.forceOffload = true}, body);
    QVERIFY(ended);
    QCOMPARE(thrown, "CallTimeout");
    ended = false;
    const auto task = [&]() -> Task<> {
        body();
        co_return;
    };
    callSync(task);
    QVERIFY(ended);
    QCOMPARE(thrown, "CallTimeout");
}

QTEST_GUILESS_MAIN(TestCancel)
#include "tst_cancel.moc"
