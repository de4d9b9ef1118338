// parallelMap: which thread works on what, and that nothing is held back.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <QtConcurrent/QtConcurrentRun>
#include <QtCore/QSemaphore>
#include <QtCore/QThreadPool>

#include <numeric>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> nap(std::chrono::milliseconds time)
{
    co_await sleepFor(time);
    co_return 1;
}

int one()
{
    return 1;
}

/// A pool all of whose threads are busy until it is opened.
class BlockedPool
{
public:
    explicit BlockedPool(int threads)
    {
        pool.setMaxThreadCount(threads);
        for (int i = 0; i < threads; ++i) {
            pool.start([this] {
                m_begun.release();
                m_gate.acquire();
            });
        }
        m_begun.acquire(threads);
    }
    ~BlockedPool() { open(); }
    void open() { m_gate.release(pool.maxThreadCount()); }

    QThreadPool pool; // destroyed last of what waits: waits for its threads

private:
    QSemaphore m_begun;
    QSemaphore m_gate;
};

/// How many are inside at a time, at most.
class Crowd
{
public:
    void enter()
    {
        const int now = ++m_inside;
        int most = m_most;
        while (now > most && !m_most.compare_exchange_weak(most, now)) { }
    }
    void leave() { --m_inside; }
    int most() const { return m_most; }

private:
    std::atomic<int> m_inside{0};
    std::atomic<int> m_most{0};
};

} // namespace

class TestBatchesPlaces : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void asyncCallsHoldNoPoolThread();
    void napsAllAtOnce();
    void quickJobsWithDeadlines();
    void limitsCountFromTheStart();
    void blockedCallGivesItsPlaceToOthers();
    void callsThatWaitForOneAnother();
    void heldUpInALargeBatch();
    void timedOutCallPassesItsPlaceOn_data();
    void timedOutCallPassesItsPlaceOn();
    void concurrencyLimit_data();
    void concurrencyLimit();
    void batchInBatch_data();
    void batchInBatch();
    void batchInBatchThroughCallSync();
    void batchInQtConcurrentRun();
    void resultElsewhereRunsNothingThere();
    void executors();
};

void TestBatchesPlaces::asyncCallsHoldNoPoolThread()
{
    BlockedPool blocked(1);
    BatchOptions options;
    options.executor = &blocked.pool;
    for (const int limit : {0, 2}) {
        options.maxConcurrency = limit;
        const QFuture<QList<int>> future =
                parallelMap(QList<Call<int>>(20, call(nap, 1ms)), options);
        QVERIFY(finishes(future));
    }
}

void TestBatchesPlaces::napsAllAtOnce()
{
    const QList<Call<int>> calls(200, call(nap, 5ms));
    QCOMPARE(parallelMap(calls).result(), QList<int>(200, 1)); // starts the loop
    QElapsedTimer timer;
    timer.start();
    QCOMPARE(parallelMap(calls).result(), QList<int>(200, 1));
    QVERIFY2(timer.elapsed() < 200 * 5 / 4, qPrintable(QString::number(timer.elapsed())));
}

void TestBatchesPlaces::quickJobsWithDeadlines()
{
    QThreadPool pool;
    pool.setMaxThreadCount(8);
    BatchOptions options;
    options.executor = &pool;
    for (int round = 0; round < rounds(200, 20); ++round) {
        const QList<Call<int>> calls(16, call(one).within(1s));
        QCOMPARE(parallelMap(calls, options).result(), QList<int>(16, 1));
    }
}

// Five jobs of 50 ms on one thread: the last begins after 200 ms, and has 150 ms.
void TestBatchesPlaces::limitsCountFromTheStart()
{
    QThreadPool pool;
    pool.setMaxThreadCount(1);
    BatchOptions options;
    options.executor = &pool;
    const auto job = [] {
        QThread::msleep(50);
        return 1;
    };
    const QList<Call<int>> calls(5, call(job).within(150ms));
    QCOMPARE(parallelMap(calls, options).result(), QList<int>(5, 1));
    options.maxConcurrency = 1;
    QList<Call<int>> naps(5, call(nap, 50ms).within(150ms));
    QCOMPARE(parallelMap(naps, options).result(), QList<int>(5, 1));
}

void TestBatchesPlaces::blockedCallGivesItsPlaceToOthers()
{
    QThreadPool pool;
    pool.setMaxThreadCount(1);
    BatchOptions options;
    options.executor = &pool;
    std::atomic<bool> second{false};
    const auto waitForSecond = [&second]() -> Task<int> {
        while (!second)
            co_await sleepFor(1ms);
        co_return 1;
    };
    const auto first = [&waitForSecond] { return callSync(waitForSecond); };
    const auto other = [&second] {
        second = true;
        return 2;
    };
    QCOMPARE(parallelMap({call(first), call(other)}, options).result(), (QList<int>{1, 2}));
}

