// G22: a continuation attached in one thread while another finishes the promise runs exactly once.
// QTBUG-118032: with Qt before 6.5.9 and 6.8.3 a bare QPromise runs some twice or crashes.
#include "../support/qtlimits.h"
#include "../support/waiting.h"

#include <QtCore/QFutureWatcher>
#include <QtTest/QTest>

#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

int plain(int value)
{
    return value;
}

int failing(int value)
{
    if (value >= 0)
        throw value;
    return value;
}

Task<int> async(int value)
{
    co_return value;
}

/// Moves the moment of attaching about, so that it meets completion from both sides.
void hesitate(int round)
{
    spin((round % 600 * 7) % 600);
}

/// A place where one thread lays a future and another takes it.
template <typename T>
class Hatch
{
public:
    void put(QFuture<T> future)
    {
        m_future = std::move(future);
        m_full.store(true, std::memory_order_release);
    }
    bool isEmpty() const { return !m_full.load(std::memory_order_acquire); }
    QFuture<T> take()
    {
        QFuture<T> future = std::exchange(m_future, {});
        m_full.store(false, std::memory_order_release);
        return future;
    }

private:
    QFuture<T> m_future;
    std::atomic<bool> m_full{false};
};

struct Tally
{
    std::atomic<int> runs{0};
    std::atomic<qint64> sum{0};
    std::atomic<int> wrong{0};
};

constexpr int batch = 100;

} // namespace

class TestFuturesContinuations : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        if (!qtAttachesSafely())
            QSKIP("This Qt has QTBUG-118032, which would show here");
    }
    void g22_thenAttachedAgainstCompletion();
    void g22_thenOfAsyncFunctionAgainstCompletion();
    void g22_onFailedAttachedAgainstFailure();
    void g22_onCanceledAttachedAgainstCancellation();
    void g22_thirdThreadAttaches();
    void g22_thenWithContextAgainstCompletion();
    void g22_thenWithPoolAgainstCompletion();
    void g22_resultAgainstCompletion();
    void g22_watcherAgainstCompletion();
    void g22_dropAgainstCompletion();
};

void TestFuturesContinuations::g22_thenAttachedAgainstCompletion()
{
    const int total = rounds(200'000, 20'000);
    Tally tally;
    JoinedThread([&] {
        for (int round = 0; round < total; ++round) {
            QFuture<int> future = callAny({.forceOffload = true}, plain, round);
            hesitate(round);
            QFuture<int> next = future.then([&tally](int value) {
                ++tally.runs;
                tally.sum += value;
                return value + 1;
            });
            next.waitForFinished();
            tally.wrong += next.result() == round + 1 ? 0 : 1;
        }
    }).join();
    QVERIFY(blockingPool().waitForDone(10000)); // a second run would come from there
    QCOMPARE(tally.runs.load(), total);
    QCOMPARE(tally.sum.load(), qint64(total) * (total - 1) / 2);
    QCOMPARE(tally.wrong.load(), 0);
}

void TestFuturesContinuations::g22_thenOfAsyncFunctionAgainstCompletion()
{
    const int total = rounds(50'000, 5'000);
    Tally tally;
    JoinedThread([&] {
        for (int round = 0; round < total; ++round) {
            QFuture<int> future = callAny(async, round);
            hesitate(round);
            QFuture<void> next = future.then([&tally](int value) {
                ++tally.runs;
                tally.sum += value;
            });
            next.waitForFinished();
        }
    }).join();
    callSync(async, 0); // whatever the loop had left to do is done
    QCOMPARE(tally.runs.load(), total);
    QCOMPARE(tally.sum.load(), qint64(total) * (total - 1) / 2);
}

void TestFuturesContinuations::g22_onFailedAttachedAgainstFailure()
{
    const int total = rounds(30'000, 3'000);
    Tally tally;
    JoinedThread([&] {
        for (int round = 0; round < total; ++round) {
            QFuture<int> future = callAny({.forceOffload = true}, failing, round);
            hesitate(round);
            // on the returned future itself: further stages are Qt's own, and race in Qt's own way
            QFuture<int> next = future.onFailed([&tally](int error) {
                ++tally.runs;
                tally.sum += error;
                return -1;
            });
            next.waitForFinished();
            tally.wrong += next.result() == -1 ? 0 : 1;
        }
    }).join();
    QVERIFY(blockingPool().waitForDone(10000));
    QCOMPARE(tally.runs.load(), total);
    QCOMPARE(tally.sum.load(), qint64(total) * (total - 1) / 2);
    QCOMPARE(tally.wrong.load(), 0);
}

// Cancelled or finished, whichever comes first: the handler runs once, or the value goes through.
// (Qt 6.4 itself crashes in onFailed() of a future that was cancelled, so there is none here.)
void TestFuturesContinuations::g22_onCanceledAttachedAgainstCancellation()
{
    const int total = rounds(30'000, 3'000);
    Tally tally;
    std::atomic<int> canceled{0};
    JoinedThread([&] {
        for (int round = 0; round < total; ++round) {
            QFuture<int> future = callAny({.forceOffload = true}, plain, round);
            hesitate(round);
            QFuture<int> next = future.onCanceled([&tally] {
                ++tally.runs;
                return -1;
            });
            future.cancel();
            next.waitForFinished();
            const int value = next.result();
            canceled += value == -1 ? 1 : 0;
            tally.wrong += value == -1 || value == round ? 0 : 1;
        }
    }).join();
    QVERIFY(blockingPool().waitForDone(10000));
    QCOMPARE(tally.runs.load(), canceled.load());
    QCOMPARE(tally.wrong.load(), 0);
}

