// Limits for a part of a call's code: DeadlineScope, and withTimeout() inside of shields and one another.
// §14: the frame that set a deadline gets CallTimeout, those below it CallCanceled.
#include "../support/finishedfuture.h"
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <QtCore/QElapsedTimer>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<> waits(QByteArray *seen = nullptr)
{
    try {
        co_await sleepFor(20s);
    } catch (const CallCanceled &) {
        if (seen)
            *seen += "CallCanceled;";
        throw;
    } catch (const CallTimeout &) {
        if (seen)
            *seen += "CallTimeout;";
        throw;
    }
}

int busyUntilCanceled()
{
    const QDeadlineTimer limit(20s);
    while (!isCanceled() && !limit.hasExpired())
        QThread::usleep(200);
    return isCanceled() ? 1 : 0;
}

} // namespace

class TestDeadlinesScopes : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g6_frameThatSetItGetsTimeout();
    void g6_everyKindOfAwait();
    void g6_notBefore();
    void g6_earliestOfNestedScopes();
    void scopeThatEndsInTimeIsForgotten();
    void laterAwaitsThrowToo();
    void childrenInheritIt();
    void inPlainFunction();
    void inThreadsOwnCode();
    void blockedInsideOfIt();
    void zeroAndNegative();
    void g8_expiredStartsNothing();
    void shieldKeepsItOut();
    void limitInsideOfShield();
    void outerCancelIsNotATimeout();
    void framesDestroyedInside();
    void tokenStopsWithTheLimit();
    void tokenStopsWithTheCall();
    void withTimeoutLeavesNothing();
    void withTimeoutOfEverything();
};

void TestDeadlinesScopes::g6_frameThatSetItGetsTimeout()
{
    QByteArray below;
    QByteArray here;
    QString name;
    std::chrono::nanoseconds granted{};
    const auto body = [&]() -> Task<> {
        const DeadlineScope scope(10ms);
        try {
            co_await waits(&below);
        } catch (const CallTimeout &e) {
            here = "CallTimeout";
            name = e.functionName();
            granted = e.timeout();
        }
    };
    run(body());
    QCOMPARE(below, "CallCanceled;");
    QCOMPARE(here, "CallTimeout");
    QCOMPARE(name, QStringLiteral("DeadlineScope"));
    QCOMPARE(granted, std::chrono::nanoseconds(10ms));
}

void TestDeadlinesScopes::g6_everyKindOfAwait()
{
    QPromise<void> never;
    never.start();
    const QFuture<void> pending = never.future();
    const auto timedOut = [](auto make) -> Task<QByteArray> {
        const DeadlineScope scope(5ms);
        try {
            co_await make();
        } catch (const CallTimeout &) {
            co_return "CallTimeout";
        } catch (const CallCanceled &) {
            co_return "CallCanceled";
        }
        co_return "nothing";
    };
    const auto sleeping = [] { return sleepFor(20s); };
    const auto task = [] { return waits(); };
    const auto future = [&] { return pending; };
    const auto pool = [] { return callAsync(busyUntilCanceled); };
    const auto async = [] { return callAsync([] { return waits(); }); };
    const auto limited = [] { return withTimeout(waits(), 20s); };
    const auto limitedSleep = [] { return withTimeout(sleepFor(20s), 20s); };
    QCOMPARE(run(timedOut(sleeping)), "CallTimeout");
    QCOMPARE(run(timedOut(task)), "CallTimeout");
    QCOMPARE(run(timedOut(future)), "CallTimeout");
    QCOMPARE(run(timedOut(pool)), "CallTimeout");
    QCOMPARE(run(timedOut(async)), "CallTimeout");
    QCOMPARE(run(timedOut(limited)), "CallTimeout");
    QCOMPARE(run(timedOut(limitedSleep)), "CallTimeout");
    never.finish();
}

