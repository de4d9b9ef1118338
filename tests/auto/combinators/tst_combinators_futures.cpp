// toFuture, unwrap, continueWith, and coroutines that return QFuture.
#include "../support/places.h"

#include <Synchronaut/FutureCoroutine>

#include <QtTest/QTest>

#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> number(int value)
{
    co_await yieldNow();
    co_return value;
}

Task<Task<int>> taskOfTask(int value)
{
    co_return number(value);
}

QFuture<int> eager(int value)
{
    co_await sleepFor(1ms);
    co_return value;
}

QFuture<int> eagerReady(int value)
{
    co_return value;
}

QFuture<void> eagerVoid(QStringList *lines)
{
    *lines += QStringLiteral("begun");
    co_await yieldNow();
    *lines += QStringLiteral("ended");
}

QFuture<std::unique_ptr<int>> eagerMoveOnly(int value)
{
    co_await yieldNow();
    co_return std::make_unique<int>(value);
}

QFuture<int> eagerThrows(bool late)
{
    if (late)
        co_await yieldNow();
    throw 42;
}

Task<QFuture<int>> futureOfTask(int value)
{
    co_return eager(value);
}

struct Foreign
{
    int value;
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept { }
    QFuture<Task<int>> await_resume() const
    {
        QPromise<Task<int>> promise;
        promise.start();
        QFuture<Task<int>> future = promise.future();
        promise.addResult(number(value));
        promise.finish();
        return future;
    }
};

QFuture<int> awaitsEverything(Counter *counter)
{
    const Local local(*counter);
    int sum = co_await number(1);
    sum += co_await eager(2);
    sum += co_await callAsync([] { return 3; });
    sum += co_await withTimeout(number(4), 1h);
    const auto all = co_await whenAll(number(5), eager(6));
    sum += std::get<0>(all) + std::get<1>(all);
    co_return sum;
}

Task<int> increments(int value, int by)
{
    co_await yieldNow();
    co_return value + by;
}

Task<QString> joins(const QString &a, const QString &b)
{
    co_await yieldNow();
    co_return a + b;
}

int plain(int value, int by)
{
    return value + by;
}

class Loader : public QObject
{
    Q_OBJECT
public:
    explicit Loader(Counter *c) : counter(c) { }

    QFuture<int> load(int id)
    {
        const Local local(*counter);
        co_await sleepFor(1ms);
        co_return id + base;
    }
    QFuture<void> wait() const
    {
        const Local local(*counter);
        co_await sleepFor(1h);
        resumed = true;
    }
    QFuture<int> deletesItself()
    {
        Counter *const mine = counter;
        const Local local(*mine);
        co_await yieldNow();
        delete this;
        co_await yieldNow();
        ++mine->made; // never
        co_return 1;
    }

    Counter *counter;
    int base = 40;
    inline static bool resumed = false;
};

} // namespace

class TestCombinatorsFutures : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void toFutureOfAnything();
    void unwrapsAnyNesting();
    void continueWithValue();
    void continueWithAwaitable();
    void continueWithErrors();
    void futureCoroutineIsEager();
    void futureCoroutineResults();
    void futureCoroutineErrors();
    void futureCoroutineAwaitsEverything();
    void futureCoroutineCanceled();
    void futureCoroutineKeepsArguments();
    void memberHasItsObjectAsOwner();
    void memberInOtherThread();
    void memberDeletesItsObject();
    void unobservedError();
};

void TestCombinatorsFutures::toFutureOfAnything()
{
    QFuture<int> future = toFuture(number(1));
    QVERIFY(finishesInLoop(future));
    QCOMPARE(future.result(), 1);
    QFuture<int> same = toFuture(future);
    QVERIFY(same.isFinished());
    QFuture<void> slept = toFuture(sleepFor(1ms));
    QVERIFY(finishesInLoop(slept));
    QFuture<int> limited = toFuture(withTimeout(number(2), 1h));
    QVERIFY(finishesInLoop(limited));
    QCOMPARE(limited.result(), 2);
    QFuture<std::tuple<int, int>> all = toFuture(whenAll(number(1), number(2)));
    QVERIFY(finishesInLoop(all));
    QCOMPARE(std::get<1>(all.result()), 2);
}

