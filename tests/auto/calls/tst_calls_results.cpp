// What a call gives: void, move-only, decayed references, several results.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>
#include <type_traits>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

QString s_global = QStringLiteral("a global string, long enough to live on the heap");

const QString &reference()
{
    return s_global;
}

const QString &passThrough(const QString &text)
{
    return text;
}

QString &&rvaluePassThrough(QString &&text)
{
    return std::move(text);
}

const QString constant()
{
    return s_global;
}

std::unique_ptr<int> moveOnly(int value)
{
    return std::make_unique<int>(value);
}

Task<std::unique_ptr<int>> moveOnlyAsync(int value)
{
    co_await yieldNow();
    co_return std::make_unique<int>(value);
}

/// Can neither be default-constructed nor copied.
struct Ticket
{
    explicit Ticket(int n) : number(n) { }
    Ticket(Ticket &&) = default;
    Ticket &operator=(Ticket &&) = default;
    int number;
};

void countTo(QPromise<int> &promise, int last)
{
    promise.setProgressRange(0, last);
    for (int i = 1; i <= last; ++i) {
        promise.addResult(i);
        promise.setProgressValue(i);
    }
}

struct Sequence
{
    void produce(QPromise<int> &promise, int last) const { countTo(promise, last); }
};

} // namespace

class TestCallsResults : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void typesDecay();
    void referencesAreCopied();
    void referenceToAnArgumentIsCopiedInTime();
    void voidFunctions();
    void moveOnlyResults();
    void noDefaultConstructor();
    void promiseFunctionSeveralResults();
    void promiseFunctionByCallSyncAndAsync();
    void promiseFunctionKinds();
    void promiseFunctionThatFails();
    void promiseFunctionIsCanceled();
};

void TestCallsResults::typesDecay()
{
    static_assert(std::is_same_v<decltype(callSync(reference)), QString>);
    static_assert(std::is_same_v<decltype(callSync(constant)), QString>);
    static_assert(std::is_same_v<decltype(callAny(reference)), QFuture<QString>>);
    static_assert(std::is_same_v<decltype(callAny(constant)), QFuture<QString>>);
    static_assert(std::is_same_v<decltype(callAsync(reference)), AsyncCall<QString>>);
    static_assert(std::is_same_v<decltype(callAsync(constant)), AsyncCall<QString>>);
    static_assert(std::is_same_v<decltype(callAny(moveOnlyAsync, 1)), QFuture<std::unique_ptr<int>>>);
    static_assert(std::is_same_v<decltype(callAny(countTo, 1)), QFuture<int>>);
    static_assert(std::is_void_v<decltype(callSync([] {}))>);
    QCOMPARE(callSync(constant), s_global);
}

void TestCallsResults::referencesAreCopied()
{
    QCOMPARE(callSync(reference), s_global);
    QCOMPARE(callSync({.forceOffload = true}, reference), s_global);
    QCOMPARE(callAny(reference).result(), s_global);
    QCOMPARE(run(callAsync(reference)), s_global);
}

void TestCallsResults::referenceToAnArgumentIsCopiedInTime()
{
    // the argument is a copy that dies with the call; AddressSanitizer sees one that died too early
    const QString text = QStringLiteral("a string of some length that is not shared ") + QString::number(1);
    const auto owned = [](const QString &s) { return QString(s.constData(), s.size()); };
    QCOMPARE(callSync(passThrough, owned(text)), text);
    QCOMPARE(callSync({.forceOffload = true}, passThrough, owned(text)), text);
    QCOMPARE(callAny(passThrough, owned(text)).result(), text);
    QCOMPARE(run(callAsync(passThrough, owned(text))), text);
    QCOMPARE(callSync(rvaluePassThrough, owned(text)), text);
    QCOMPARE(callAny(rvaluePassThrough, owned(text)).result(), text);
    const auto bridge = synchronaut(passThrough);
    QCOMPARE(bridge.sync(owned(text)), text);
}

void TestCallsResults::voidFunctions()
{
    std::atomic<int> runs{0};
    const auto plain = [&runs] { ++runs; };
    const auto async = [&runs]() -> Task<> {
        co_await yieldNow();
        ++runs;
    };
    callSync(plain);
    callSync({.forceOffload = true}, plain);
    callSync(async);
    QCOMPARE(runs.load(), 3);
    const QFuture<void> first = callAny(plain);
    const QFuture<void> second = callAny({.forceOffload = true}, plain);
    const QFuture<void> third = callAny(async);
    QVERIFY(finishes(first) && finishes(second) && finishes(third));
    QCOMPARE(runs.load(), 6);
    run(callAsync(plain));
    run(callAsync(async));
    QCOMPARE(runs.load(), 8);
}

void TestCallsResults::moveOnlyResults()
{
    QCOMPARE(*callSync(moveOnly, 3), 3);
    QCOMPARE(*callSync({.forceOffload = true}, moveOnly, 3), 3);
    QCOMPARE(*callSync(moveOnlyAsync, 3), 3);
    QFuture<std::unique_ptr<int>> direct = callAny(moveOnly, 4);
    QCOMPARE(*direct.takeResult(), 4);
    QFuture<std::unique_ptr<int>> async = callAny(moveOnlyAsync, 5);
    QVERIFY(finishes(async));
    QCOMPARE(*async.takeResult(), 5);
    QCOMPARE(*run(callAsync(moveOnly, 6)), 6);
    QCOMPARE(*run(callAsync(moveOnlyAsync, 6)), 6);
    const auto awaits = []() -> Task<int> {
        const std::unique_ptr<int> taken = co_await callAny(moveOnly, 7);
        co_return *taken;
    };
    QCOMPARE(run(awaits()), 7);
}

