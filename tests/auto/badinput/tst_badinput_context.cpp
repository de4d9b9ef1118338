// CallOptions::context: an object of another thread, one that dies during the call, or before it.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

/// What a call does until it is cancelled, by polling or by awaiting.
struct Work
{
    std::atomic<bool> started{false};
    std::atomic<bool> stopped{false};

    int poll()
    {
        started = true;
        const QDeadlineTimer limit(20s);
        while (!isCanceled() && !limit.hasExpired())
            QThread::usleep(200);
        stopped = isCanceled();
        return 1;
    }
    Task<int> wait()
    {
        const auto flag = qScopeGuard([this] { stopped = true; });
        started = true;
        co_await sleepUntil(QDeadlineTimer(QDeadlineTimer::Forever));
        co_return 1;
    }
};

/// Calls \a poll or \a wait by callAny with \a context, which \a kill makes die meanwhile.
template <typename Method, typename Kill>
QByteArray canceledBy(Method method, QObject *context, Kill kill)
{
    const auto work = std::make_shared<Work>();
    const QFuture<int> future = callAny({.forceOffload = true, .context = context}, method, work);
    if (!eventually([&] { return work->started.load(); }))
        return "did not start";
    if (future.isFinished())
        return "finished too early";
    kill();
    if (!finishes(future))
        return "does not finish";
    if (!eventually([&] { return work->stopped.load(); }))
        return "was not stopped";
    return thrownBy([&] { future.result(); });
}

} // namespace

class TestBadInputContext : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cancel_contextDies();
    void cancel_contextOfAnotherThread();
    void cancel_contextDiesInCallSync();
    void cancel_contextDiesInTask();
    void cancel_oneOfManyContexts();
    void contextThatOutlivesTheCall();
    void contextThatDiesWhileCallsEnd();
    void contextInItsDestructor();
};

void TestBadInputContext::cancel_contextDies()
{
    auto first = std::make_unique<QObject>();
    QCOMPARE(canceledBy(&Work::poll, first.get(), [&] { first.reset(); }), "CallCanceled");
    auto second = std::make_unique<QObject>();
    QCOMPARE(canceledBy(&Work::wait, second.get(), [&] { second.reset(); }), "CallCanceled");
}

void TestBadInputContext::cancel_contextOfAnotherThread()
{
    LoopThread thread;
    const auto inThread = [&thread] {
        auto *const object = new QObject; // deleted below, in its own thread
        object->moveToThread(thread.thread());
        return object;
    };
    QObject *const first = inThread();
    QCOMPARE(canceledBy(&Work::poll, first, [&] { first->deleteLater(); }), "CallCanceled");
    QObject *const second = inThread();
    QCOMPARE(canceledBy(&Work::wait, second, [&] { second->deleteLater(); }), "CallCanceled");
}

void TestBadInputContext::cancel_contextDiesInCallSync()
{
    for (const bool async : {false, true}) {
        Work work;
        auto context = std::make_unique<QObject>();
        QObject *const object = context.get();
        LoopThread thread;
        context->moveToThread(thread.thread());
        JoinedThread killer([&] {
            eventually([&] { return work.started.load(); });
            context.release()->deleteLater();
        });
        const QByteArray error = thrownBy([&] {
            if (async)
                callSync({.context = object}, &Work::wait, &work);
            else
                callSync({.forceOffload = true, .context = object}, &Work::poll, &work);
        });
        killer.join();
        QCOMPARE(error, "CallCanceled");
        QVERIFY(eventually([&] { return work.stopped.load(); }));
    }
}

void TestBadInputContext::cancel_contextDiesInTask()
{
    for (const bool async : {false, true}) {
        Work work;
        auto context = std::make_unique<QObject>();
        const auto body = [&]() -> Task<int> {
            const CallOptions options{.context = context.get()};
            if (async)
                co_return co_await callAsync(options, &Work::wait, &work);
            co_return co_await callAsync(options, &Work::poll, &work);
        };
        const QFuture<int> future = spawn(body());
        QTRY_VERIFY_WITH_TIMEOUT(work.started, 10000);
        QVERIFY(!future.isFinished());
        context.reset();
        QTRY_VERIFY_WITH_TIMEOUT(future.isFinished(), 10000);
        QCOMPARE(thrownBy([&] { future.result(); }), "CallCanceled");
        QTRY_VERIFY_WITH_TIMEOUT(work.stopped, 10000);
    }
}

void TestBadInputContext::cancel_oneOfManyContexts()
{
    auto dying = std::make_unique<QObject>();
    QObject living;
    Work works[20];
    QList<QFuture<int>> futures;
    for (int i = 0; i < 20; ++i) {
        const CallOptions options{.context = i % 2 == 0 ? dying.get() : &living};
        futures += callAny(options, &Work::wait, &works[i]);
    }
    QVERIFY(eventually([&] { return works[18].started && works[19].started; }));
    dying.reset();
    for (int i = 0; i < 20; i += 2) {
        QVERIFY(finishes(futures.at(i)));
        QVERIFY(!futures.at(i + 1).isFinished());
    }
    for (QFuture<int> &future : futures)
        future.cancel();
    for (int i = 0; i < 20; ++i)
        QVERIFY(finishes(futures.at(i)) && eventually([&] { return works[i].stopped.load(); }));
}

void TestBadInputContext::contextThatOutlivesTheCall()
{
    QObject context;
    for (int i = 0; i < 100; ++i) {
        QCOMPARE(callSync({.context = &context}, [i] { return i; }), i);
        QCOMPARE(callSync({.forceOffload = true, .context = &context}, [i] { return i; }), i);
    }
    // nothing was left behind: one connection an owner at most, and no child
    QVERIFY(context.children().isEmpty());
}

void TestBadInputContext::contextThatDiesWhileCallsEnd()
{
    // the death and the end of the call race; either result is right, nothing else is
    LoopThread thread;
    for (int i = 0; i < rounds(500, 60); ++i) {
        auto *const context = new QObject; // deleted by its thread
        context->moveToThread(thread.thread());
        const QFuture<int> plain = callAny({.forceOffload = true, .context = context}, [i] { return i; });
        const QFuture<int> async = callAny({.context = context}, [](int n) -> Task<int> {
            co_await yieldNow();
            co_return n;
        }, i);
        context->deleteLater();
        for (const QFuture<int> &future : {plain, async}) {
            QVERIFY(finishes(future));
            int value = -1;
            const QByteArray error = thrownBy([&] { value = future.result(); });
            QVERIFY2((error == "nothing" && value == i) || error == "CallCanceled", error);
        }
    }
}

void TestBadInputContext::contextInItsDestructor()
{
    // called in ~QObject's children or destroyed() handlers: the object is nearly gone
    QByteArray error;
    {
        QObject context;
        QObject::connect(&context, &QObject::destroyed, qApp, [&](QObject *dying) {
            error = thrownBy([&] {
                callSync({.timeout = 100ms, .context = dying}, []() -> Task<> { co_await sleepFor(20s); });
            });
        });
    }
    QVERIFY2(error == "CallCanceled" || error == "CallTimeout" || error == "CallError", error);
}

QTEST_GUILESS_MAIN(TestBadInputContext)
#include "tst_badinput_context.moc"