void TestCombinatorsFutures::unwrapsAnyNesting()
{
    static_assert(std::is_same_v<decltype(unwrap(taskOfTask(1))), Task<int>>);
    QCOMPARE(run(unwrap(number(1))), 1);
    QCOMPARE(run(unwrap(taskOfTask(2))), 2);
    QCOMPARE(run(unwrap(futureOfTask(3))), 3);
    QCOMPARE(run(unwrap(Foreign{4})), 4); // Foreign -> QFuture -> Task -> int
    const auto deepest = []() -> Task<Foreign> { co_return Foreign{5}; };
    const auto deeper = [&]() -> Task<Task<Foreign>> { co_return deepest(); };
    QCOMPARE(run(unwrap(deeper())), 5);
    QFuture<int> named = eager(6);
    QCOMPARE(run(unwrap(named)), 6);
    const auto voids = []() -> Task<Task<>> {
        const auto inner = []() -> Task<> { co_await yieldNow(); };
        co_return inner();
    };
    static_assert(std::is_same_v<decltype(unwrap(voids())), Task<void>>);
    run(unwrap(voids()));
    const auto throws = []() -> Task<Task<int>> {
        throw 7;
        co_return number(1);
    };
    QCOMPARE(thrownBy([&] { run(unwrap(throws())); }), QByteArray("int 7"));
}

void TestCombinatorsFutures::continueWithValue()
{
    static_assert(std::is_same_v<decltype(continueWith(1, plain, 2)), int>);
    QCOMPARE(continueWith(1, plain, 2), 3);
    QCOMPARE(run(continueWith(1, increments, 2)), 3); // an async function gives its task
    const auto same = [](std::unique_ptr<int> p) { return p; };
    QCOMPARE(*continueWith(std::make_unique<int>(5), same), 5);
    QCOMPARE(continueWith(QStringLiteral("ab"), &QString::size), qsizetype(2));
}

void TestCombinatorsFutures::continueWithAwaitable()
{
    static_assert(std::is_same_v<decltype(continueWith(number(1), plain, 2)), Task<int>>);
    static_assert(std::is_same_v<decltype(continueWith(number(1), increments, 2)), Task<int>>);
    bool called = false;
    const auto marks = [&called](int value) {
        called = true;
        return QString::number(value);
    };
    Task<QString> lazy = continueWith(number(1), marks);
    QVERIFY(!called);
    QCOMPARE(run(std::move(lazy)), QStringLiteral("1"));
    QCOMPARE(run(continueWith(number(1), increments, 2)), 3);
    QCOMPARE(run(continueWith(continueWith(eager(1), plain, 2), increments, 3)), 6);
    QCOMPARE(run(continueWith(sleepFor(1ms), number, 4)), 4);
    // arguments are converted to what the function refers to, and kept (G14)
    const auto text = [](int value) -> Task<QString> { co_return QString::number(value); };
    QCOMPARE(run(continueWith(text(1), joins, QLatin1String("b"))), QStringLiteral("1b"));
    const auto returnsNothing = [&](int value) { called = value == 1; };
    static_assert(std::is_same_v<decltype(continueWith(number(1), returnsNothing)), Task<void>>);
    run(continueWith(number(2), returnsNothing));
    QVERIFY(!called);
}

void TestCombinatorsFutures::continueWithErrors()
{
    bool called = false;
    const auto marks = [&called](int) { called = true; };
    QCOMPARE(thrownBy([&] { run(continueWith(eagerThrows(true), marks)); }), QByteArray("int 42"));
    QVERIFY(!called);
    const auto throws = [](int value) -> int { throw value; };
    QCOMPARE(thrownBy([&] { run(continueWith(number(3), throws)); }), QByteArray("int 3"));
}

void TestCombinatorsFutures::futureCoroutineIsEager()
{
    QStringList lines;
    const QFuture<void> future = eagerVoid(&lines);
    QCOMPARE(lines, (QStringList{QStringLiteral("begun")}));
    QVERIFY(!future.isFinished());
    QVERIFY(finishesInLoop(future));
    QCOMPARE(lines, (QStringList{QStringLiteral("begun"), QStringLiteral("ended")}));
    QVERIFY(eagerReady(1).isFinished());
}

