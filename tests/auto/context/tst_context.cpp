// G17: context reaches every hop and nothing leaks back. G18: concurrent tasks see their own only.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <QtCore/QThreadPool>

#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

ContextVar<int> s_number("number", 42);
ContextVar<QString> s_text("text");

int readAndSet()
{
    const int seen = s_number.get();
    s_number.set(seen + 1000);
    return seen;
}

Task<int> readAndSetAsync()
{
    const int before = s_number.get();
    co_await sleepFor(1ms);
    if (s_number.get() != before)
        co_return -1;
    s_number.set(before + 1000);
    co_await yieldNow();
    co_return s_number.get() - 1000;
}

template <typename T>
T resultInLoop(const QFuture<T> &future)
{
    const QDeadlineTimer limit(20s);
    while (!future.isFinished() && !limit.hasExpired())
        QCoreApplication::processEvents(QEventLoop::AllEvents, 20);
    return future.result();
}

} // namespace

class TestContext : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup()
    {
        s_number.set(42);
        s_text.set({});
    }
    void defaults();
    void setAndScope();
    void moveOnlyAndSharedValues();
    void g17_everyHopFromSyncCode();
    void g17_everyHopInATask();
    void g17_callOnAndThreads();
    void g17_acrossSuspensions();
    void g17_scopeInACoroutine();
    void g17_capturedAtTheAwait();
    void g17_copyInOut();
    void g17_copyInOutInATask();
    void g17_snapshot();
    void g17_requestContext();
    void g17_callModeScope();
    void g17_freshThreadsBeginWithDefaults();
    void g18_twoHundredTasks();
    void g18_manyThreads();
};

void TestContext::defaults()
{
    QCOMPARE(s_number.get(), 42);
    QVERIFY(s_text.get().isEmpty());
    const ContextVar<QString> local("local", QStringLiteral("default"));
    QCOMPARE(local.get(), QStringLiteral("default"));
    QCOMPARE(QByteArray(local.name()), QByteArray("local"));
    ContextVar<int> first("same name", 1);
    ContextVar<int> second("same name", 2);
    first.set(7);
    QCOMPARE(second.get(), 2); // identity is the object, not the name
}

void TestContext::setAndScope()
{
    s_number.set(1);
    QCOMPARE(s_number.get(), 1);
    {
        const ContextVar<int>::Scope outer(s_number, 2);
        QCOMPARE(s_number.get(), 2);
        {
            const ContextVar<int>::Scope inner(s_number, 3);
            s_text.set(QStringLiteral("set inside"));
            QCOMPARE(s_number.get(), 3);
        }
        QCOMPARE(s_number.get(), 2);
        s_number.set(9);
    }
    QCOMPARE(s_number.get(), 1);
    QCOMPARE(s_text.get(), QStringLiteral("set inside")); // the scope is of its own variable only
    ContextVar<int> fresh("fresh", 5);
    {
        const ContextVar<int>::Scope scope(fresh, 6);
    }
    QCOMPARE(fresh.get(), 5); // the default again
}

void TestContext::moveOnlyAndSharedValues()
{
    const auto token = std::make_shared<int>(1);
    ContextVar<std::shared_ptr<int>> var("shared");
    {
        const ContextVar<std::shared_ptr<int>>::Scope scope(var, token);
        QCOMPARE(callSync({.forceOffload = true}, [&] { return *var.get(); }), 1);
        QVERIFY(token.use_count() > 1);
    }
    QVERIFY(eventually([&] { return token.use_count() == 1; })); // no call keeps the context
}