// They sleep where we do not see it: as many threads as the pool has must come.
void TestBatchesPlaces::callsThatWaitForOneAnother()
{
    constexpr int count = 6;
    QThreadPool pool;
    pool.setMaxThreadCount(count);
    BatchOptions options;
    options.executor = &pool;
    std::atomic<int> arrived{0};
    const auto meet = [&arrived] {
        ++arrived;
        return eventually([&arrived] { return arrived == count; }) ? 1 : 0;
    };
    QCOMPARE(parallelMap(QList<Call<int>>(count, call(meet)), options).result(),
             QList<int>(count, 1));
}

// What stands behind the one that waits, in the block that its runner took, is done by others.
void TestBatchesPlaces::heldUpInALargeBatch()
{
    constexpr int count = 5000;
    QThreadPool pool;
    pool.setMaxThreadCount(3);
    BatchOptions options;
    options.executor = &pool;
    std::atomic<int> ran{0};
    const auto work = [&ran](int i) {
        ++ran;
        if (i == 3)
            return eventually([&ran] { return ran == count; }) ? i : -1;
        return i;
    };
    QList<Call<int>> calls;
    QList<int> expected;
    for (int i = 0; i < count; ++i) {
        calls << call(work, i);
        expected << i;
    }
    QCOMPARE(parallelMap(calls, options).result(), expected);
}

void TestBatchesPlaces::timedOutCallPassesItsPlaceOn_data()
{
    QTest::addColumn<int>("limit");
    QTest::addColumn<bool>("mixed");
    QTest::addRow("no limit, plain") << 0 << false;
    QTest::addRow("one, plain") << 1 << false;
    QTest::addRow("one, mixed") << 1 << true;
}

void TestBatchesPlaces::timedOutCallPassesItsPlaceOn()
{
    QFETCH(const int, limit);
    QFETCH(const bool, mixed);
    QThreadPool pool;
    pool.setMaxThreadCount(2);
    BatchOptions options;
    options.executor = &pool;
    options.maxConcurrency = limit;
    std::atomic<bool> release{false};
    std::atomic<bool> left{false};
    const auto deaf = [&release, &left] { // does not look at isCanceled()
        while (!release)
            QThread::usleep(200);
        left = true;
        return 1;
    };
    QList<Call<int>> calls{call(deaf).within(timeToBegin)};
    for (int i = 0; i < 20; ++i)
        calls << call(one) << (mixed ? call(nap, 1ms) : call(one).within(20s));
    const QFuture<QList<Outcome<int>>> future = parallelMap(calls, returnExceptions, options);
    QVERIFY(finishes(future));
    QVERIFY(!left);
    release = true;
    const QList<Outcome<int>> outcomes = future.result();
    QVERIFY(outcomes.first().isTimeout());
    for (int i = 1; i < outcomes.size(); ++i)
        QCOMPARE(outcomes.at(i).value(), 1);
    QVERIFY(eventually([&left] { return left.load(); }));
}

void TestBatchesPlaces::concurrencyLimit_data()
{
    QTest::addColumn<int>("limit");
    QTest::addColumn<int>("kinds");
    for (const int limit : {1, 2, 5}) {
        QTest::addRow("%d plain", limit) << limit << 1;
        QTest::addRow("%d async", limit) << limit << 2;
        QTest::addRow("%d mixed", limit) << limit << 4;
    }
}

void TestBatchesPlaces::concurrencyLimit()
{
    QFETCH(const int, limit);
    QFETCH(const int, kinds);
    Crowd crowd;
    const auto plain = [&crowd] {
        crowd.enter();
        QThread::msleep(1);
        crowd.leave();
        return 1;
    };
    const auto async = [&crowd]() -> Task<int> {
        crowd.enter();
        co_await sleepFor(1ms);
        crowd.leave();
        co_return 1;
    };
    BatchOptions options;
    options.maxConcurrency = limit;
    QList<Call<int>> calls;
    for (int i = 0; i < 60; ++i) {
        const int kind = kinds == 4 ? i % 4 : kinds;
        if (kind == 2)
            calls << call(async);
        else if (kind == 3)
            calls << call({.executor = QThreadPool::globalInstance()}, plain);
        else
            calls << (i % 3 ? call(plain) : call(plain).within(20s));
    }
    QCOMPARE(parallelMap(calls, options).result(), QList<int>(60, 1));
    QVERIFY2(crowd.most() <= limit, qPrintable(QString::number(crowd.most())));
    QCOMPARE(crowd.most(), limit); // and it is made use of
}

