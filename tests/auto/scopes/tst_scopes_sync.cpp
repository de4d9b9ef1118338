// Scopes in sync code: both ends on one loop and in one context, joined, whatever happens here.
#include "tracedresource.h"

#include <QtCore/QSemaphore>
#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> lengthLater(const QString &name)
{
    co_await sleepFor(1ms);
    co_return int(name.size());
}

Task<> waitForever(const QString &)
{
    co_await sleepFor(1h);
}

const QStringList quiet{QStringLiteral("acquire a"), QStringLiteral("releasing a ()"), QStringLiteral("released a")};

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

class TestScopesSync : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void scopedResource();
    void withResourceSyncOfAllBodies();
    void errors();
    void threadsAndContext();
    void scopeLeftByExceptionPassesACallError();
    void scopeInAHandlerIsNotLeftByException();
    void lostReleaseErrorsAreLogged();
    void releaseShowsItsError();
    void failingAcquireThrows();
    void timeoutOfAcquireIsJoined();
    void cancelledAcquireIsJoined();
    void timeoutOfAsyncBodyIsJoined();
    void plainBodySeesTheLimit();
    void releaseIsShieldedFromTheCaller();
    void insideATaskAndOnEveryThread();
    void manyScopesFromManyThreads();
    void bodyCallsBackIntoThisThread();
    void badOptions();
    void scopeOutlivesShutdown();
};

void TestScopesSync::scopedResource()
{
    Trace trace;
    Plain resource(trace, QStringLiteral("a"));
    {
        ScopedResource<Plain> scope(resource);
        QCOMPARE(*scope, QStringLiteral("a"));
        QCOMPARE(scope->size(), 1);
        QCOMPARE(trace.lines(), QStringList{QStringLiteral("acquire a")});
    }
    QCOMPARE(trace.lines(), quiet);
    {
        ScopedResource scope(Plain(trace, QStringLiteral("a"))); // its own
        scope.release();
        QCOMPARE(trace.lines(), quiet + quiet);
    }
    QCOMPARE(trace.lines(), quiet + quiet);
}

void TestScopesSync::withResourceSyncOfAllBodies()
{
    Trace trace;
    Plain resource(trace, QStringLiteral("a"));
    QCOMPARE(withResourceSync(resource, lengthLater), 1);
    QCOMPARE(withResourceSync(resource, [](const QString &name) { return name + name; }), QStringLiteral("aa"));
    QCOMPARE(*withResourceSync(resource, [] { return std::make_unique<int>(3); }), 3);
    QCOMPARE(trace.lines(), quiet + quiet + quiet);
}

void TestScopesSync::errors()
{
    Trace trace;
    Swallowing resource(trace, QStringLiteral("a"));
    const auto plain = [](const QString &) { throw std::runtime_error("body"); };
    const auto async = [](const QString &) -> Task<> {
        co_await sleepFor(1ms);
        throw std::runtime_error("body");
    };
    QCOMPARE(thrownBy([&] { withResourceSync(resource, plain); }), QByteArray("std::exception: body"));
    QCOMPARE(thrownBy([&] { withResourceSync(resource, async); }), QByteArray("std::exception: body"));
    resource.swallow = true;
    QCOMPARE(thrownBy([&] { withResourceSync(resource, plain); }), QByteArray("nothing"));
    QCOMPARE(thrownBy([&] { withResourceSync(resource, async); }), QByteArray("nothing"));
    resource.failRelease = true;
    QCOMPARE(thrownBy([&] { withResourceSync(resource, plain); }), QByteArray("std::exception: no release"));
    QCOMPARE(thrownBy([&] { withResourceSync(resource, async); }), QByteArray("std::exception: no release"));
    QCOMPARE(trace.lines().count(QStringLiteral("releasing a (body)")), 6);
}