void TestContext::g17_everyHopFromSyncCode()
{
    QThreadPool pool;
    s_number.set(7);
    const CallOptions offload{.forceOffload = true};
    const CallOptions custom{.executor = &pool};
    QCOMPARE(callSync(readAndSet), 7);
    QCOMPARE(callSync(offload, readAndSet), 7);
    QCOMPARE(callSync(custom, readAndSet), 7);
    QCOMPARE(callSync(readAndSetAsync), 7); // background loop
    QCOMPARE(callAny(readAndSet).result(), 7);
    QCOMPARE(callAny(offload, readAndSet).result(), 7);
    QCOMPARE(callAny(custom, readAndSet).result(), 7);
    QCOMPARE(callAny(readAndSetAsync).result(), 7);
    QCOMPARE(run(readAndSetAsync()), 7);
    QCOMPARE(run(callAsync(readAndSet)), 7);
    QCOMPARE(resultInLoop(spawn(readAndSetAsync())), 7);
    QCOMPARE(synchronaut(readAndSet).sync(), 7);
    QCOMPARE(synchronaut(readAndSet, {.forceOffload = true})().result(), 7);
    inSlot([&] {
        QCOMPARE(resultInLoop(callAny(readAndSet)), 7);
        QCOMPARE(resultInLoop(callAny(readAndSetAsync)), 7);
    });
    QCOMPARE(s_number.get(), 7); // none of them leaked back
}

void TestContext::g17_everyHopInATask()
{
    QThreadPool pool;
    QList<int> seen;
    int atEnd = 0;
    const auto body = [&]() -> Task<> {
        s_number.set(8);
        const CallOptions custom{.executor = &pool};
        seen += co_await callAsync(readAndSet);
        seen += co_await callAsync(custom, readAndSet);
        seen += co_await callAsync(readAndSetAsync);
        seen += co_await callAny(readAndSet);
        seen += co_await callAny(readAndSetAsync);
        seen += callSync(readAndSet);
        seen += callSync(readAndSetAsync);
        seen += co_await spawn(readAndSetAsync());
        seen += co_await withTimeout(readAndSetAsync(), 20s);
        atEnd = s_number.get();
        // a task that is awaited directly is part of this one, as an awaited coroutine is in Python
        seen += co_await readAndSetAsync();
        seen += s_number.get() - 1000;
    };
    run(body());
    QCOMPARE(seen, QList<int>(11, 8));
    QCOMPARE(atEnd, 8);
    QCOMPARE(s_number.get(), 42);
    seen.clear();
    callSync(body); // the same on the background loop
    QCOMPARE(seen, QList<int>(11, 8));
    QCOMPARE(s_number.get(), 42);
}

void TestContext::g17_callOnAndThreads()
{
    LoopThread other;
    QObject here;
    s_number.set(11);
    QCOMPARE(callOnSync(other.object(), readAndSet), 11);
    QCOMPARE(callOnSync(other.object(), readAndSetAsync), 11);
    QCOMPARE(callOn(other.object(), readAndSet).result(), 11);
    QCOMPARE(callOnSync(&here, readAndSet), 11);
    QCOMPARE(spawnThread(readAndSet).result(), 11);
    QCOMPARE(s_number.get(), 11);
    // the thread's own context was not touched
    int theirs = 0;
    QMetaObject::invokeMethod(
            other.object(), [&] { theirs = s_number.get(); }, Qt::BlockingQueuedConnection);
    QCOMPARE(theirs, 42);
}

void TestContext::g17_acrossSuspensions()
{
    // two tasks on one loop take turns, each keeps its own
    const auto body = [](int mine) -> Task<int> {
        s_number.set(mine);
        int strays = 0;
        for (int i = 0; i < 20; ++i) {
            co_await yieldNow();
            strays += s_number.get() == mine ? 0 : 1;
        }
        co_return strays;
    };
    const QFuture<int> first = spawn(body(1));
    const QFuture<int> second = spawn(body(2));
    QCOMPARE(s_number.get(), 42);
    QCOMPARE(resultInLoop(first) + resultInLoop(second), 0);
    QCOMPARE(s_number.get(), 42);
}

