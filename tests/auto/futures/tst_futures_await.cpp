// co_await of QFutures of any origin: ready, pending, cancelled, failed, shared, move-only, dropped.
#include "../support/finishedfuture.h"
#include "../support/waiting.h"

#include <QtConcurrent/QtConcurrentRun>
#include <QtTest/QTest>

#include <memory>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

template <typename T>
Task<T> awaitNamed(QFuture<T> future)
{
    co_return co_await future;
}

template <typename T>
Task<T> awaitTemporary(QFuture<T> future)
{
    co_return co_await std::move(future);
}

Task<void> awaitVoid(QFuture<void> future)
{
    co_await future;
}

struct Custom : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

/// Awaits on the main thread by run(), and on the background loop by callSync().
template <typename T>
QByteArray thrownByAwaiting(const QFuture<T> &future)
{
    const QByteArray here = thrownBy([&] { run(awaitNamed(future)); });
    const QByteArray there = thrownBy([&] { callSync(awaitNamed<T>, future); });
    return here == there ? here : here + " but " + there;
}

/// Does something to a promise from another thread, a moment from now.
template <typename Function>
JoinedThread later(Function function)
{
    return JoinedThread([function = std::move(function)]() mutable {
        QThread::msleep(5);
        function();
    });
}

} // namespace

class TestFuturesAwait : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void ready();
    void readyDoesNotSuspend();
    void pending();
    void pendingVoid();
    void severalResultsGiveTheFirst();
    void cancelledBefore();
    void cancelledWhileAwaited();
    void cancelledAndNeverFinished();
    void failedBefore();
    void failedWhileAwaited();
    void failedBeforeItFinishes();
    void qtConcurrentExceptionIsUnwrapped();
    void qExceptionKeepsItsType();
    void defaultConstructed();
    void finishedWithoutResult();
    void droppedPromise();
    void droppedPromiseWhileAwaited();
    void severalAwaitersOfOneFuture();
    void moveOnlyResult();
    void namedFutureSurvivesCancellationOfTheTask();
    void temporaryFutureIsCancelledWithTheTask();
    void continuationOfTheUserStaysInPlace();
    void futureFunctionsThroughTheVerbs();
    void futureThatResumesElsewhereComesHome();
    void g11_racingCompletionAndAwait();
};

void TestFuturesAwait::ready()
{
    QCOMPARE(run(awaitNamed(finishedFuture(3))), 3);
    QCOMPARE(callSync(awaitNamed<int>, finishedFuture(4)), 4);
    run(awaitVoid(finishedFuture()));
}

void TestFuturesAwait::readyDoesNotSuspend()
{
    const QFuture<int> future = spawn(awaitNamed(finishedFuture(3)));
    QVERIFY(future.isFinished()); // no loop has turned
    QCOMPARE(future.result(), 3);
}

void TestFuturesAwait::pending()
{
    for (const bool here : {true, false}) {
        QPromise<int> promise;
        promise.start();
        const auto finisher = later([&promise] {
            promise.addResult(5);
            promise.finish();
        });
        QCOMPARE(here ? run(awaitNamed(promise.future()))
                      : callSync(awaitNamed<int>, promise.future()), 5);
    }
}

void TestFuturesAwait::pendingVoid()
{
    QPromise<void> promise;
    promise.start();
    const auto finisher = later([&promise] { promise.finish(); });
    run(awaitVoid(promise.future()));
    QVERIFY(promise.future().isFinished());
}

void TestFuturesAwait::severalResultsGiveTheFirst()
{
    QPromise<int> promise;
    promise.start();
    promise.addResult(1);
    promise.addResult(2);
    promise.finish();
    QCOMPARE(run(awaitNamed(promise.future())), 1);
}

void TestFuturesAwait::cancelledBefore()
{
    QPromise<int> promise;
    promise.start();
    promise.future().cancel();
    promise.finish();
    QCOMPARE(thrownByAwaiting(promise.future()), QByteArray("CallCanceled"));
}

void TestFuturesAwait::cancelledWhileAwaited()
{
    QPromise<int> promise;
    promise.start();
    const auto finisher = later([&promise] {
        promise.future().cancel();
        promise.finish();
    });
    QCOMPARE(thrownBy([&] { run(awaitNamed(promise.future())); }), QByteArray("CallCanceled"));
}