void TestScopesSync::threadsAndContext()
{
    Trace trace;
    Plain resource(trace, QStringLiteral("a"));
    QString bodyWho;
    QThread *bodyIn = nullptr;
    const auto body = [&] {
        bodyIn = QThread::currentThread();
        bodyWho = whoVariable().get();
        whoVariable().set(QStringLiteral("body"));
    };
    withResourceSync(resource, body);
    QCOMPARE(resource.acquiredIn, backgroundLoop().thread());
    QCOMPARE(resource.releasedIn, backgroundLoop().thread());
    QCOMPARE(bodyIn, QThread::currentThread());
    QCOMPARE(bodyWho, QStringLiteral("a"));
    QCOMPARE(resource.who, QStringLiteral("a"));
    QCOMPARE(whoVariable().get(), QStringLiteral("nobody"));

    const auto asyncBody = [&]() -> Task<> {
        co_await sleepFor(1ms);
        body();
    };
    withResourceSync(resource, asyncBody);
    QCOMPARE(bodyIn, backgroundLoop().thread());
    QCOMPARE(resource.who, QStringLiteral("body"));

    const ContextVar<QString>::Scope outside(whoVariable(), QStringLiteral("outside"));
    {
        const ScopedResource<Plain> scope(resource);
        QCOMPARE(whoVariable().get(), QStringLiteral("outside"));
    }
    QCOMPARE(resource.who, QStringLiteral("a"));
}

void TestScopesSync::scopeLeftByExceptionPassesACallError()
{
    Trace trace;
    Plain resource(trace, QStringLiteral("a"));
    QCOMPARE(thrownBy([&] {
                 const ScopedResource<Plain> scope(resource);
                 throw std::runtime_error("body");
             }),
             QByteArray("std::exception: body"));
    QVERIFY2(trace.lines().at(1).contains(QStringLiteral("left by an exception")), qPrintable(trace.lines().at(1)));
    QCOMPARE(trace.lines().at(2), QStringLiteral("released a"));
}

/// An exception that is under way already when the scope is made has not left it.
void TestScopesSync::scopeInAHandlerIsNotLeftByException()
{
    Trace trace;
    Plain resource(trace, QStringLiteral("a"));
    struct Unwinding
    {
        ~Unwinding() { const ScopedResource<Plain> scope(*resource); }
        Plain *resource;
    };
    QCOMPARE(thrownBy([&] {
                 const Unwinding unwinding{&resource};
                 throw std::runtime_error("outer");
             }),
             QByteArray("std::exception: outer"));
    QCOMPARE(trace.lines(), quiet);
}

void TestScopesSync::lostReleaseErrorsAreLogged()
{
    Trace trace;
    Plain resource(trace, QStringLiteral("a"));
    resource.failRelease = true;
    const MessageCapture messages;
    {
        const ScopedResource<Plain> scope(resource);
    }
    QCOMPARE(messages.count(QStringLiteral("no release")), 1);
    QCOMPARE(messages.count(QStringLiteral("ScopedResource::release()")), 1);
}

void TestScopesSync::releaseShowsItsError()
{
    Trace trace;
    Plain resource(trace, QStringLiteral("a"));
    resource.failRelease = true;
    const MessageCapture messages;
    {
        ScopedResource<Plain> scope(resource);
        QCOMPARE(thrownBy([&] { scope.release(); }), QByteArray("std::exception: no release"));
        QVERIFY(!scope.release());
    }
    QCOMPARE(trace.lines(), quiet);
    QCOMPARE(messages.all(), QStringList());
}

void TestScopesSync::failingAcquireThrows()
{
    Trace trace;
    Plain resource(trace, QStringLiteral("a"));
    resource.failAcquire = true;
    QCOMPARE(thrownBy([&] { const ScopedResource<Plain> scope(resource); }), QByteArray("std::exception: no acquire"));
    QCOMPARE(thrownBy([&] { withResourceSync(resource, lengthLater); }), QByteArray("std::exception: no acquire"));
    QCOMPARE(thrownBy([&] { withResourceSync(resource, [] {}); }), QByteArray("std::exception: no acquire"));
    QCOMPARE(trace.lines().count(QStringLiteral("acquire a")), 3);
    QCOMPARE(trace.lines().size(), 3);
}

void TestScopesSync::timeoutOfAcquireIsJoined()
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

void TestScopesSync::cancelledAcquireIsJoined()
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