void TestContext::g17_scopeInACoroutine()
{
    QList<int> seen;
    const auto body = [&]() -> Task<> {
        seen += s_number.get();
        {
            const ContextVar<int>::Scope scope(s_number, 5);
            co_await sleepFor(1ms);
            seen += s_number.get();
            seen += co_await callAsync(readAndSet);
        }
        seen += s_number.get();
    };
    run(body());
    QCOMPARE(seen, (QList<int>{42, 5, 5, 42}));
    // one that ends with its frame, from outside, while other code runs
    {
        const ContextVar<int>::Scope mine(s_number, 77);
        QFuture<void> future = spawn([](QList<int> *) -> Task<> {
            const ContextVar<int>::Scope scope(s_number, 6);
            co_await sleepFor(20s);
        }(&seen));
        future.cancel();
        QTRY_VERIFY_WITH_TIMEOUT(future.isFinished(), 10000);
        QCOMPARE(s_number.get(), 77);
    }
    QCOMPARE(s_number.get(), 42);
}

void TestContext::g17_capturedAtTheAwait()
{
    // §14: callAsync() takes the context along when it is awaited, not when it is made
    const auto body = []() -> Task<int> {
        s_number.set(1);
        Task<int> plain = callAsync(readAndSet);
        s_number.set(2);
        co_return co_await std::move(plain);
    };
    QCOMPARE(run(body()), 2);
}

void TestContext::g17_copyInOut()
{
    QThreadPool pool;
    LoopThread other;
    s_number.set(0);
    const auto add = [](int n) { s_number.set(s_number.get() + n); };
    const auto addAsync = [](int n) -> Task<> {
        co_await yieldNow();
        s_number.set(s_number.get() + n);
    };
    const CallOptions direct{.contextFlow = ContextFlow::CopyInOut};
    const CallOptions pooled{.forceOffload = true, .contextFlow = ContextFlow::CopyInOut};
    const CallOptions custom{.executor = &pool, .contextFlow = ContextFlow::CopyInOut};
    callSync(direct, add, 1);
    QCOMPARE(s_number.get(), 1);
    callSync(pooled, add, 10);
    QCOMPARE(s_number.get(), 11);
    callSync(custom, add, 100);
    QCOMPARE(s_number.get(), 111);
    callSync(direct, addAsync, 1000);
    QCOMPARE(s_number.get(), 1111);
    callOnSync(direct, other.object(), add, 10000);
    QCOMPARE(s_number.get(), 11111);
    synchronaut(add, pooled).sync(1);
    QCOMPARE(s_number.get(), 11112);
    // also when it fails; but not out of the isolated call around it
    const auto sets = [] {
        s_number.set(5);
        throw 1;
    };
    QCOMPARE(thrownBy([&] { callSync(pooled, sets); }), "int 1");
    QCOMPARE(s_number.get(), 5);
    callSync([&] { callSync(pooled, add, 1); });
    QCOMPARE(s_number.get(), 5);
}

void TestContext::g17_copyInOutInATask()
{
    const auto add = [](int n) { s_number.set(s_number.get() + n); };
    const auto body = [&add]() -> Task<int> {
        s_number.set(0);
        const CallOptions back{.contextFlow = ContextFlow::CopyInOut};
        co_await callAsync(back, add, 1);
        co_await callAsync(add, 10); // does not come back
        callSync(back, add, 100);
        co_return s_number.get();
    };
    QCOMPARE(run(body()), 101);
    QCOMPARE(s_number.get(), 42);
}

void TestContext::g17_snapshot()
{
    s_number.set(3);
    const Context snapshot = Context::capture();
    s_number.set(4);
    QCOMPARE(snapshot.run(readAndSet), 3);
    QCOMPARE(snapshot.run(readAndSet), 3); // its changes were dropped
    QCOMPARE(s_number.get(), 4);
    const Context copy = snapshot;
    int elsewhere = 0;
    JoinedThread([&] { elsewhere = copy.run(readAndSet); }).join();
    QCOMPARE(elsewhere, 3);
    QCOMPARE(snapshot.run([] { return callSync({.forceOffload = true}, readAndSet); }), 3);
    Context last = snapshot;
    QCOMPARE(std::move(last).run(readAndSet), 3);
    QCOMPARE(Context::capture().run(readAndSet), 4); // this test's own, as it is now
    snapshot.run([] { s_number.set(99); }); // void
    QCOMPARE(s_number.get(), 4);
}