void TestFuturesAwait::cancelledAndNeverFinished()
{
    QPromise<int> promise;
    promise.start();
    const auto finisher = later([&promise] { promise.future().cancel(); });
    QCOMPARE(thrownByAwaiting(promise.future()), QByteArray("CallCanceled"));
}

void TestFuturesAwait::failedBefore()
{
    QPromise<int> promise;
    promise.start();
    promise.setException(std::make_exception_ptr(42));
    promise.finish();
    QCOMPARE(thrownByAwaiting(promise.future()), QByteArray("int 42"));
}

void TestFuturesAwait::failedWhileAwaited()
{
    for (int round = 0; round < 20; ++round) {
        QPromise<int> promise;
        promise.start();
        const auto finisher = later([&promise] {
            promise.setException(std::make_exception_ptr(42));
            promise.finish();
        });
        QCOMPARE(thrownBy([&] { run(awaitNamed(promise.future())); }), QByteArray("int 42"));
    }
}

// Qt marks a failed future as cancelled first: that must not hide the error.
void TestFuturesAwait::failedBeforeItFinishes()
{
    for (const bool here : {true, false}) {
        QPromise<int> promise;
        promise.start();
        const auto finisher = later([&promise] {
            promise.setException(std::make_exception_ptr(42));
            QThread::msleep(20);
            promise.finish();
        });
        QCOMPARE(thrownBy([&] {
                     if (here)
                         run(awaitNamed(promise.future()));
                     else
                         callSync(awaitNamed<int>, promise.future());
                 }),
                 QByteArray("int 42"));
    }
}

void TestFuturesAwait::qtConcurrentExceptionIsUnwrapped()
{
    const auto fail = []() -> int { throw Custom("mine"); };
    QCOMPARE(thrownBy([&] { run(awaitNamed(QtConcurrent::run(fail))); }),
             QByteArray("std::exception: mine"));
    QFuture<int> future = QtConcurrent::run(fail);
    QVERIFY(finishes(future));
    bool typeKept = false;
    try {
        run(awaitNamed(future));
    } catch (const Custom &) {
        typeKept = true;
    }
    QVERIFY(typeKept);
    QCOMPARE(thrownBy([] { run(awaitVoid(QtConcurrent::run([] { throw 7; }))); }),
             QByteArray("int 7"));
}

void TestFuturesAwait::qExceptionKeepsItsType()
{
    const auto fail = []() -> int { throw DeadlockError(QStringLiteral("user's own")); };
    QCOMPARE(thrownBy([&] { run(awaitNamed(QtConcurrent::run(fail))); }),
             QByteArray("DeadlockError"));
}

void TestFuturesAwait::defaultConstructed()
{
    const QByteArray thrown = thrownByAwaiting(QFuture<int>());
    QVERIFY2(thrown == "CallError" || thrown == "CallCanceled", thrown.constData());
    const QByteArray thrownVoid = thrownBy([] { run(awaitVoid(QFuture<void>())); });
    QVERIFY2(thrownVoid == "CallError" || thrownVoid == "CallCanceled", thrownVoid.constData());
}

void TestFuturesAwait::finishedWithoutResult()
{
    QPromise<int> promise;
    promise.start();
    promise.finish();
    QCOMPARE(thrownByAwaiting(promise.future()), QByteArray("CallError"));
}

void TestFuturesAwait::droppedPromise()
{
    QFuture<int> future;
    {
        QPromise<int> promise;
        promise.start();
        future = promise.future();
    }
    QCOMPARE(thrownByAwaiting(future), QByteArray("CallCanceled"));
}

void TestFuturesAwait::droppedPromiseWhileAwaited()
{
    auto promise = std::make_unique<QPromise<int>>();
    promise->start();
    const QFuture<int> future = promise->future();
    const auto finisher = later([&promise] { promise.reset(); });
    QCOMPARE(thrownBy([&] { run(awaitNamed(future)); }), QByteArray("CallCanceled"));
}

void TestFuturesAwait::severalAwaitersOfOneFuture()
{
    QPromise<QString> promise;
    promise.start();
    std::vector<QFuture<QString>> all;
    for (int i = 0; i < 10; ++i) {
        all.push_back(callAny(awaitNamed<QString>, promise.future()));
        all.push_back(spawn(awaitNamed(promise.future())));
        all.push_back(spawn(awaitTemporary(promise.future())));
    }
    QTest::qWait(2);
    promise.addResult(QStringLiteral("a text that lives on the heap"));
    promise.finish();
    for (const auto &future : all) {
        QVERIFY(QTest::qWaitFor([&] { return future.isFinished(); }, 10000));
        QCOMPARE(future.result(), QStringLiteral("a text that lives on the heap"));
    }
    QCOMPARE(promise.future().result(), QStringLiteral("a text that lives on the heap"));
}