void TestFuturesContinuations::g22_thirdThreadAttaches()
{
    const int total = rounds(50'000, 5'000);
    Tally tally;
    Hatch<int> hatch;
    std::atomic<bool> hung{false};
    JoinedThread attacher([&] {
        for (int round = 0; round < total && !hung; ++round) {
            while (hatch.isEmpty() && !hung)
                std::this_thread::yield();
            QFuture<int> future = hatch.take();
            hesitate(round);
            future.then([&tally](int value) {
                ++tally.runs;
                tally.sum += value;
            });
        }
    });
    for (int round = 0; round < total && !hung; ++round) {
        hatch.put(callAny({.forceOffload = true}, plain, round)); // we keep no handle
        const QDeadlineTimer deadline(20s);
        while (!hatch.isEmpty() && !hung) {
            std::this_thread::yield();
            hung = deadline.hasExpired();
        }
    }
    attacher.join();
    QVERIFY(!hung);
    QVERIFY(eventually([&] { return tally.runs >= total; }));
    QVERIFY(blockingPool().waitForDone(10000));
    QCOMPARE(tally.runs.load(), total);
    QCOMPARE(tally.sum.load(), qint64(total) * (total - 1) / 2);
}

void TestFuturesContinuations::g22_thenWithContextAgainstCompletion()
{
    const int total = rounds(20'000, 2'000);
    LoopThread receiver;
    Tally tally;
    for (int round = 0; round < total; round += batch) {
        std::vector<QFuture<int>> nexts;
        for (int i = 0; i < batch; ++i) {
            QFuture<int> future = callAny({.forceOffload = true}, plain, round + i);
            hesitate(i * 5);
            nexts.push_back(future.then(receiver.object(), [&](int value) {
                ++tally.runs;
                tally.sum += value;
                tally.wrong += QThread::currentThread() == receiver.thread() ? 0 : 1;
                return value;
            }));
        }
        for (const auto &next : nexts)
            QVERIFY(finishes(next));
    }
    QCOMPARE(tally.runs.load(), total);
    QCOMPARE(tally.sum.load(), qint64(total) * (total - 1) / 2);
    QCOMPARE(tally.wrong.load(), 0);
}

void TestFuturesContinuations::g22_thenWithPoolAgainstCompletion()
{
#ifdef __SANITIZE_THREAD__
    QSKIP("Qt itself hands the continuation to the pool here, through locks that TSan does not see");
#endif
    const int total = rounds(20'000, 2'000);
    QThreadPool pool;
    pool.setMaxThreadCount(2);
    Tally tally;
    for (int round = 0; round < total; round += batch) {
        std::vector<QFuture<void>> nexts;
        for (int i = 0; i < batch; ++i) {
            QFuture<int> future = callAny({.forceOffload = true}, plain, round + i);
            hesitate(i * 5);
            nexts.push_back(future.then(&pool, [&tally](int value) {
                ++tally.runs;
                tally.sum += value;
            }));
        }
        for (const auto &next : nexts)
            QVERIFY(finishes(next));
    }
    QCOMPARE(tally.runs.load(), total);
    QCOMPARE(tally.sum.load(), qint64(total) * (total - 1) / 2);
}

void TestFuturesContinuations::g22_resultAgainstCompletion()
{
    const int total = rounds(50'000, 5'000);
    qint64 sum = 0;
    for (int round = 0; round < total; ++round) {
        const QFuture<int> future = callAny({.forceOffload = true}, plain, round);
        hesitate(round);
        sum += future.result();
    }
    QCOMPARE(sum, qint64(total) * (total - 1) / 2);
}

void TestFuturesContinuations::g22_watcherAgainstCompletion()
{
    const int total = rounds(5'000, 1'000);
    int finished = 0;
    for (int round = 0; round < total; round += batch) {
        std::vector<std::unique_ptr<QFutureWatcher<int>>> watchers;
        for (int i = 0; i < batch; ++i) {
            auto &watcher = watchers.emplace_back(std::make_unique<QFutureWatcher<int>>());
            connect(watcher.get(), &QFutureWatcherBase::finished, this, [&finished] { ++finished; });
            const QFuture<int> future = callAny({.forceOffload = true}, plain, i);
            hesitate(i * 5);
            watcher->setFuture(future);
        }
        QVERIFY(QTest::qWaitFor([&] { return finished == round + batch; }, 20000));
    }
    QCOMPARE(finished, total);
}

// Nobody looks: the future's last handle goes while the pool finishes it.
void TestFuturesContinuations::g22_dropAgainstCompletion()
{
    const int total = rounds(50'000, 5'000);
    std::atomic<int> ran{0};
    const auto count = [&ran] { ++ran; };
    for (int round = 0; round < total; ++round) {
        QFuture<void> future = callAny({.forceOffload = true}, count);
        hesitate(round);
        future = {};
        if (round % 1000 == 0)
            QVERIFY(blockingPool().waitForDone(20000));
    }
    QVERIFY(blockingPool().waitForDone(20000));
    QCOMPARE(ran.load(), total);
}

QTEST_GUILESS_MAIN(TestFuturesContinuations)
#include "tst_futures_continuations.moc"