void TestContext::g17_requestContext()
{
    const QString user = QStringLiteral("user");
    QVERIFY(requestContext().isEmpty());
    setRequestContext({{user, 1}});
    const auto read = [user] { return requestContext().value(user).toInt(); };
    QCOMPARE(read(), 1);
    QCOMPARE(callSync({.forceOffload = true}, read), 1);
    {
        const RequestContextScope scope({{user, 2}});
        QCOMPARE(callSync({.forceOffload = true}, read), 2);
        QCOMPARE(callSync([&read]() -> Task<int> {
            co_await yieldNow();
            co_return read();
        }), 2);
        callSync([user] { setRequestContext({{user, 3}}); });
        QCOMPARE(read(), 2);
    }
    QCOMPARE(read(), 1);
    setRequestContext({});
    QVERIFY(requestContext().isEmpty());
}

void TestContext::g17_callModeScope()
{
    QVERIFY(!inAsyncContext());
    {
        const CallModeScope async(CallMode::Async);
        QVERIFY(inAsyncContext());
        {
            const CallModeScope sync(CallMode::Sync);
            QVERIFY(!inAsyncContext());
        }
        QVERIFY(inAsyncContext());
        // calls that it makes detect anew
        QVERIFY(!callSync({.forceOffload = true}, [] { return inAsyncContext(); }));
    }
    QVERIFY(!inAsyncContext());
    const auto body = []() -> Task<QList<bool>> {
        QList<bool> seen{inAsyncContext()};
        {
            const CallModeScope sync(CallMode::Sync);
            co_await yieldNow();
            seen += inAsyncContext();
        }
        seen += inAsyncContext();
        co_return seen;
    };
    QCOMPARE(run(body()), (QList<bool>{true, false, true}));
    const QFuture<QList<bool>> other = spawn(body());
    QVERIFY(!inAsyncContext()); // a suspended task's scope is its own
    QVERIFY(resultInLoop(other).size() == 3);
}

void TestContext::g17_freshThreadsBeginWithDefaults()
{
    s_number.set(5);
    int fresh = 0;
    JoinedThread([&] { fresh = s_number.get(); }).join();
    QCOMPARE(fresh, 42); // §14
    // and a pool thread keeps nothing of an earlier call
    QThreadPool pool;
    pool.setMaxThreadCount(1);
    callSync({.executor = &pool}, [] { s_number.set(1); });
    int pooled = 0;
    pool.start([&] { pooled = s_number.get(); });
    QVERIFY(pool.waitForDone(10000));
    QCOMPARE(pooled, 42);
}

void TestContext::g18_twoHundredTasks()
{
    const auto request = [](int id) -> Task<bool> {
        s_number.set(id);
        setRequestContext({{QStringLiteral("id"), id}});
        bool mine = true;
        const auto check = [id] {
            return s_number.get() == id
                    && requestContext().value(QStringLiteral("id")).toInt() == id;
        };
        for (int i = 0; i < 5; ++i) {
            co_await sleepFor(std::chrono::microseconds(id * 7 % 1000));
            mine = mine && check();
            const bool there = co_await callAsync(check);
            mine = mine && there && check();
            co_await yieldNow();
        }
        co_return mine && check();
    };
    QList<QFuture<bool>> futures;
    for (int id = 0; id < 200; ++id)
        futures += id % 2 == 0 ? spawn(request(id)) : callAny(request, id); // here and in background
    for (const QFuture<bool> &future : futures)
        QVERIFY(resultInLoop(future));
    QCOMPARE(s_number.get(), 42);
    setRequestContext({});
}

void TestContext::g18_manyThreads()
{
    std::atomic<int> strays{0};
    {
        std::vector<JoinedThread> threads;
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([&strays, t] {
                s_number.set(t);
                for (int i = 0; i < rounds(50, 10); ++i) {
                    strays += callSync({.forceOffload = true}, readAndSet) == t ? 0 : 1;
                    strays += callSync(readAndSetAsync) == t ? 0 : 1;
                    strays += s_number.get() == t ? 0 : 1;
                }
            });
        }
    }
    QCOMPARE(strays.load(), 0);
}

QTEST_GUILESS_MAIN(TestContext)
#include "tst_context.moc"