void TestFuturesAwait::moveOnlyResult()
{
    for (const bool ready : {true, false}) {
        QPromise<std::unique_ptr<int>> promise;
        promise.start();
        if (ready) {
            promise.addResult(std::make_unique<int>(6));
            promise.finish();
        }
        const auto finisher = later([&promise, ready] {
            if (!ready) {
                promise.addResult(std::make_unique<int>(6));
                promise.finish();
            }
        });
        QCOMPARE(*run(awaitNamed(promise.future())), 6);
    }
}

void TestFuturesAwait::namedFutureSurvivesCancellationOfTheTask()
{
    QPromise<int> promise;
    promise.start();
    const auto limited = [](QFuture<int> future) -> Task<int> {
        co_return co_await withTimeout(awaitNamed(future), 5ms);
    };
    QCOMPARE(thrownBy([&] { run(limited(promise.future())); }), QByteArray("CallTimeout"));
    QVERIFY(!promise.isCanceled());
    promise.addResult(1);
    promise.finish();
    QCOMPARE(run(awaitNamed(promise.future())), 1);
}

void TestFuturesAwait::temporaryFutureIsCancelledWithTheTask()
{
    QPromise<int> promise;
    promise.start();
    const auto limited = [](QFuture<int> future) -> Task<int> {
        co_return co_await withTimeout(awaitTemporary(future), 5ms);
    };
    QCOMPARE(thrownBy([&] { run(limited(promise.future())); }), QByteArray("CallTimeout"));
    QVERIFY(promise.isCanceled());
}

// A future holds one continuation; awaiting must not take its place.
void TestFuturesAwait::continuationOfTheUserStaysInPlace()
{
    QPromise<int> promise;
    promise.start();
    std::atomic<int> runs{0};
    const QFuture<void> tail = promise.future().then([&runs](int value) { runs += value; });
    const QFuture<int> awaiting = callAny(awaitNamed<int>, promise.future());
    QThread::msleep(2);
    promise.addResult(1);
    promise.finish();
    QVERIFY(finishes(awaiting));
    QVERIFY(finishes(tail));
    QCOMPARE(awaiting.result(), 1);
    QCOMPARE(runs.load(), 1);
}

void TestFuturesAwait::futureFunctionsThroughTheVerbs()
{
    const auto function = [](int value) {
        return QtConcurrent::run([value] {
            if (value < 0)
                throw value;
            return value * 2;
        });
    };
    QCOMPARE(callSync(function, 4), 8);
    const QFuture<int> any = callAny(function, 5);
    QVERIFY(finishes(any));
    QCOMPARE(any.result(), 10);
    const auto outer = [&]() -> Task<int> { co_return co_await callAsync(function, 6); };
    QCOMPARE(run(outer()), 12);
    QCOMPARE(thrownBy([&] { callSync(function, -3); }), QByteArray("int -3"));
    QCOMPARE(thrownBy([&] { callSync([] { return QFuture<int>(); }); }).isEmpty(), false);
    inSlot([&] { QCOMPARE(callSync(function, 7), 14); });
}

void TestFuturesAwait::futureThatResumesElsewhereComesHome()
{
    const auto outer = []() -> Task<bool> {
        const QThread *const home = QThread::currentThread();
        bool right = true;
        for (int i = 0; i < 50; ++i) {
            co_await QtConcurrent::run([] {});
            right = right && QThread::currentThread() == home;
        }
        co_return right;
    };
    QVERIFY(run(outer()));
    QVERIFY(callSync(outer));
}

void TestFuturesAwait::g11_racingCompletionAndAwait()
{
    const int total = rounds(5'000, 1'000);
    const auto outer = [total]() -> Task<qint64> {
        qint64 sum = 0;
        for (int i = 0; i < total; ++i) {
            QFuture<int> future = QtConcurrent::run([i] { return i; });
            spin(i * 13 % 2000);
            sum += co_await future;
        }
        co_return sum;
    };
    QCOMPARE(run(outer()), qint64(total) * (total - 1) / 2);
    QCOMPARE(callSync({.name = "racing"}, outer), qint64(total) * (total - 1) / 2);
}

QTEST_GUILESS_MAIN(TestFuturesAwait)
#include "tst_futures_await.moc"
