// parallelMap: failing at once, cancellation, shutdown.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <QtCore/QFutureWatcher>
#include <QtCore/QRandomGenerator>
#include <QtCore/QSemaphore>
#include <QtCore/QThreadPool>

#include <atomic>
#include <memory>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> sleepForever(Counter *counter)
{
    const Local local(*counter);
    co_await sleepUntil(QDeadlineTimer(QDeadlineTimer::Forever));
    co_return 0;
}

int pollUntilCanceled(Counter *counter)
{
    const Local local(*counter);
    return eventually([] { return isCanceled(); }) ? 1 : 0;
}

int waitForever(Counter *counter)
{
    return callSync(sleepForever, counter);
}

int throwWhen(const std::function<bool()> &condition)
{
    static_cast<void>(eventually(condition));
    throw 13;
}

int fail()
{
    throw 1;
}

/// Does not look at whether it is cancelled.
auto deafUntil(std::atomic<bool> &release)
{
    return [&release] {
        while (!release)
            QThread::usleep(200);
        return 1;
    };
}

bool allGone(const Counter &counter)
{
    return eventually([&counter] { return counter.made == counter.gone; });
}

/// One of each kind of call that does not end by itself. Four of them are under way at a time.
QList<Call<int>> endless(Counter &counter)
{
    Counter *const c = &counter;
    return {call(sleepForever, c), call(pollUntilCanceled, c), call(pollUntilCanceled, c).within(1h),
            call(waitForever, c)};
}

} // namespace

class TestBatchesCancel : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void failsAtTheMomentOfTheFirstFailure();
    void failsWhileTheCallerBlocks();
    void failureStopsTheRest();
    void stopTokens();
    void g10_cancelOfTheFuture();
    void g10_cancelBeforeAnythingStarts();
    void g10_cancelOfTheAwaitingTask();
    void g10_deathOfTheContext();
    void g10_contextOfOneCall();
    void g10_shutdown();
    void canceledCallerStartsNothing();
    void deadlineOfTheCaller();
    void afterShutdown();
    void stress();
};

// Errors whose future is dropped on purpose are no news.
void TestBatchesCancel::init()
{
    onUnobservedError([](const UnobservedError &) {});
}

