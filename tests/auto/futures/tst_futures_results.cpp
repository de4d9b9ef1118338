// G23: a returned future has a value or an error; result() throws, it does not crash. G22: result()
// of a plain call on the GUI thread runs it there if no pool thread has begun.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> forever()
{
    co_await sleepFor(1h);
    co_return 1;
}

int untilCanceled()
{
    return eventually([] { return isCanceled(); }) ? 1 : 2;
}

QThread *here()
{
    return QThread::currentThread();
}

/// Occupies the library's pool of one thread.
class BusyPool
{
public:
    BusyPool() : m_usual(blockingPool().maxThreadCount())
    {
        blockingPool().setMaxThreadCount(1);
        m_future = callAny({.forceOffload = true}, [this] {
            m_started = true;
            eventually([this] { return m_free.load(); });
        });
        eventually([this] { return m_started.load(); });
    }
    ~BusyPool()
    {
        m_free = true;
        blockingPool().waitForDone(20000);
        blockingPool().setMaxThreadCount(m_usual);
    }
    BusyPool(const BusyPool &) = delete;
    BusyPool &operator=(const BusyPool &) = delete;

private:
    int m_usual;
    std::atomic<bool> m_started{false};
    std::atomic<bool> m_free{false};
    QFuture<void> m_future;
};

template <typename T>
QByteArray endOf(const QFuture<T> &future)
{
    return thrownBy([&] { QFuture<T>(future).waitForFinished(); });
}

} // namespace

class TestFuturesResults : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g23_timeoutIsAnError();
    void g23_shutdownIsAnError();
    void g23_cancelledCalleeIsAnError();
    void g23_rejectedCallIsAnError();
    void g23_voidFutures();
    void g23_taskWithoutLoop();
    void g22_usersCancel();
    void g22_usersCancelOfAFinishedCall();
    void g22_queuedPlainCallIsStolenByResult();
    void g22_runningPlainCallIsWaitedFor();
    void g22_boundCallsAreNotStolen();
    void g22_stolenOrNotItRunsOnce();
    void g22_moveOnlyResults();
    void g22_progressReachesTheFuture();
    void g22_futureOutlivesEverything();
};

void TestFuturesResults::g23_timeoutIsAnError()
{
    const QFuture<int> plain = callAny({.timeout = 5ms}, untilCanceled);
    const QFuture<int> task = callAny({.timeout = 5ms}, forever);
    QVERIFY(finishes(plain));
    QVERIFY(finishes(task));
    QCOMPARE(endOf(plain), QByteArray("CallTimeout"));
    QCOMPARE(endOf(task), QByteArray("CallTimeout"));
    QCOMPARE(endOf(callAny({.timeout = 0ms}, forever)), QByteArray("CallTimeout"));
}

void TestFuturesResults::g23_shutdownIsAnError()
{
    const QFuture<int> plain = callAny({.forceOffload = true}, untilCanceled);
    const QFuture<int> task = callAny(forever);
    QThread::msleep(2);
    QVERIFY(shutdown(QDeadlineTimer(20s)));
    QVERIFY(finishes(plain));
    QVERIFY(finishes(task));
    QCOMPARE(endOf(plain), QByteArray("CallCanceled"));
    QCOMPARE(endOf(task), QByteArray("CallCanceled"));
}

void TestFuturesResults::g23_cancelledCalleeIsAnError()
{
    const auto canceled = []() -> Task<int> {
        QPromise<int> promise;
        promise.start();
        QFuture<int> inner = promise.future();
        inner.cancel();
        co_return co_await inner;
    };
    const QFuture<int> future = callAny(canceled);
    QVERIFY(finishes(future));
    QCOMPARE(endOf(future), QByteArray("CallCanceled"));
}

void TestFuturesResults::g23_rejectedCallIsAnError()
{
    QCOMPARE(endOf(callAny(std::function<int()>())), QByteArray("CallError"));
    QCOMPARE(endOf(callAny({.timeout = -1ms}, forever)), QByteArray("CallError"));
    int (*none)(int) = nullptr;
    QCOMPARE(endOf(callAny(none, 1)), QByteArray("CallError"));
}

void TestFuturesResults::g23_voidFutures()
{
    QFuture<void> failed = callAny({.forceOffload = true}, [] { throw 1; });
    QCOMPARE(thrownBy([&] { failed.waitForFinished(); }), QByteArray("int 1"));
    QFuture<void> late = callAny({.timeout = 2ms}, [] { untilCanceled(); });
    QCOMPARE(thrownBy([&] { late.waitForFinished(); }), QByteArray("CallTimeout"));
    QFuture<void> good = callAny({.forceOffload = true}, [] {});
    good.waitForFinished();
    QVERIFY(good.isFinished() && !good.isCanceled());
}