void TestDeadlinesScopes::g6_notBefore()
{
    qint64 took = 0;
    const auto body = [&]() -> Task<> {
        QElapsedTimer timer;
        timer.start();
        const DeadlineScope scope(QDeadlineTimer(30ms, Qt::PreciseTimer));
        try {
            co_await sleepFor(20s);
        } catch (const CallTimeout &) {
            took = timer.nsecsElapsed();
        }
    };
    run(body());
    QVERIFY2(took >= 29'900'000, QByteArray::number(took)); // remainingTimeNSecs() was read after
}

void TestDeadlinesScopes::g6_earliestOfNestedScopes()
{
    const auto nested = [](std::chrono::milliseconds outer, std::chrono::milliseconds inner,
                           QByteArray *seen) -> Task<> {
        const auto below = [](std::chrono::milliseconds limit, QByteArray *what) -> Task<> {
            const DeadlineScope scope(limit);
            try {
                co_await sleepFor(20s);
            } catch (const CallTimeout &) {
                *what += "inner CallTimeout;";
                throw;
            } catch (const CallCanceled &) {
                *what += "inner CallCanceled;";
                throw;
            }
        };
        const DeadlineScope scope(outer);
        try {
            co_await below(inner, seen);
        } catch (const CallTimeout &e) {
            *seen += e.timeout() == outer ? "outer's own" : "the inner's";
        }
    };
    QByteArray seen;
    run(nested(10ms, 20s, &seen));
    QCOMPARE(seen, "inner CallCanceled;outer's own");
    seen.clear();
    run(nested(20s, 10ms, &seen));
    QCOMPARE(seen, "inner CallTimeout;the inner's");
}

void TestDeadlinesScopes::scopeThatEndsInTimeIsForgotten()
{
    const auto body = []() -> Task<bool> {
        {
            const DeadlineScope scope(5ms);
            if (currentDeadline().isForever())
                co_return false;
        }
        co_await sleepFor(20ms);
        co_return currentDeadline().isForever() && !isCanceled();
    };
    QVERIFY(run(body()));
}

void TestDeadlinesScopes::laterAwaitsThrowToo()
{
    int timeouts = 0;
    const auto body = [&]() -> Task<> {
        const DeadlineScope scope(5ms);
        for (int i = 0; i < 3; ++i) {
            try {
                if (i == 1)
                    co_await waits();
                else
                    co_await sleepFor(20s);
            } catch (const CallTimeout &) {
                ++timeouts;
            }
        }
    };
    run(body());
    QCOMPARE(timeouts, 3);
}

void TestDeadlinesScopes::childrenInheritIt()
{
    const auto left = [] { return currentDeadline().remainingTime(); };
    const auto body = [&]() -> Task<qint64> {
        const DeadlineScope scope(60s);
        co_return co_await callAsync(left);
    };
    const qint64 inPool = run(body());
    QVERIFY2(inPool > 50'000 && inPool <= 60'000, QByteArray::number(inPool));
}

void TestDeadlinesScopes::inPlainFunction()
{
    const auto body = [] {
        const DeadlineScope scope(10ms);
        return busyUntilCanceled();
    };
    QCOMPARE(callSync({.forceOffload = true}, body), 1);
    QCOMPARE(callSync(body), 1);
    const auto throws = [] {
        const DeadlineScope scope(5ms);
        while (true) {
            throwIfCanceled();
            QThread::usleep(200);
        }
    };
    QCOMPARE(thrownBy([&] { callSync({.forceOffload = true}, throws); }), "CallTimeout");
}

void TestDeadlinesScopes::inThreadsOwnCode()
{
    {
        const DeadlineScope scope(10ms);
        QCOMPARE(thrownBy([] { callSync([] { return waits(); }); }), "CallTimeout");
        QVERIFY(isCanceled());
        QCOMPARE(thrownBy([] { callSync([] { return 1; }); }), "CallTimeout"); // direct, but late
        const QFuture<int> late = callAny([] { return 1; });
        QCOMPARE(thrownBy([&] { late.result(); }), "CallTimeout");
    }
    QVERIFY(!isCanceled());
    QCOMPARE(callSync([] { return 1; }), 1);
    const DeadlineScope outer(10ms);
    const DeadlineScope inner(20s);
    QCOMPARE(thrownBy([] { callSync([] { return waits(); }); }), "CallTimeout");
}