void TestBatchesCancel::failsAtTheMomentOfTheFirstFailure()
{
    std::atomic<bool> release{false};
    const auto deaf = deafUntil(release);
    const QFuture<QList<int>> future = parallelMap({call(deaf), call(fail), call(deaf)});
    QVERIFY(finishes(future));
    QVERIFY(!release);
    release = true;
    QCOMPARE(thrownBy([&] { QFuture<QList<int>>(future).waitForFinished(); }), "int 1");
    QVERIFY(Synchronaut::blockingPool().waitForDone(20'000)); // `release` is gone soon
}

// The caller does not work for the batch, or it would come to know late.
void TestBatchesCancel::failsWhileTheCallerBlocks()
{
    std::atomic<bool> release{false};
    const auto deaf = deafUntil(release);
    for (int round = 0; round < 50; ++round) {
        release = false;
        QCOMPARE(thrownBy([&] {
                     parallelMap({call(deaf), call(fail), call(deaf)}).waitForFinished();
                 }),
                 "int 1");
        release = true;
        QVERIFY(Synchronaut::blockingPool().waitForDone(20'000));
    }
}

void TestBatchesCancel::failureStopsTheRest()
{
    Counter counter;
    std::atomic<int> started{0};
    const auto count = [&started] { return ++started; };
    QThreadPool pool;
    pool.setMaxThreadCount(4);
    BatchOptions options;
    options.executor = &pool;
    options.maxConcurrency = 5;
    QList<Call<int>> calls = endless(counter);
    calls << call(throwWhen, std::function<bool()>([&counter] { return counter.made == 4; }));
    for (int i = 0; i < 100; ++i)
        calls << call(count);
    QCOMPARE(thrownBy([&] { parallelMap(calls, options).waitForFinished(); }), "int 13");
    QVERIFY(allGone(counter));
    QCOMPARE(counter.made, 4);
    QVERIFY(pool.waitForDone(20'000));
    QCOMPARE(started, 0);
}

void TestBatchesCancel::stopTokens()
{
    std::atomic<bool> called{false};
    QSemaphore ready;
    const auto tokenOfARunner = [&] {
        const std::stop_callback callback(currentStopToken(), [&called] { called = true; });
        ready.release();
        return eventually([&called] { return called.load(); }) ? 1 : 0;
    };
    // a task is among them: then the cancellation is heard of, else it only shows when looked at
    Counter counter;
    QFuture<QList<int>> heard =
            parallelMap({call(tokenOfARunner), call(sleepForever, &counter)});
    ready.acquire();
    heard.cancel();
    QVERIFY(eventually([&called] { return called.load(); }));
    QVERIFY(allGone(counter));
    QVERIFY(Synchronaut::blockingPool().waitForDone(20'000));
}

void TestBatchesCancel::g10_cancelOfTheFuture()
{
    for (const int limit : {0, 1, 4}) {
        Counter counter;
        std::atomic<int> after{0};
        QList<Call<int>> calls = endless(counter);
        const int under = limit == 1 ? 1 : 4;
        BatchOptions options;
        options.maxConcurrency = limit;
        if (limit > 0) {
            for (int i = 0; i < 50; ++i)
                calls << call([&after] { return ++after; });
        }
        QFuture<QList<int>> future = parallelMap(calls, options);
        QVERIFY(eventually([&] { return counter.made == under; }));
        future.cancel();
        QVERIFY(finishes(future));
        QVERIFY(allGone(counter));
        QCOMPARE(counter.made, under);
        QVERIFY(Synchronaut::blockingPool().waitForDone(20'000));
        QCOMPARE(after, 0);
    }
}

void TestBatchesCancel::g10_cancelBeforeAnythingStarts()
{
    QSemaphore gate;
    QThreadPool pool;
    pool.setMaxThreadCount(1);
    pool.start([&gate] { gate.acquire(); });
    BatchOptions options;
    options.executor = &pool;
    std::atomic<int> ran{0};
    const auto count = [&ran] { return ++ran; };
    QFuture<QList<int>> future = parallelMap(QList<Call<int>>(1000, call(count)), options);
    future.cancel();
    future.cancel(); // twice is once
    gate.release();
    QVERIFY(finishes(future));
    QVERIFY(pool.waitForDone(20'000));
    QCOMPARE(ran, 0);
}

void TestBatchesCancel::g10_cancelOfTheAwaitingTask()
{
    Counter counter;
    const QList<Call<int>> calls = endless(counter);
    const auto task = [](QList<Call<int>> list) -> Task<int> {
        const QList<int> results = co_await parallelMap(list);
        co_return static_cast<int>(results.size());
    };
    const auto limited = [&]() -> Task<int> {
        co_return co_await withTimeout(task(calls), 50ms);
    };
    QCOMPARE(thrownBy([&] { run(limited()); }), "CallTimeout");
    while (counter.made != counter.gone) // the async ones are at home on this thread's loop
        QCoreApplication::processEvents(QEventLoop::AllEvents, 10);
    QVERIFY(Synchronaut::blockingPool().waitForDone(20'000));
}

void TestBatchesCancel::g10_deathOfTheContext()
{
    Counter counter;
    auto context = std::make_unique<QObject>();
    BatchOptions options;
    options.context = context.get();
    const QFuture<QList<int>> future = parallelMap(endless(counter), options);
    QVERIFY(eventually([&] { return counter.made == 4; }));
    context.reset();
    QVERIFY(future.isFinished());
    QCOMPARE(thrownBy([&] { QFuture<QList<int>>(future).waitForFinished(); }), "CallCanceled");
    QVERIFY(allGone(counter));
}

void TestBatchesCancel::g10_contextOfOneCall()
{
    Counter counter;
    auto context = std::make_unique<QObject>();
    CallOptions options;
    options.context = context.get();
    const auto one = [] { return 1; };
    const QFuture<QList<Outcome<int>>> future =
            parallelMap({call(options, pollUntilCanceled, &counter),
                         call(options, sleepForever, &counter), call(one)},
                        returnExceptions);
    QVERIFY(eventually([&] { return counter.made == 2; }));
    context.reset();
    QVERIFY(finishes(future));
    QVERIFY(future.result().at(0).isCanceled());
    QVERIFY(future.result().at(1).isCanceled());
    QCOMPARE(future.result().at(2).value(), 1);
    QVERIFY(allGone(counter));
}

void TestBatchesCancel::g10_shutdown()
{
    for (const bool mixed : {false, true}) {
        Counter counter;
        QList<Call<int>> calls = endless(counter);
        if (!mixed)
            calls = {call(pollUntilCanceled, &counter), call(pollUntilCanceled, &counter)};
        const QFuture<QList<int>> future = parallelMap(calls);
        const int count = static_cast<int>(calls.size());
        QVERIFY(eventually([&] { return counter.made == count; }));
        QVERIFY(Synchronaut::shutdown(QDeadlineTimer(20s)));
        QVERIFY(finishes(future));
        const QByteArray error = thrownBy([&] { QFuture<QList<int>>(future).waitForFinished(); });
        QVERIFY2(error == "CallCanceled" || error == "LoopStopped", error.constData());
        QVERIFY(allGone(counter));
    }
}

void TestBatchesCancel::canceledCallerStartsNothing()
{
    std::atomic<int> ran{0};
    const auto count = [&ran] { return ++ran; };
    QByteArray error;
    std::atomic<bool> started{false};
    const auto task = [&]() -> Task<> {
        try {
            started = true;
            co_await sleepUntil(QDeadlineTimer(QDeadlineTimer::Forever));
        } catch (const CallCanceled &) {
            error = thrownBy([&] { parallelMap({call(count), call(count)}).waitForFinished(); });
        }
    };
    QFuture<void> future = callAny(task);
    QVERIFY(eventually([&] { return started.load(); }));
    future.cancel();
    QVERIFY(finishes(future));
    QCOMPARE(error, "CallCanceled");
    QCOMPARE(ran, 0);
}

void TestBatchesCancel::deadlineOfTheCaller()
{
    Counter counter;
    const auto batch = [&] { return parallelMap(endless(counter)); };
    QCOMPARE(thrownBy([&] { callSync({.timeout = timeToBegin}, batch); }), "CallTimeout");
    QVERIFY(allGone(counter));

    // and every call sees it
    const auto hasDeadline = [] { return currentDeadline().isForever() ? 0 : 1; };
    const auto hasDeadlineToo = []() -> Task<int> { co_return currentDeadline().isForever() ? 0 : 1; };
    const auto asked = [&] {
        return parallelMap({call(hasDeadline), call(hasDeadlineToo), call(hasDeadline).within(1h)});
    };
    QCOMPARE(callSync({.timeout = 20s}, asked), QList<int>(3, 1));
}

void TestBatchesCancel::afterShutdown()
{
    QVERIFY(Synchronaut::shutdown(QDeadlineTimer(20s)));
    const auto one = [] { return 1; };
    const auto later = []() -> Task<int> { co_return 1; };
    QCOMPARE(parallelMap({call(one), call(later)}).result(), QList<int>(2, 1)); // all starts again
}

// Batches of everything, that fail, are cancelled, dropped or time out at any moment.
void TestBatchesCancel::stress()
{
    const quint32 seed = QRandomGenerator::global()->generate();
    qInfo("seed %u", seed);
    QRandomGenerator random(seed);
    QThreadPool pool;
    pool.setMaxThreadCount(2);
    Counter counter;
    const auto plain = [&counter](int i) {
        const Local local(counter);
        if (i % 97 == 5)
            throw i;
        return i;
    };
    const auto async = [&counter](int i) -> Task<int> {
        const Local local(counter);
        co_await sleepFor(std::chrono::microseconds(i % 7 * 100));
        if (i % 97 == 5)
            throw i;
        co_return i;
    };
    const auto nested = [&](int i) {
        const Local local(counter);
        BatchOptions options;
        options.executor = &pool;
        const QList<int> results =
                parallelMap({call(plain, i), call(async, i), call(plain, 1)}, options).result();
        return static_cast<int>(results.size());
    };
    std::vector<QFuture<QList<int>>> futures;
    std::vector<QFuture<QList<Outcome<int>>>> outcomes;
    for (int round = 0; round < rounds(1500, 150); ++round) {
        QList<Call<int>> calls;
        const int count = random.bounded(random.bounded(20) == 0 ? 700 : 12);
        for (int i = 0; i < count; ++i) {
            const int argument = random.bounded(400);
            switch (random.bounded(8)) {
            case 0:
                calls << call(async, argument);
                break;
            case 1:
                calls << call(async, argument).within(std::chrono::microseconds(random.bounded(600)));
                break;
            case 2:
                calls << call(plain, argument).within(std::chrono::microseconds(random.bounded(300)));
                break;
            case 3:
                calls << call({.executor = &pool}, plain, argument);
                break;
            case 4:
                calls << call(nested, argument);
                break;
            default:
                calls << call(plain, argument);
            }
        }
        BatchOptions options;
        options.executor = random.bounded(2) ? &pool : nullptr;
        options.maxConcurrency = random.bounded(4);
        if (random.bounded(3) == 0) {
            outcomes.push_back(parallelMap(calls, returnExceptions, options));
        } else {
            futures.push_back(parallelMap(calls, options));
            if (random.bounded(3) == 0)
                futures.back().cancel();
            if (random.bounded(4) == 0)
                futures.pop_back();
        }
        if (futures.size() > 20) {
            const auto chosen = static_cast<std::size_t>(random.bounded(20));
            futures[chosen].cancel();
            futures.erase(futures.begin() + static_cast<std::ptrdiff_t>(chosen));
        }
    }
    for (const auto &future : futures)
        QVERIFY(finishes(future));
    for (const auto &future : outcomes)
        QVERIFY(finishes(future));
    QVERIFY(pool.waitForDone(20'000));
    QVERIFY(Synchronaut::blockingPool().waitForDone(20'000));
    QVERIFY(allGone(counter));
}

QTEST_GUILESS_MAIN(TestBatchesCancel)
#include "tst_batches_cancel.moc"