void TestScopesSync::timeoutOfAsyncBodyIsJoined()
{
    for (const bool failRelease : {false, true}) {
        withLimitThatReaches([failRelease](std::chrono::milliseconds limit) {
            Trace trace;
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

void TestScopesSync::plainBodySeesTheLimit()
{
    for (const bool polls : {false, true}) {
        withLimitThatReaches([polls](std::chrono::milliseconds limit) {
            Trace trace;
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
void TestScopesSync::releaseIsShieldedFromTheCaller()
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

void TestScopesSync::insideATaskAndOnEveryThread()
{
    Trace trace;
    const auto use = [&] {
        Plain resource(trace, QStringLiteral("a"));
        const int length = withResourceSync(resource, lengthLater);
        const ScopedResource<Plain> scope(resource);
        return length;
    };
    QCOMPARE(use(), 1);
    const auto inTask = [&]() -> Task<int> {
        co_await sleepFor(1ms);
        co_return use();
    };
    QCOMPARE(callSync(inTask), 1); // on the background loop: the ends go to a spare one
    QCOMPARE(callSync({.forceOffload = true}, use), 1);
    int inSlotLength = 0;
    inSlot([&] { inSlotLength = use(); });
    QCOMPARE(inSlotLength, 1);
    int inThread = 0;
    JoinedThread([&] { inThread = use(); }).join();
    QCOMPARE(inThread, 1);
    QCOMPARE(trace.lines().count(QStringLiteral("released a")), 10);
}

void TestScopesSync::manyScopesFromManyThreads()
{
    constexpr int threads = 8;
    constexpr int each = rounds(200, 25);
    std::atomic<int> held{0};
    std::atomic<int> ends{0};
    struct Counted
    {
        Task<int> acquire()
        {
            ++*held;
            co_await yieldNow();
            co_return 1;
        }
        Task<> release(std::exception_ptr)
        {
            co_await yieldNow();
            --*held;
            ++*ends;
        }
        std::atomic<int> *held;
        std::atomic<int> *ends;
    };
    {
        std::vector<JoinedThread> all;
        for (int i = 0; i < threads; ++i) {
            all.emplace_back([&] {
                for (int n = 0; n < each; ++n)
                    const ScopedResource<Counted> scope(Counted{&held, &ends});
            });
        }
    }
    QCOMPARE(held.load(), 0);
    QCOMPARE(ends.load(), threads * each);
}

/// G3 in a scope: acquire may call back into the thread that waits for it.
void TestScopesSync::bodyCallsBackIntoThisThread()
{
    QObject here;
    struct CallsBack
    {
        Task<QThread *> acquire() { co_return co_await callOn(here, [] { return QThread::currentThread(); }); }
        Task<> release(std::exception_ptr)
        {
            releasedBy = co_await callOn(here, [] { return QThread::currentThread(); });
        }
        QObject *here;
        QThread *releasedBy = nullptr;
    } resource{.here = &here};
    QThread *acquiredBy = nullptr;
    withResourceSync(resource, [&](QThread *thread) { acquiredBy = thread; });
    QCOMPARE(acquiredBy, QThread::currentThread());
    QCOMPARE(resource.releasedBy, QThread::currentThread());
}

void TestScopesSync::badOptions()
{
    Trace trace;
    Plain resource(trace, QStringLiteral("a"));
    QCOMPARE(thrownBy([&] { const ScopedResource<Plain> scope(CallOptions{.timeout = -1ms}, resource); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([&] { withResourceSync({.timeout = -1ms}, resource, [] {}); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([&] { withResourceSync({.timeout = 0ms}, resource, [] {}); }), QByteArray("CallTimeout"));
    QCOMPARE(trace.lines(), QStringList());
}

/// The loop is gone: release cannot be run, which is said, and nothing hangs.
void TestScopesSync::scopeOutlivesShutdown()
{
    Trace trace;
    Plain resource(trace, QStringLiteral("a"));
    const MessageCapture messages;
    {
        ScopedResource<Plain> scope(resource);
        QVERIFY(shutdown());
        QCOMPARE(thrownBy([&] { scope.release(); }), QByteArray("LoopStopped"));
    }
    {
        const ScopedResource<Plain> scope(resource);
        QVERIFY(shutdown());
    }
    QCOMPARE(messages.count(QStringLiteral("release() of")), 1);
    QCOMPARE(withResourceSync(resource, lengthLater), 1); // everything starts again
}

QTEST_GUILESS_MAIN(TestScopesSync)
#include "tst_scopes_sync.moc"