void TestDeadlinesScopes::blockedInsideOfIt()
{
    const auto body = []() -> Task<QByteArray> {
        const auto blocks = []() -> Task<> {
            callSync([] { return waits(); }); // blocks the loop, below the frame of the scope
            co_return;
        };
        const DeadlineScope scope(10ms);
        try {
            co_await blocks();
        } catch (const CallTimeout &) {
            co_return "CallTimeout";
        } catch (const CallCanceled &) {
            co_return "CallCanceled";
        }
        co_return "nothing";
    };
    QCOMPARE(callSync(body), "CallTimeout");
    QCOMPARE(run(body()), "CallTimeout");
}

void TestDeadlinesScopes::zeroAndNegative()
{
    const auto zero = []() -> Task<> {
        const DeadlineScope scope(0ms);
        co_await yieldNow();
    };
    QCOMPARE(thrownBy([&] { run(zero()); }), "CallTimeout");
    const auto negative = []() -> Task<> {
        const DeadlineScope scope(-1ms);
        co_await yieldNow();
    };
    QCOMPARE(thrownBy([&] { run(negative()); }), "CallError");
    const auto none = []() -> Task<> {
        const DeadlineScope scope(std::chrono::nanoseconds::max());
        const DeadlineScope never{QDeadlineTimer(QDeadlineTimer::Forever)};
        co_await sleepFor(1ms);
    };
    QCOMPARE(thrownBy([&] { run(none()); }), "nothing");
    QCOMPARE(thrownBy([] { run(withTimeout(sleepFor(1ms), -1ms)); }), "CallError");
}

void TestDeadlinesScopes::g8_expiredStartsNothing()
{
    bool started = false;
    const auto starts = [&]() -> Task<> {
        started = true;
        co_return;
    };
    const auto body = [&]() -> Task<> {
        const DeadlineScope scope(1ms);
        QThread::msleep(3); // the timer has no chance to say so
        co_await withTimeout(starts(), 20s);
    };
    QCOMPARE(thrownBy([&] { run(body()); }), "CallTimeout");
    QVERIFY(!started);
    QCOMPARE(thrownBy([&] { run(withTimeout(starts(), 0ms)); }), "CallTimeout");
    QVERIFY(!started);
}

void TestDeadlinesScopes::shieldKeepsItOut()
{
    bool cleaned = false;
    const auto body = [&]() -> Task<> {
        const DeadlineScope scope(5ms);
        {
            const CancellationShield shield;
            co_await sleepFor(20ms);
            cleaned = !isCanceled();
        }
        co_await sleepFor(20s);
    };
    QCOMPARE(thrownBy([&] { run(body()); }), "CallTimeout");
    QVERIFY(cleaned);
}

void TestDeadlinesScopes::limitInsideOfShield()
{
    // cleanup that is bounded itself, after the call was cancelled
    QByteArray seen;
    const auto body = [&]() -> Task<> {
        try {
            co_await sleepFor(20s);
        } catch (const CallCanceled &) {
        }
        const CancellationShield shield;
        try {
            co_await withTimeout(waits(), 5ms);
        } catch (const CallTimeout &) {
            seen += "withTimeout;";
        }
        const DeadlineScope scope(5ms);
        try {
            co_await waits();
        } catch (const CallTimeout &) {
            seen += "DeadlineScope";
        }
    };
    run(withTimeout(body(), 5ms));
    QCOMPARE(seen, "withTimeout;DeadlineScope");
}

void TestDeadlinesScopes::outerCancelIsNotATimeout()
{
    QByteArray seen;
    const auto body = [&]() -> Task<> {
        const DeadlineScope scope(20s);
        co_await withTimeout(waits(&seen), 20s);
    };
    QFuture<void> future = spawn(body());
    future.cancel();
    QTRY_VERIFY(!seen.isEmpty());
    QCOMPARE(seen, "CallCanceled;");
    // and an outer limit that fires first is not the inner one's
    const auto outer = [&]() -> Task<QByteArray> {
        const DeadlineScope scope(5ms);
        const auto inner = []() -> Task<QByteArray> {
            try {
                co_await withTimeout(sleepFor(20s), 20s);
            } catch (const CallTimeout &) {
                co_return "CallTimeout";
            } catch (const CallCanceled &) {
                co_return "CallCanceled";
            }
            co_return "nothing";
        };
        co_return co_await inner();
    };
    QCOMPARE(run(outer()), "CallCanceled");
}

