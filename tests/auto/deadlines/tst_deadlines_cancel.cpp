// G7: timeout means cancel. Queued work never starts, tasks unwind, plain functions are told, late
// results are dropped, and pool threads come back.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <QtCore/QSemaphore>
#include <QtCore/QThreadPool>

#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

/// A pool whose only thread is occupied until release().
class OccupiedPool
{
public:
    OccupiedPool()
    {
        m_pool.setMaxThreadCount(1);
        m_pool.start([this] {
            m_started.release();
            m_gate.acquire();
        });
        m_started.acquire();
    }
    ~OccupiedPool() { release(); }
    void release()
    {
        if (!std::exchange(m_released, true))
            m_gate.release();
        m_pool.waitForDone();
    }
    QThreadPool *get() { return &m_pool; }

private:
    QSemaphore m_started;
    QSemaphore m_gate;
    bool m_released = false;
    QThreadPool m_pool; // goes first, when its jobs are done
};

} // namespace

class TestDeadlinesCancel : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g7_queuedWorkNeverStarts();
    void g7_taskUnwinds();
    void g7_taskUnwindsOnItsOwnThread();
    void g7_plainFunctionSeesIt();
    void g7_lateResultIsDropped();
    void g7_lateErrorIsDropped();
    void g7_poolThreadComesBack();
    void g7_withTimeoutJoins();
    void g7_callerDoesNotWaitForCleanup();
    void g7_taskMayCatchAndReturn();
    void g7_everyFurtherAwaitThrows();
    void g7_nestedTasksUnwindInOrder();
};