void TestCallsResults::noDefaultConstructor()
{
    const auto make = [](int n) { return Ticket(n); };
    const auto makeAsync = [](int n) -> Task<Ticket> {
        co_await yieldNow();
        co_return Ticket(n);
    };
    QCOMPARE(callSync(make, 1).number, 1);
    QCOMPARE(callSync({.forceOffload = true}, make, 2).number, 2);
    QCOMPARE(callSync(makeAsync, 3).number, 3);
    QCOMPARE(callAny(make, 4).takeResult().number, 4);
    QCOMPARE(run(callAsync(make, 5)).number, 5);
    QCOMPARE(run(callAsync(makeAsync, 6)).number, 6);
}

void TestCallsResults::promiseFunctionSeveralResults()
{
    const QList<int> expected{1, 2, 3, 4};
    const QFuture<int> direct = callAny(countTo, 4);
    QVERIFY(direct.isFinished());
    QCOMPARE(direct.results(), expected);
    QCOMPARE(direct.progressMaximum(), 4);

    const QFuture<int> pooled = callAny({.forceOffload = true}, countTo, 4);
    QVERIFY(finishes(pooled));
    QCOMPARE(pooled.results(), expected);
    QCOMPARE(pooled.progressMaximum(), 4);
    QCOMPARE(pooled.progressValue(), 4);

    QFuture<int> inSlotFuture;
    inSlot([&] {
        inSlotFuture = callAny(countTo, 4);
        while (!inSlotFuture.isFinished())
            QCoreApplication::processEvents(QEventLoop::AllEvents, 20);
    });
    QCOMPARE(inSlotFuture.results(), expected);
}

void TestCallsResults::promiseFunctionByCallSyncAndAsync()
{
    // one result is taken: the first (§14)
    QCOMPARE(callSync(countTo, 4), 1);
    QCOMPARE(callSync({.forceOffload = true}, countTo, 4), 1);
    QCOMPARE(run(callAsync(countTo, 4)), 1);
    const QByteArray none = thrownBy([] { return callSync(countTo, 0); });
    QCOMPARE(none, "CallError"); // nothing was added: said, not undefined
}

void TestCallsResults::promiseFunctionKinds()
{
    const Sequence sequence;
    QCOMPARE(callAny(&Sequence::produce, &sequence, 3).results(), (QList<int>{1, 2, 3}));
    const auto lambda = [factor = 10](QPromise<int> &promise, int n) { promise.addResult(n * factor); };
    QCOMPARE(callAny(lambda, 3).result(), 30);
    QCOMPARE(callSync(lambda, 3), 30);
    const auto bridge = synchronaut(lambda);
    QCOMPARE(bridge(3).result(), 30);
    QCOMPARE(bridge.sync(3), 30);
    const std::function<void(QPromise<int> &, int)> function = countTo;
    QCOMPARE(callAny(function, 2).results(), (QList<int>{1, 2}));
    const auto nothing = [](QPromise<void> &promise) { promise.setProgressRange(0, 7); };
    QCOMPARE(callAny(nothing).progressMaximum(), 7);
}

void TestCallsResults::promiseFunctionThatFails()
{
    const auto throws = [](QPromise<int> &promise) {
        promise.addResult(1);
        throw 5;
    };
    const auto sets = [](QPromise<int> &promise) {
        promise.setException(std::make_exception_ptr(6));
    };
    QCOMPARE(thrownBy([&] { callAny(throws).waitForFinished(); }), "int 5");
    // result() would do as soon as the first result is there, before the throw: G22 is about the end
    QCOMPARE(thrownBy([&] { callAny({.forceOffload = true}, throws).waitForFinished(); }), "int 5");
    QCOMPARE(thrownBy([&] { return callSync(throws); }), "int 5");
    QCOMPARE(thrownBy([&] { callAny(sets).waitForFinished(); }), "int 6");
    QCOMPARE(thrownBy([&] { return callSync(sets); }), "int 6");
    QCOMPARE(thrownBy([&] { return run(callAsync(sets)); }), "int 6");
}

void TestCallsResults::promiseFunctionIsCanceled()
{
    std::atomic<bool> running{false};
    std::atomic<bool> saw{false};
    const auto loops = [&](QPromise<int> &promise) {
        running = true;
        const QDeadlineTimer limit(20s);
        while (!promise.isCanceled() && !limit.hasExpired())
            QThread::usleep(200);
        saw = promise.isCanceled() && isCanceled();
    };
    QFuture<int> future = callAny({.forceOffload = true}, loops);
    QVERIFY(eventually([&] { return running.load(); }));
    future.cancel();
    QVERIFY(eventually([&] { return saw.load(); }));
    QVERIFY(finishes(future));
}

QTEST_GUILESS_MAIN(TestCallsResults)
#include "tst_calls_results.moc"