void TestFuturesResults::g23_taskWithoutLoop()
{
    QFuture<int> future;
    JoinedThread([&future] { future = spawn(forever()); }).join();
    QVERIFY(finishes(future));
    QCOMPARE(endOf(future), QByteArray("LoopStopped"));
}

// Qt drops the error of a future that the user cancels: it finishes, cancelled, and no more.
void TestFuturesResults::g22_usersCancel()
{
    QFuture<int> plain = callAny({.forceOffload = true}, untilCanceled);
    QFuture<int> task = callAny(forever);
    QThread::msleep(2);
    plain.cancel();
    task.cancel();
    QVERIFY(plain.isCanceled() && task.isCanceled());
    QVERIFY(finishes(plain));
    QVERIFY(finishes(task));
    QVERIFY(blockingPool().waitForDone(20000)); // the function saw it
}

void TestFuturesResults::g22_usersCancelOfAFinishedCall()
{
    QFuture<int> future = callAny({.forceOffload = true}, [] { return 4; });
    QVERIFY(finishes(future));
    future.cancel();
    QVERIFY(future.isFinished());
    QCOMPARE(future.resultCount(), 1);
}

void TestFuturesResults::g22_queuedPlainCallIsStolenByResult()
{
    const BusyPool busy;
    QThread *ranOn = nullptr;
    inSlot([&ranOn] { ranOn = callAny(here).result(); }); // without stealing this hangs
    QCOMPARE(ranOn, QThread::currentThread());
    inSlot([] {
        QFuture<void> future = callAny([] { throw 8; });
        QCOMPARE(thrownBy([&] { future.waitForFinished(); }), QByteArray("int 8"));
    });
}

void TestFuturesResults::g22_runningPlainCallIsWaitedFor()
{
    QThread *ranOn = QThread::currentThread();
    inSlot([&ranOn] {
        std::atomic<bool> started{false};
        const QFuture<QThread *> future = callAny([&started] {
            started = true;
            QThread::msleep(10);
            return QThread::currentThread();
        });
        eventually([&] { return started.load(); });
        ranOn = future.result();
    });
    QVERIFY(ranOn != QThread::currentThread());
}

// An executor, a deadline or forceOffload say where it has to run.
void TestFuturesResults::g22_boundCallsAreNotStolen()
{
    QThreadPool pool;
    pool.setMaxThreadCount(1);
    for (int round = 0; round < 20; ++round) {
        inSlot([&] {
            const QFuture<QThread *> onPool = callAny({.executor = &pool}, here);
            const QFuture<QThread *> forced = callAny({.forceOffload = true}, here);
            const QFuture<QThread *> limited = callAny({.timeout = 20s}, here);
            QVERIFY(onPool.result() != QThread::currentThread());
            QVERIFY(forced.result() != QThread::currentThread());
            QVERIFY(limited.result() != QThread::currentThread());
        });
    }
}

void TestFuturesResults::g22_stolenOrNotItRunsOnce()
{
    const int total = rounds(20'000, 2'000);
    std::atomic<int> runs{0};
    const auto count = [&runs] { return ++runs; };
    inSlot([&] {
        for (int i = 0; i < total; ++i)
            static_cast<void>(callAny(count).result());
    });
    QVERIFY(blockingPool().waitForDone(20000));
    QCOMPARE(runs.load(), total);
}

void TestFuturesResults::g22_moveOnlyResults()
{
    QFuture<std::unique_ptr<int>> future =
            callAny({.forceOffload = true}, [] { return std::make_unique<int>(3); });
    QCOMPARE(*future.takeResult(), 3);
    QFuture<int> tail = callAny({.forceOffload = true}, [] {
                            return std::make_unique<int>(4);
                        }).then([](QFuture<std::unique_ptr<int>> done) { return *done.takeResult(); });
    QCOMPARE(tail.result(), 4);
}

void TestFuturesResults::g22_progressReachesTheFuture()
{
    std::atomic<bool> go{false};
    const QFuture<int> future = callAny({.forceOffload = true}, [&go] {
        setProgressRange(0, 10);
        setProgress(4, QStringLiteral("four"));
        eventually([&] { return go.load(); });
        return 1;
    });
    QVERIFY(eventually([&] { return future.progressValue() == 4; }));
    QCOMPARE(future.progressMaximum(), 10);
    QCOMPARE(future.progressText(), QStringLiteral("four"));
    go = true;
    QVERIFY(finishes(future));
}

void TestFuturesResults::g22_futureOutlivesEverything()
{
    Counter counter;
    QFuture<int> future;
    {
        const auto local = std::make_shared<Local>(counter);
        future = callAny({.forceOffload = true}, [local] { return 6; });
    }
    QVERIFY(finishes(future));
    QVERIFY(eventually([&] { return counter.gone == 1; })); // the callable goes with the call
    QVERIFY(shutdown(QDeadlineTimer(20s)));
    QCOMPARE(future.result(), 6);
}

QTEST_GUILESS_MAIN(TestFuturesResults)
#include "tst_futures_results.moc"
