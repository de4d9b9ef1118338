// G22: everything a QFuture offers, attached before and after completion, with and without context.
#include "../support/waiting.h"

#include <QtCore/QFutureWatcher>
#include <QtTest/QTest>

#include <array>
#include <memory>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

/// A plain or async function that ends when told, in whatever way.
struct Remote
{
    std::atomic<bool> go{false};
    bool fail = false;

    int plain()
    {
        eventually([this] { return go.load() || isCanceled(); });
        if (fail)
            throw 42;
        return 7;
    }
    Task<int> async()
    {
        while (!go)
            co_await sleepFor(200us);
        if (fail)
            throw 42;
        co_return 7;
    }
};

QFuture<int> start(Remote *remote, bool asTask)
{
    if (asTask)
        return callAny(&Remote::async, remote);
    return callAny({.forceOffload = true}, &Remote::plain, remote);
}

} // namespace

class TestFuturesAttaching : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g22_then_data() { addRows(); }
    void g22_then();
    void g22_thenWithContext_data() { addRows(); }
    void g22_thenWithContext();
    void g22_onFailed_data() { addRows(); }
    void g22_onFailed();
    void g22_onCanceled_data() { addRows(); }
    void g22_onCanceled();
    void g22_watcher_data() { addRows(); }
    void g22_watcher();
    void g22_watcherSeesFailureAsCanceled_data() { addRows(); }
    void g22_watcherSeesFailureAsCanceled();
    void g22_waitForFinished_data() { addRows(); }
    void g22_waitForFinished();
    void g22_polling_data() { addRows(); }
    void g22_polling();
    void g22_chains_data() { addRows(); }
    void g22_chains();
    void g22_continuationsMayCallUs();
    void g22_continuationMayDestroyTheLastHandle();
    void g22_throwingContinuationHurtsNobody();
    void g22_cancelAfterTheContinuationIsGone();
    void g22_cancelStopsAContinuationOnItsWay();

private:
    static void addRows()
    {
        QTest::addColumn<bool>("asTask");
        QTest::addColumn<bool>("late");
        QTest::newRow("plain, attached before") << false << false;
        QTest::newRow("plain, attached after") << false << true;
        QTest::newRow("task, attached before") << true << false;
        QTest::newRow("task, attached after") << true << true;
    }
    /// Starts \a remote, attaches by \a attach before or after it has ended; the tail's future.
    template <typename Attach>
    auto attached(Remote &remote, Attach attach)
    {
        const bool late = *static_cast<bool *>(QTest::qData("late", qMetaTypeId<bool>()));
        const bool asTask = *static_cast<bool *>(QTest::qData("asTask", qMetaTypeId<bool>()));
        QFuture<int> future = start(&remote, asTask);
        if (late) {
            remote.go = true;
            finishes(future);
        }
        auto tail = attach(future);
        remote.go = true;
        return tail;
    }
};

void TestFuturesAttaching::g22_then()
{
    Remote remote;
    std::atomic<int> runs{0};
    const QFuture<int> tail = attached(remote, [&](QFuture<int> &future) {
        return future.then([&](int value) {
            ++runs;
            return value + 1;
        });
    });
    QVERIFY(finishes(tail));
    QCOMPARE(tail.result(), 8);
    QCOMPARE(runs.load(), 1);
}

void TestFuturesAttaching::g22_thenWithContext()
{
    Remote remote;
    QThread *ranOn = nullptr;
    const QFuture<int> tail = attached(remote, [&](QFuture<int> &future) {
        return future.then(this, [&](int value) {
            ranOn = QThread::currentThread();
            return value + 1;
        });
    });
    QVERIFY(QTest::qWaitFor([&] { return tail.isFinished(); }, 10000));
    QCOMPARE(tail.result(), 8);
    QCOMPARE(ranOn, QThread::currentThread());
}

void TestFuturesAttaching::g22_onFailed()
{
    Remote remote;
    remote.fail = true;
    std::atomic<int> runs{0};
    const QFuture<int> tail = attached(remote, [&](QFuture<int> &future) {
        return future.onFailed([&](int error) {
            ++runs;
            return error + 1;
        });
    });
    QVERIFY(finishes(tail));
    QCOMPARE(tail.result(), 43);
    QCOMPARE(runs.load(), 1);
}

void TestFuturesAttaching::g22_onCanceled()
{
    Remote remote;
    std::atomic<int> runs{0};
    const QFuture<int> tail = attached(remote, [&](QFuture<int> &future) {
        QFuture<int> next = future.onCanceled([&] {
            ++runs;
            return 5;
        });
        future.cancel();
        return next;
    });
    QVERIFY(finishes(tail));
    QFETCH(const bool, late);
    // Qt drops the value of a finished future that is cancelled only for those who come later.
    if (late)
        QCOMPARE(tail.result(), 7);
    else
        QCOMPARE(tail.result(), 5);
    QCOMPARE(runs.load(), late ? 0 : 1);
}

void TestFuturesAttaching::g22_watcher()
{
    Remote remote;
    QFutureWatcher<int> watcher;
    int finished = 0;
    int resultReady = 0;
    connect(&watcher, &QFutureWatcherBase::finished, this, [&] { ++finished; });
    connect(&watcher, &QFutureWatcherBase::resultReadyAt, this, [&](int) { ++resultReady; });
    attached(remote, [&](QFuture<int> &future) {
        watcher.setFuture(future);
        return future;
    });
    QVERIFY(QTest::qWaitFor([&] { return finished > 0; }, 10000));
    QTest::qWait(5);
    QCOMPARE(finished, 1);
    QCOMPARE(resultReady, 1);
    QCOMPARE(watcher.result(), 7);
}

