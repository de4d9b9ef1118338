// Scopes in sync code whose caller runs out of time or is cancelled: it waits until all has unwound.
#include "tracedresource.h"

#include <QtCore/QSemaphore>
#include <QtTest/QTest>

#include <functional>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<> waitForever(const QString &)
{
    co_await sleepFor(1h);
}

/// Acquires for ever; says so when it starts and when it unwinds, which takes its time.
struct SlowAcquire
{
    Task<int> acquire()
    {
        acquiring.release();
        std::exception_ptr error;
        try {
            co_await sleepFor(1h);
        } catch (...) {
            error = std::current_exception();
        }
        {
            const CancellationShield shield;
            co_await sleepFor(20ms);
        }
        unwound = true;
        std::rethrow_exception(error);
    }
    Task<> release(std::exception_ptr)
    {
        released = true;
        co_return;
    }
    QSemaphore acquiring;
    std::atomic<bool> unwound{false};
    std::atomic<bool> released{false};
};

} // namespace

class TestScopesJoined : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void timeoutOfAcquireIsJoined();
    void cancelledAcquireIsJoined();
    void timeoutOfAsyncBodyIsJoined();
    void plainBodySeesTheLimit();
    void releaseIsShieldedFromTheCaller();
    void badOptions();
};

void TestScopesJoined::timeoutOfAcquireIsJoined()
{
    const auto body = [](int) -> Task<> { co_return; };
    const QList<std::function<void(const CallOptions &, SlowAcquire &)>> forms{
            [](const CallOptions &options, SlowAcquire &resource) {
                const ScopedResource<SlowAcquire> scope(options, resource);
            },
            [](const CallOptions &options, SlowAcquire &resource) { withResourceSync(options, resource, [](int) {}); },
            [&](const CallOptions &options, SlowAcquire &resource) { withResourceSync(options, resource, body); },
    };
    for (const auto &form : forms) {
        withLimitThatReaches([&form](std::chrono::milliseconds limit) {
            SlowAcquire resource;
            const QByteArray thrown = thrownBy([&] { form(CallOptions{.timeout = limit}, resource); });
            const bool reached = resource.acquiring.available() > 0;
            [&] {
                QCOMPARE(thrown, QByteArray("CallTimeout"));
                QVERIFY(resource.unwound || !reached); // nothing refers to it any more
                QVERIFY(!resource.released);
            }();
            return reached;
        });
    }
}

void TestScopesJoined::cancelledAcquireIsJoined()
{
    SlowAcquire resource;
    std::atomic<bool> thrownTooEarly{false};
    QByteArray thrown;
    QSemaphore done;
    QFuture<void> future = callAny({.forceOffload = true}, [&] {
        thrown = thrownBy([&] { const ScopedResource<SlowAcquire> scope(resource); });
        thrownTooEarly = !resource.unwound;
        done.release();
    });
    QVERIFY(resource.acquiring.tryAcquire(1, 20000));
    future.cancel();
    QVERIFY(done.tryAcquire(1, 20000));
    QCOMPARE(thrown, QByteArray("CallCanceled"));
    QVERIFY(!thrownTooEarly);
    QVERIFY(!resource.released);
}

void TestScopesJoined::timeoutOfAsyncBodyIsJoined()
{
    for (const bool failRelease : {false, true}) {
        withLimitThatReaches([failRelease](std::chrono::milliseconds limit) {
            Footprints trace;
            Plain resource(trace, QStringLiteral("a"));
            resource.failRelease = failRelease;
            const CallOptions options{.timeout = limit};
            const QByteArray thrown = thrownBy([&] { withResourceSync(options, resource, waitForever); });
            const QStringList lines = trace.lines();
            if (lines.size() < 2)
                return false; // the limit has passed in acquire
            [&] {
                // what release throws replaces the timeout, although the caller has been let go of by then
                QCOMPARE(thrown, QByteArray(failRelease ? "std::exception: no release" : "CallTimeout"));
                QCOMPARE(lines.mid(1), (QStringList{QStringLiteral("releasing a (CallCanceled)"),
                                                    QStringLiteral("released a")}));
                QVERIFY(!resource.canceledInRelease);
            }();
            return true;
        });
    }
}