void TestDeadlinesScopes::framesDestroyedInside()
{
    // an owner's death destroys the frames from outside in: the scopes leave in that order
    Counter counter;
    const auto deep = [&](auto &&self, int level) -> Task<> {
        const Local local(counter);
        const DeadlineScope scope(20s);
        if (level == 0)
            co_await withTimeout(sleepFor(20s), 10s);
        else
            co_await withTimeout(self(self, level - 1), 15s);
    };
    {
        const auto call = detail::callOf(deep(deep, 5));
        QVERIFY(call->begin(CallOptions{.name = "deep"}, nullptr, true));
        call->startHome();
        QCOMPARE(counter.gone, 0);
        call->destroyNow(detail::CallState::Outcome::Canceled);
    }
    QCOMPARE(counter.gone, 6);
    QCOMPARE(callSync([] { return 1; }), 1);
}

void TestDeadlinesScopes::tokenStopsWithTheLimit()
{
    bool before = true;
    bool after = false;
    bool outside = true;
    const auto body = [&]() -> Task<> {
        const std::stop_token around = currentStopToken();
        {
            const DeadlineScope scope(5ms);
            const std::stop_token token = currentStopToken();
            before = token.stop_requested();
            try {
                co_await sleepFor(20s);
            } catch (const CallTimeout &) {
            }
            after = token.stop_requested();
        }
        outside = around.stop_requested() || currentStopToken().stop_requested();
    };
    run(body());
    QVERIFY(!before);
    QVERIFY(after);
    QVERIFY(!outside);
}

void TestDeadlinesScopes::tokenStopsWithTheCall()
{
    std::stop_token token;
    const auto body = [&]() -> Task<> {
        const DeadlineScope outer(20s);
        const DeadlineScope inner(20s);
        token = currentStopToken();
        co_await sleepFor(20s);
    };
    QFuture<void> future = spawn(body());
    QVERIFY(!token.stop_requested());
    bool stopped = false;
    const std::stop_callback callback(token, [&] { stopped = true; });
    future.cancel();
    QTRY_VERIFY(stopped);
}

void TestDeadlinesScopes::withTimeoutLeavesNothing()
{
    const auto body = []() -> Task<bool> {
        for (int i = 0; i < 1000; ++i) {
            co_await withTimeout(yieldNow(), 5ms + std::chrono::microseconds(i));
            if (!currentDeadline().isForever())
                co_return false;
        }
        co_await sleepFor(10ms); // all of the limits would have passed
        co_return !isCanceled();
    };
    QVERIFY(run(body()));
}

void TestDeadlinesScopes::withTimeoutOfEverything()
{
    const auto value = []() -> Task<int> { co_return 1; };
    const auto moveOnly = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(2); };
    const auto plain = [] { return 3; };
    const QFuture<int> ready = finishedFuture(4);
    const auto body = [&]() -> Task<int> {
        int sum = co_await withTimeout(value(), 20s);
        sum += *co_await withTimeout(moveOnly(), 20s);
        sum += co_await withTimeout(callAsync(plain), 20s);
        sum += co_await withTimeout(ready, 20s);
        sum += co_await withTimeout(withTimeout(value(), 10s), 20s);
        Task<int> task = withTimeout(value(), 20s); // it can become a task
        sum += co_await std::move(task);
        co_return sum;
    };
    QCOMPARE(run(body()), 12);
    QCOMPARE(spawn(withTimeout(value(), 20s)).result(), 1);
    QCOMPARE(callSync([&] { return withTimeout(value(), 20s); }), 1);
}

QTEST_GUILESS_MAIN(TestDeadlinesScopes)
#include "tst_deadlines_scopes.moc"