void TestFuturesAttaching::g22_watcherSeesFailureAsCanceled()
{
    Remote remote;
    remote.fail = true;
    QFutureWatcher<int> watcher;
    int finished = 0;
    connect(&watcher, &QFutureWatcherBase::finished, this, [&] { ++finished; });
    attached(remote, [&](QFuture<int> &future) {
        watcher.setFuture(future);
        return future;
    });
    QVERIFY(QTest::qWaitFor([&] { return finished > 0; }, 10000));
    QVERIFY(watcher.isCanceled());
    QCOMPARE(thrownBy([&] { watcher.waitForFinished(); }), QByteArray("int 42"));
}

void TestFuturesAttaching::g22_waitForFinished()
{
    Remote remote;
    QFuture<int> future = attached(remote, [](QFuture<int> &f) { return f; });
    future.waitForFinished();
    QVERIFY(future.isFinished());
    QCOMPARE(future.resultCount(), 1);
    QCOMPARE(future.result(), 7);
    QCOMPARE(future.result(), 7); // as often as one likes
}

void TestFuturesAttaching::g22_polling()
{
    Remote remote;
    const QFuture<int> future = attached(remote, [](QFuture<int> &f) { return f; });
    QCOMPARE(QThread::currentThread()->loopLevel(), 0); // no loop helps it on
    QVERIFY(finishes(future));
    QVERIFY(!future.isCanceled());
    QVERIFY(!future.isRunning());
    QCOMPARE(future.result(), 7);
}

void TestFuturesAttaching::g22_chains()
{
    Remote remote;
    const QFuture<QString> tail = attached(remote, [&](QFuture<int> &future) {
        return future.then([](int value) { return value * 2; })
                .then(QtFuture::Launch::Async, [](int value) { return QString::number(value); })
                .onFailed([](const std::exception &) { return QStringLiteral("failed"); })
                .onCanceled([] { return QStringLiteral("canceled"); });
    });
    QVERIFY(finishes(tail));
    QCOMPARE(tail.result(), QStringLiteral("14"));
}

void TestFuturesAttaching::g22_continuationsMayCallUs()
{
    const auto add = [](int value) { return value + 1; };
    const auto addLater = [](int value) -> Task<int> {
        co_await sleepFor(1ms);
        co_return value + 1;
    };
    for (const bool asTask : {false, true}) {
        Remote remote; // held back: attaching the second stage would race inside Qt
        const QFuture<int> tail = start(&remote, asTask)
                                          .then([&](int value) { return callSync(addLater, value); })
                                          .then([&](int value) {
                                              return callSync({.forceOffload = true}, add, value);
                                          });
        remote.go = true;
        QVERIFY(finishes(tail));
        QCOMPARE(tail.result(), 9);
    }
}

void TestFuturesAttaching::g22_continuationMayDestroyTheLastHandle()
{
    for (const bool asTask : {false, true}) {
        Remote remote;
        auto held = std::make_unique<QFuture<int>>(start(&remote, asTask));
        std::atomic<bool> ran{false};
        QFuture<void> tail = held->then([&](int) {
            held.reset();
            ran = true;
        });
        remote.go = true;
        QVERIFY(finishes(tail));
        QVERIFY(ran);
    }
}

void TestFuturesAttaching::g22_throwingContinuationHurtsNobody()
{
    for (const bool asTask : {false, true}) {
        Remote remote;
        const QFuture<int> future = start(&remote, asTask);
        QFuture<void> tail = QFuture<int>(future).then([](int) { throw 3; });
        remote.go = true;
        QVERIFY(finishes(tail));
        QCOMPARE(thrownBy([&] { tail.waitForFinished(); }), QByteArray("int 3"));
        QCOMPARE(future.result(), 7);
    }
}

/// Qt 6.4 remembers what then() returned, whether or not that still exists, and cancel() writes into it.
void TestFuturesAttaching::g22_cancelAfterTheContinuationIsGone()
{
    for (const bool asTask : {false, true}) {
        Remote remote;
        QFuture<int> future = start(&remote, asTask);
        bool ran = false;
        future.then(this, [&](int) { ran = true; });
        remote.go = true;
        QVERIFY(QTest::qWaitFor([&] { return ran; }, 20000));
        QVERIFY(shutdown(QDeadlineTimer(20s))); // the thread that has finished it is done with it
        // blocks of the size of Qt's private data, 216 bytes in 6.4: one of them takes the place of what is gone
        using Block = std::array<char, 216>;
        std::vector<std::unique_ptr<Block>> blocks;
        for (int i = 0; i < 64; ++i)
            blocks.push_back(std::make_unique<Block>());
        future.cancel();
        for (const std::unique_ptr<Block> &block : blocks)
            QVERIFY(*block == Block());
    }
}

void TestFuturesAttaching::g22_cancelStopsAContinuationOnItsWay()
{
    Remote remote;
    QFuture<int> future = start(&remote, false);
    bool ran = false;
    const QFuture<void> tail = future.then(this, [&](int) { ran = true; });
    remote.go = true;
    QVERIFY(finishes(future));
    future.cancel(); // the continuation is in this thread's queue, or about to be
    QVERIFY(QTest::qWaitFor([&] { return tail.isFinished(); }, 20000));
    QVERIFY(tail.isCanceled());
    QVERIFY(!ran);
}

QTEST_GUILESS_MAIN(TestFuturesAttaching)
#include "tst_futures_attaching.moc"