void TestBatchesPlaces::batchInBatch_data()
{
    QTest::addColumn<int>("threads");
    QTest::addColumn<int>("limit");
    for (const int threads : {1, 2, 3}) {
        for (const int limit : {0, 1})
            QTest::addRow("%d threads, limit %d", threads, limit) << threads << limit;
    }
}

void TestBatchesPlaces::batchInBatch()
{
    QFETCH(const int, threads);
    QFETCH(const int, limit);
    QThreadPool pool;
    pool.setMaxThreadCount(threads);
    BatchOptions options;
    options.executor = &pool;
    options.maxConcurrency = limit;
    std::atomic<int> strangers{0};
    const auto leaf = [&] {
        strangers += !pool.contains(QThread::currentThread());
        return 1;
    };
    const auto sum = [](const QList<int> &numbers) {
        return std::accumulate(numbers.begin(), numbers.end(), 0);
    };
    const auto inner = [&] {
        QList<Call<int>> calls(4, call(leaf));
        calls << call(leaf).within(20s) << call(nap, 1ms);
        return sum(parallelMap(calls, options).result());
    };
    const auto middle = [&] {
        return sum(parallelMap(QList<Call<int>>(4, call(inner)), options).result());
    };
    for (int round = 0; round < rounds(20, 3); ++round) {
        const QFuture<QList<int>> future =
                parallelMap(QList<Call<int>>(4, call(middle)), options);
        QVERIFY(finishes(future));
        QCOMPARE(sum(future.result()), 4 * 4 * 6);
    }
    QCOMPARE(strangers, 0);
    // every place that was given back was taken again
    QVERIFY(eventually([&pool] { return pool.activeThreadCount() == 0; }));
    QCOMPARE(pool.maxThreadCount(), threads);
}

void TestBatchesPlaces::batchInBatchThroughCallSync()
{
    QThreadPool pool;
    pool.setMaxThreadCount(1);
    BatchOptions options;
    options.executor = &pool;
    const auto batch = [&options] { return parallelMap(QList<Call<int>>(3, call(one)), options); };
    const auto inner = [&batch] { return static_cast<int>(callSync(batch).size()); };
    QCOMPARE(parallelMap(QList<Call<int>>(5, call(inner)), options).result(), QList<int>(5, 3));
}

void TestBatchesPlaces::batchInQtConcurrentRun()
{
    QThreadPool pool;
    pool.setMaxThreadCount(1);
    BatchOptions options;
    options.executor = &pool;
    const QFuture<int> future = QtConcurrent::run(&pool, [&options] {
        return static_cast<int>(parallelMap(QList<Call<int>>(3, call(one)), options).result().size());
    });
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 3);
}

// A future made on a pool thread, waited for elsewhere while the pool is full.
void TestBatchesPlaces::resultElsewhereRunsNothingThere()
{
    QThreadPool pool;
    pool.setMaxThreadCount(1);
    BatchOptions options;
    options.executor = &pool;
    QFuture<QList<int>> inner;
    QSemaphore made;
    QSemaphore gate;
    std::atomic<int> strangers{0};
    const auto leaf = [&] {
        strangers += !pool.contains(QThread::currentThread());
        return 1;
    };
    pool.start([&] {
        inner = parallelMap(QList<Call<int>>(5, call(leaf)), options);
        made.release();
        gate.acquire();
    });
    made.acquire();
    const JoinedThread open([&gate] {
        QThread::msleep(20); // while the main thread is in result(), most of the time
        gate.release();
    });
    QCOMPARE(inner.result(), QList<int>(5, 1));
    QCOMPARE(strangers, 0);
}

void TestBatchesPlaces::executors()
{
    QThreadPool ofBatch;
    QThreadPool ofCall;
    const auto where = [&] {
        QThread *const thread = QThread::currentThread();
        return ofBatch.contains(thread) ? 1 : ofCall.contains(thread) ? 2 : 0;
    };
    BatchOptions options;
    options.executor = &ofBatch;
    const auto elsewhere = call({.executor = &ofCall}, where);
    QCOMPARE(parallelMap({call(where), elsewhere, call(where).within(20s), elsewhere.within(20s)},
                         options)
                     .result(),
             (QList<int>{1, 2, 1, 2}));
    QCOMPARE(parallelMap(call(where), elsewhere).result(), std::tuple(0, 2));
}

QTEST_GUILESS_MAIN(TestBatchesPlaces)
#include "tst_batches_places.moc"
