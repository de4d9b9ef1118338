// Scopes in sync code: both ends on one loop and in one context, joined, whatever happens here.
#include "tracedresource.h"

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

const QStringList quiet{QStringLiteral("acquire a"), QStringLiteral("releasing a ()"), QStringLiteral("released a")};

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
    void insideATaskAndOnEveryThread();
    void manyScopesFromManyThreads();
    void bodyCallsBackIntoThisThread();
    void scopeOutlivesShutdown();
};

void TestScopesSync::scopedResource()
{
    Footprints trace;
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
    Footprints trace;
    Plain resource(trace, QStringLiteral("a"));
    QCOMPARE(withResourceSync(resource, lengthLater), 1);
    QCOMPARE(withResourceSync(resource, [](const QString &name) { return name + name; }), QStringLiteral("aa"));
    QCOMPARE(*withResourceSync(resource, [] { return std::make_unique<int>(3); }), 3);
    QCOMPARE(trace.lines(), quiet + quiet + quiet);
}

void TestScopesSync::errors()
{
    Footprints trace;
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
    Footprints trace;
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
    Footprints trace;
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
    Footprints trace;
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
    Footprints trace;
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
    Footprints trace;
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
    Footprints trace;
    Plain resource(trace, QStringLiteral("a"));
    resource.failAcquire = true;
    QCOMPARE(thrownBy([&] { const ScopedResource<Plain> scope(resource); }), QByteArray("std::exception: no acquire"));
    QCOMPARE(thrownBy([&] { withResourceSync(resource, lengthLater); }), QByteArray("std::exception: no acquire"));
    QCOMPARE(thrownBy([&] { withResourceSync(resource, [] {}); }), QByteArray("std::exception: no acquire"));
    QCOMPARE(trace.lines().count(QStringLiteral("acquire a")), 3);
    QCOMPARE(trace.lines().size(), 3);
}

void TestScopesSync::insideATaskAndOnEveryThread()
{
    Footprints trace;
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

/// The loop is gone: release cannot be run, which is said, and nothing hangs.
void TestScopesSync::scopeOutlivesShutdown()
{
    Footprints trace;
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
