// G4: a pool thread that waits gives its place back, and takes it again.
#include "../support/waiting.h"

#include <QtConcurrent/QtConcurrentRun>
#include <QtTest/QTest>

#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> awaitGate(QFuture<int> gate)
{
    co_return co_await gate;
}

/// Jobs of which each waits for the one after it; the last comes last to the pool.
class Chain
{
public:
    explicit Chain(int length) : m_gates(static_cast<std::size_t>(length))
    {
        for (auto &gate : m_gates)
            gate.start();
    }
    int job(int index)
    {
        const auto i = static_cast<std::size_t>(index);
        int value = 0;
        if (i + 1 < m_gates.size())
            value = 1 + callSync(awaitGate, m_gates[i + 1].future());
        m_gates[i].addResult(value);
        m_gates[i].finish();
        return value;
    }

private:
    std::vector<QPromise<int>> m_gates;
};

int nestedJob(QThreadPool *pool, int left)
{
    if (left == 0)
        return 0;
    return 1 + callSync({.executor = pool}, nestedJob, pool, left - 1);
}

/// How many jobs run at once, at most, of \a count that last a moment.
int mostAtOnce(QThreadPool *pool, int count)
{
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::vector<QFuture<void>> all;
    for (int i = 0; i < count; ++i) {
        all.push_back(callAny({.executor = pool}, [&] {
            const int now = ++running;
            int seen = most.load();
            while (now > seen && !most.compare_exchange_weak(seen, now)) { }
            QThread::msleep(2);
            --running;
        }));
    }
    for (const auto &future : all) {
        if (!finishes(future))
            return -1;
    }
    return most.load();
}

} // namespace

class TestBlockingPool : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g4_jobsWaitForOneAnother_data();
    void g4_jobsWaitForOneAnother();
    void g4_jobsWaitForNestedJobs();
    void g4_qtConcurrentJobsWaitForOneAnother();
    void g4_ourOwnPoolOfOneThread();
    void g4_placesAreTakenAgain();
    void g4_placesAreTakenAgainAfterErrors();
};

void TestBlockingPool::g4_jobsWaitForOneAnother_data()
{
    QTest::addColumn<int>("threads");
    QTest::newRow("1") << 1;
    QTest::newRow("2") << 2;
    QTest::newRow("4") << 4;
}

void TestBlockingPool::g4_jobsWaitForOneAnother()
{
    QFETCH(const int, threads);
    QThreadPool pool;
    pool.setMaxThreadCount(threads);
    const int jobs = threads + 2;
    Chain chain(jobs);
    std::vector<QFuture<int>> futures;
    for (int i = 0; i < jobs; ++i)
        futures.push_back(callAny({.executor = &pool}, &Chain::job, &chain, i));
    for (int i = 0; i < jobs; ++i) {
        const auto &future = futures[static_cast<std::size_t>(i)];
        QVERIFY(finishes(future));
        QCOMPARE(future.result(), jobs - 1 - i);
    }
}

void TestBlockingPool::g4_jobsWaitForNestedJobs()
{
    QThreadPool pool;
    pool.setMaxThreadCount(2);
    const QFuture<int> future = callAny({.executor = &pool}, nestedJob, &pool, 12);
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 12);
}

void TestBlockingPool::g4_qtConcurrentJobsWaitForOneAnother()
{
    QThreadPool *const pool = QThreadPool::globalInstance();
    const int usual = pool->maxThreadCount();
    pool->setMaxThreadCount(2);
    Chain chain(4);
    std::vector<QFuture<int>> futures;
    for (int i = 0; i < 4; ++i)
        futures.push_back(QtConcurrent::run([&chain, i] { return chain.job(i); }));
    for (const auto &future : futures)
        QVERIFY(finishes(future));
    QCOMPARE(futures.front().result(), 3);
    QVERIFY(pool->waitForDone(10000));
    QCOMPARE(pool->activeThreadCount(), 0);
    pool->setMaxThreadCount(usual);
}

void TestBlockingPool::g4_ourOwnPoolOfOneThread()
{
    QThreadPool &pool = blockingPool();
    const int usual = pool.maxThreadCount();
    pool.setMaxThreadCount(1);
    const QFuture<int> future = callAny({.forceOffload = true}, nestedJob, nullptr, 1);
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 1);
    Chain chain(3);
    std::vector<QFuture<int>> futures;
    for (int i = 0; i < 3; ++i)
        futures.push_back(callAny({.forceOffload = true}, &Chain::job, &chain, i));
    for (const auto &job : futures)
        QVERIFY(finishes(job));
    QCOMPARE(futures.front().result(), 2);
    pool.setMaxThreadCount(usual);
}

// Fails when a wait releases without reserving again, or reserves twice.
void TestBlockingPool::g4_placesAreTakenAgain()
{
    QThreadPool pool;
    pool.setMaxThreadCount(2);
    for (int round = 0; round < rounds(50, 10); ++round) {
        Chain chain(4);
        std::vector<QFuture<int>> futures;
        for (int i = 0; i < 4; ++i)
            futures.push_back(callAny({.executor = &pool}, &Chain::job, &chain, i));
        for (const auto &future : futures)
            QVERIFY(finishes(future));
    }
    QVERIFY(pool.waitForDone(10000));
    QCOMPARE(pool.activeThreadCount(), 0);
    QCOMPARE(mostAtOnce(&pool, 12), 2);
}

void TestBlockingPool::g4_placesAreTakenAgainAfterErrors()
{
    QThreadPool pool;
    pool.setMaxThreadCount(2);
    const auto failing = []() -> Task<void> {
        co_await sleepFor(2ms);
        throw 7;
    };
    for (int round = 0; round < 10; ++round) {
        const auto job = [&failing] { callSync(failing); };
        QCOMPARE(thrownBy([&] { callSync({.executor = &pool}, job); }), QByteArray("int 7"));
        const auto late = [] { callSync({.timeout = 2ms}, [] { QThread::msleep(10); }); };
        QCOMPARE(thrownBy([&] { callSync({.executor = &pool}, late); }), QByteArray("CallTimeout"));
    }
    QVERIFY(pool.waitForDone(10000));
    QCOMPARE(pool.activeThreadCount(), 0);
    QCOMPARE(mostAtOnce(&pool, 12), 2);
}

QTEST_GUILESS_MAIN(TestBlockingPool)
#include "tst_blocking_pool.moc"