void TestScopesJoined::plainBodySeesTheLimit()
{
    for (const bool polls : {false, true}) {
        withLimitThatReaches([polls](std::chrono::milliseconds limit) {
            Footprints trace;
            Plain resource(trace, QStringLiteral("a"));
            const CallOptions options{.timeout = limit};
            bool reached = false;
            bool seen = false;
            const auto body = [&](const QString &name) {
                reached = true;
                if (polls)
                    seen = eventually([] { return isCanceled(); }, 40s);
                else
                    callSync(waitForever, name); // inherits it
            };
            const QByteArray thrown = thrownBy([&] { withResourceSync(options, resource, body); });
            if (reached) {
                [&] {
                    QCOMPARE(thrown, QByteArray(polls ? "nothing" : "CallTimeout"));
                    QCOMPARE(seen, polls);
                    QCOMPARE(trace.lines().last(), QStringLiteral("released a"));
                    QVERIFY(!resource.canceledInRelease);
                }();
            }
            return reached;
        });
    }
    QVERIFY(!isCanceled());
}

/// The caller is cancelled while it waits for release; it waits until that has ended.
void TestScopesJoined::releaseIsShieldedFromTheCaller()
{
    struct SlowRelease
    {
        Task<int> acquire() { co_return 1; }
        Task<> release(std::exception_ptr error)
        {
            told = textOf(error);
            releasing.release();
            while (!goOn.tryAcquire(1))
                co_await sleepFor(1ms);
            released = true;
        }
        QString told;
        QSemaphore releasing;
        QSemaphore goOn;
        std::atomic<bool> released{false};
    };
    const auto holdAndRelease = [](SlowRelease &resource) { const ScopedResource<SlowRelease> scope(resource); };
    { // a cancelled plain function
        SlowRelease resource;
        std::atomic<bool> leftTooEarly{false};
        QSemaphore done;
        QFuture<void> future = callAny({.forceOffload = true}, [&] {
            holdAndRelease(resource);
            leftTooEarly = !resource.released;
            done.release();
        });
        QVERIFY(resource.releasing.tryAcquire(1, 20000));
        future.cancel();
        resource.goOn.release();
        QVERIFY(done.tryAcquire(1, 20000));
        QVERIFY(!leftTooEarly);
        QCOMPARE(resource.told, QString());
    }
    { // a task that another thread cancels: what it waits for hears of that, too
        SlowRelease resource;
        std::atomic<bool> leftTooEarly{false};
        QSemaphore done;
        auto context = std::make_unique<QObject>();
        const auto inTask = [&]() -> Task<> {
            co_await sleepFor(1ms);
            holdAndRelease(resource);
            leftTooEarly = !resource.released;
            done.release();
        };
        QFuture<void> future = callAny({.context = context.get()}, inTask);
        QVERIFY(resource.releasing.tryAcquire(1, 20000));
        context.reset();
        resource.goOn.release();
        QVERIFY(done.tryAcquire(1, 20000));
        QVERIFY(!leftTooEarly);
        QVERIFY(finishes(future));
    }
}

void TestScopesJoined::badOptions()
{
    Footprints trace;
    Plain resource(trace, QStringLiteral("a"));
    QCOMPARE(thrownBy([&] { const ScopedResource<Plain> scope(CallOptions{.timeout = -1ms}, resource); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([&] { withResourceSync({.timeout = -1ms}, resource, [] {}); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([&] { withResourceSync({.timeout = 0ms}, resource, [] {}); }), QByteArray("CallTimeout"));
    QCOMPARE(trace.lines(), QStringList());
}

QTEST_GUILESS_MAIN(TestScopesJoined)
#include "tst_scopes_joined.moc"