void TestDeadlinesCancel::g7_queuedWorkNeverStarts()
{
    std::atomic<int> runs{0};
    const auto count = [&runs] { ++runs; };
    const auto token = std::make_shared<int>(0);
    OccupiedPool pool;
    const CallOptions options{.timeout = 10ms, .executor = pool.get()};
    QCOMPARE(thrownBy([&] { callSync(options, count); }), "CallTimeout");
    const QFuture<void> future = callAny(options, [token, count] { count(); });
    QVERIFY(finishes(future));
    QCOMPARE(thrownBy([&] { QFuture<void>(future).waitForFinished(); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { run(callAsync(options, count)); }), "CallTimeout");
    QFuture<void> canceled = callAny({.executor = pool.get()}, count);
    canceled.cancel();
    pool.release();
    QCOMPARE(runs.load(), 0);
    QCOMPARE(token.use_count(), 1L);
    QCOMPARE(callSync({.executor = pool.get()}, [] { return 5; }), 5);
}

void TestDeadlinesCancel::g7_taskUnwinds()
{
    Counter outer;
    Counter inner;
    const auto leaf = [&inner]() -> Task<> {
        const Local local(inner);
        co_await sleepFor(20s);
    };
    const auto body = [&]() -> Task<> {
        const Local local(outer);
        co_await leaf();
    };
    QCOMPARE(thrownBy([&] { callSync({.timeout = timeToBegin}, body); }), "CallTimeout");
    QVERIFY(eventually([&] { return outer.gone == 1 && inner.gone == 1; }, 5s));
    QCOMPARE(thrownBy([&] { run(callAsync({.timeout = timeToBegin}, body)); }), "CallTimeout");
    QTRY_VERIFY_WITH_TIMEOUT(outer.gone == 2 && inner.gone == 2, 5000);
    QCOMPARE(thrownBy([&] { callAny({.timeout = timeToBegin}, body).waitForFinished(); }), "CallTimeout");
    QVERIFY(eventually([&] { return outer.gone == 3 && inner.gone == 3; }, 5s));
    QCOMPARE(outer.made.load(), 3);
}

void TestDeadlinesCancel::g7_taskUnwindsOnItsOwnThread()
{
    std::atomic<QThread *> unwoundOn{nullptr};
    const auto body = [&]() -> Task<> {
        const auto note = qScopeGuard([&] { unwoundOn = QThread::currentThread(); });
        co_await sleepFor(20s);
    };
    QCOMPARE(thrownBy([&] { callSync({.timeout = timeToBegin}, body); }), "CallTimeout");
    QVERIFY(eventually([&] { return unwoundOn.load() != nullptr; }));
    QCOMPARE(unwoundOn.load(), backgroundLoop().thread());
}

void TestDeadlinesCancel::g7_plainFunctionSeesIt()
{
    std::atomic<bool> saw{false};
    std::atomic<bool> token{false};
    std::atomic<bool> threw{false};
    const auto polls = [&] {
        const std::stop_token stop = currentStopToken();
        const QDeadlineTimer limit(20s);
        while (!isCanceled() && !limit.hasExpired())
            QThread::usleep(200);
        token = eventually([&stop] { return stop.stop_requested(); }); // told right after isCanceled()
        threw = thrownBy([] { throwIfCanceled(); }) == "CallCanceled";
        saw = isCanceled();
    };
    QCOMPARE(thrownBy([&] { callSync({.timeout = timeToBegin}, polls); }), "CallTimeout");
    QVERIFY(eventually([&] { return saw.load(); }, 5s));
    QVERIFY(token && threw);
    saw = false;
    const QFuture<void> future = callAny({.timeout = timeToBegin}, polls);
    QVERIFY(eventually([&] { return saw.load(); }, 5s));
    QVERIFY(finishes(future));
}

void TestDeadlinesCancel::g7_lateResultIsDropped()
{
    const auto token = std::make_shared<int>(3);
    QSemaphore gate;
    const auto late = [&gate, token] {
        gate.tryAcquire(1, 20000);
        return token;
    };
    const QFuture<std::shared_ptr<int>> future = callAny({.timeout = timeToBegin}, late);
    QVERIFY(finishes(future));
    gate.release();
    QVERIFY(blockingPool().waitForDone(10000));
    QCOMPARE(future.resultCount(), 0);
    QCOMPARE(thrownBy([&] { future.result(); }), "CallTimeout"); // still
    QVERIFY(eventually([&] { return token.use_count() == 2; })); // ours and that of `late`
}

void TestDeadlinesCancel::g7_lateErrorIsDropped()
{
    const MessageCapture log;
    QSemaphore gate;
    const auto late = [&gate]() -> int {
        gate.tryAcquire(1, 20000);
        throw 5;
    };
    QCOMPARE(thrownBy([&] { callSync({.timeout = timeToBegin}, late); }), "CallTimeout");
    gate.release();
    QVERIFY(blockingPool().waitForDone(10000));
    QCOMPARE(callSync({.forceOffload = true}, [] { return 1; }), 1);
    QCOMPARE(log.count(QStringLiteral("Unobserved")), 0); // the caller was told of a timeout already
}

void TestDeadlinesCancel::g7_poolThreadComesBack()
{
    QThreadPool pool;
    pool.setMaxThreadCount(2);
    const auto polls = [] {
        const QDeadlineTimer limit(20s);
        while (!isCanceled() && !limit.hasExpired())
            QThread::usleep(200);
    };
    for (int i = 0; i < 10; ++i)
        QCOMPARE(thrownBy([&] { callSync({.timeout = 20ms, .executor = &pool}, polls); }), "CallTimeout");
    // one that does not listen keeps its thread until it ends, but not for good
    QSemaphore gate;
    const auto deaf = [&gate] { gate.tryAcquire(1, 20000); };
    QCOMPARE(thrownBy([&] { callSync({.timeout = timeToBegin, .executor = &pool}, deaf); }), "CallTimeout");
    QCOMPARE(callSync({.timeout = 10s, .executor = &pool}, [] { return 1; }), 1);
    gate.release();
    QVERIFY(pool.waitForDone(10000));
    QCOMPARE(pool.activeThreadCount(), 0);
    QCOMPARE(pool.maxThreadCount(), 2);
    // both places are there: two that need each other
    QSemaphore first;
    QSemaphore second;
    const QFuture<bool> left = callAny({.executor = &pool}, [&] {
        first.release();
        return second.tryAcquire(1, 10000);
    });
    QVERIFY(callSync({.executor = &pool}, [&] {
        second.release();
        return first.tryAcquire(1, 10000);
    }));
    QVERIFY(left.result());
}

void TestDeadlinesCancel::g7_withTimeoutJoins()
{
    Counter counter;
    bool cleaned = false;
    const auto cleansUp = [&]() -> Task<> {
        const Local local(counter);
        bool canceled = false;
        try {
            co_await sleepFor(20s);
        } catch (const CallCanceled &) {
            canceled = true;
        }
        if (canceled) {
            const CancellationShield shield;
            co_await sleepFor(20ms); // cleanup that awaits
            cleaned = true;
        }
        throwIfCanceled();
    };
    QByteArray error;
    bool cleanedWhenThrown = false;
    int goneWhenThrown = 0;
    const auto body = [&]() -> Task<> {
        try {
            co_await withTimeout(cleansUp(), 5ms);
        } catch (const CallTimeout &) {
            error = "CallTimeout";
            cleanedWhenThrown = cleaned;
            goneWhenThrown = counter.gone;
        }
    };
    run(body());
    QCOMPARE(error, "CallTimeout");
    QVERIFY(cleanedWhenThrown);
    QCOMPARE(goneWhenThrown, 1);
}

void TestDeadlinesCancel::g7_callerDoesNotWaitForCleanup()
{
    // §14: the caller of a verb gets CallTimeout at expiry; shielded cleanup may end later
    std::atomic<bool> open{false};
    std::atomic<bool> cleaned{false};
    const auto body = [&]() -> Task<> {
        try {
            co_await sleepFor(20s);
        } catch (const CallCanceled &) {
        }
        const CancellationShield shield;
        while (!open)
            co_await sleepFor(1ms);
        cleaned = true;
    };
    QCOMPARE(thrownBy([&] { callSync({.timeout = timeToBegin}, body); }), "CallTimeout");
    QVERIFY(!cleaned);
    open = true;
    QVERIFY(eventually([&] { return cleaned.load(); }, 5s));
}

void TestDeadlinesCancel::g7_taskMayCatchAndReturn()
{
    const auto salvages = []() -> Task<int> {
        try {
            co_await sleepFor(20s);
        } catch (const CallCanceled &) {
            co_return 7; // what it has so far
        }
        co_return 0;
    };
    QCOMPARE(run(withTimeout(salvages(), 5ms)), 7);                                  // joins: is given it
    QCOMPARE(thrownBy([&] { callSync({.timeout = 5ms}, salvages); }), "CallTimeout"); // does not
}

void TestDeadlinesCancel::g7_everyFurtherAwaitThrows()
{
    int canceled = 0;
    const auto plain = [] { return 1; };
    const auto stubborn = [&]() -> Task<int> {
        for (int i = 0; i < 5; ++i) {
            try {
                if (i == 0)
                    co_await sleepFor(20s);
                else if (i == 1)
                    co_await yieldNow();
                else if (i == 2)
                    co_await callAsync(plain);
                else if (i == 3)
                    co_await callAny(plain);
                else
                    co_await []() -> Task<> { co_return; }();
            } catch (const CallCanceled &) {
                ++canceled;
            }
        }
        co_return canceled;
    };
    QCOMPARE(run(withTimeout(stubborn(), 5ms)), 5);
}

void TestDeadlinesCancel::g7_nestedTasksUnwindInOrder()
{
    QList<int> order;
    const auto level = [&order](auto &&self, int depth) -> Task<> {
        const auto note = qScopeGuard([&order, depth] { order += depth; });
        if (depth < 4)
            co_await self(self, depth + 1);
        else
            co_await sleepFor(20s);
    };
    QCOMPARE(thrownBy([&] { run(withTimeout(level(level, 0), 5ms)); }), "CallTimeout");
    QCOMPARE(order, (QList<int>{4, 3, 2, 1, 0}));
}

QTEST_GUILESS_MAIN(TestDeadlinesCancel)
#include "tst_deadlines_cancel.moc"