void TestCombinatorsFutures::futureCoroutineResults()
{
    QCOMPARE(eagerReady(3).result(), 3);
    QFuture<int> pending = eager(4);
    QVERIFY(finishesInLoop(pending));
    QCOMPARE(pending.result(), 4);
    QFuture<std::unique_ptr<int>> moveOnly = eagerMoveOnly(5);
    QVERIFY(finishesInLoop(moveOnly));
    QCOMPARE(*moveOnly.takeResult(), 5);
    int seen = 0;
    eager(6).then(this, [&](int value) { seen = value; });
    QTRY_COMPARE(seen, 6);
    QCOMPARE(callSync(eager, 7), 7); // on the background loop
}

void TestCombinatorsFutures::futureCoroutineErrors()
{
    QCOMPARE(thrownBy([] { eagerThrows(false).waitForFinished(); }), QByteArray("int 42"));
    QFuture<int> late = eagerThrows(true);
    QVERIFY(finishesInLoop(late));
    QCOMPARE(thrownBy([&] { late.waitForFinished(); }), QByteArray("int 42"));
}

void TestCombinatorsFutures::futureCoroutineAwaitsEverything()
{
    Counter counter;
    QFuture<int> future = awaitsEverything(&counter);
    QVERIFY(finishesInLoop(future));
    QCOMPARE(future.result(), 21);
    QCOMPARE(counter.gone.load(), 1);
}

void TestCombinatorsFutures::futureCoroutineCanceled() // G10
{
    Counter counter;
    const auto waits = [](Counter *c) -> QFuture<void> {
        const Local local(*c);
        co_await sleepFor(1h);
    };
    QFuture<void> future = waits(&counter);
    future.cancel();
    QTRY_COMPARE(counter.gone.load(), 1);
    QVERIFY(future.isFinished());
    // a task that awaits it as a temporary takes it along
    const auto awaits = [&]() -> Task<> { co_await waits(&counter); };
    QCOMPARE(thrownBy([&] { run(withTimeout(awaits(), 5ms)); }), QByteArray("CallTimeout"));
    QTRY_COMPARE(counter.gone.load(), 2);
}

void TestCombinatorsFutures::futureCoroutineKeepsArguments()
{
    const auto size = [](QString text, std::unique_ptr<int> extra) -> QFuture<qsizetype> {
        co_await yieldNow();
        co_return text.size() + *extra;
    };
    QFuture<qsizetype> future = size(QString(1000, QLatin1Char('x')), std::make_unique<int>(1));
    QVERIFY(finishesInLoop(future));
    QCOMPARE(future.result(), qsizetype(1001));
}

void TestCombinatorsFutures::memberHasItsObjectAsOwner() // G13
{
    Counter counter;
    auto loader = std::make_unique<Loader>(&counter);
    QFuture<int> loaded = loader->load(2);
    QVERIFY(finishesInLoop(loaded));
    QCOMPARE(loaded.result(), 42);

    const QFuture<void> waiting = loader->wait();
    const QFuture<int> loading = loader->load(3);
    QCOMPARE(counter.gone.load(), 1);
    loader.reset();
    QCOMPARE(counter.gone.load(), 3);
    QVERIFY(waiting.isFinished() && loading.isFinished());
    QCOMPARE(thrownBy([&] { auto copy = loading; copy.waitForFinished(); }), QByteArray("CallCanceled"));
    QTest::qWait(5);
    QVERIFY(!Loader::resumed);
}

void TestCombinatorsFutures::memberInOtherThread()
{
    Counter counter;
    Loader loader(&counter);
    QByteArray thrown;
    JoinedThread thread([&] {
        thrown = thrownBy([&] { loader.load(1).waitForFinished(); });
    });
    thread.join();
    QCOMPARE(thrown, QByteArray("CallError"));
    QCOMPARE(counter.made.load(), 0);
}

void TestCombinatorsFutures::memberDeletesItsObject() // G13
{
    Counter counter;
    auto *const loader = new Loader(&counter); // deletes itself
    const QFuture<int> future = loader->deletesItself();
    QVERIFY(finishesInLoop(future));
    QCOMPARE(counter.made.load(), 1);
    QCOMPARE(counter.gone.load(), 1);
}

void TestCombinatorsFutures::unobservedError() // G16
{
    int reported = 0;
    onUnobservedError([&](const UnobservedError &) { ++reported; });
    eagerThrows(true);
    QTRY_COMPARE(reported, 1);
    onUnobservedError({});
}

QTEST_GUILESS_MAIN(TestCombinatorsFutures)
#include "tst_combinators_futures.moc"
