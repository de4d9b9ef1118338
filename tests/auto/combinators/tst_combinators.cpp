// whenAll, whenAny, race: results, failures, cancellation, joining (G7, G10-G12, G16, G17).
#include "../support/waiting.h"

#include <QtCore/QPromise>
#include <QtTest/QTest>

#include <memory>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> number(int value)
{
    co_return value;
}

Task<int> numberLater(int value, std::chrono::milliseconds after = 1ms)
{
    co_await sleepFor(after);
    co_return value;
}

Task<QString> text(QString value)
{
    co_await yieldNow();
    co_return value;
}

Task<> nothing()
{
    co_await yieldNow();
}

Task<std::unique_ptr<int>> moveOnly(int value)
{
    co_await yieldNow();
    co_return std::make_unique<int>(value);
}

Task<int> throwing(int error)
{
    throw error;
    co_return 0;
}

Task<int> throwingLater(int error, std::chrono::milliseconds after)
{
    co_await sleepFor(after);
    throw error;
}

struct Log
{
    Counter locals;
    QStringList lines;
};

/// Sleeps; its cleanup, which awaits, is under a shield.
Task<int> patient(Log *log, QString name)
{
    const Local local(log->locals);
    bool canceled = false;
    try {
        co_await sleepFor(1h);
    } catch (const CallCanceled &) {
        canceled = true;
    }
    const CancellationShield shield;
    co_await sleepFor(5ms);
    log->lines += name + (canceled ? QStringLiteral(" cleaned up") : QStringLiteral(" woke"));
    throwIfCanceled();
    throw CallCanceled(QStringLiteral("by itself"));
}

/// Does not care to be cancelled.
Task<int> stubborn(int value)
{
    try {
        co_await sleepFor(1h);
    } catch (const CallCanceled &) {
    }
    co_return value;
}

Task<int> failsInCleanup(int error)
{
    try {
        co_await sleepFor(1h);
    } catch (const CallCanceled &) {
        throw error;
    }
    co_return 0;
}

template <typename T>
using ResultOfTask = decltype(run(std::declval<T>()));

ContextVar<int> &depthVar()
{
    static ContextVar<int> var("depth", 0);
    return var;
}

Task<int> changesContext()
{
    ContextVar<int> &var = depthVar();
    const int seen = var.get();
    var.set(seen + 1);
    co_await yieldNow();
    co_return seen * 100 + var.get();
}

/// An awaitable of no library that can be copied and needs no help.
struct Ready
{
    int value;
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept { }
    int await_resume() const noexcept { return value; }
};

int slowOnPool(std::atomic<bool> *started, std::atomic<bool> *ended)
{
    *started = true;
    eventually([] { return isCanceled(); });
    *ended = true;
    return 1;
}

} // namespace

class TestCombinators : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void allGivesATuple();
    void allOfARange();
    void allOfNothing();
    void awaitablesAreNoRanges();
    void allFailsWithTheFirstFailure();
    void laterFailuresAreLogged();
    void allJoinsWhatItCancels();
    void allStartsNothingAfterAFailure();
    void anyTellsWho();
    void raceGivesTheValue();
    void anyOfARange();
    void anyOfNothing();
    void firstErrorWins();
    void readyWinnerStartsNoOther();
    void losersAreJoined();
    void losingPoolCallIsLeft();
    void losingFutures();
    void canceledFromOutside_data();
    void canceledFromOutside();
    void stubbornChildrenHaveTheirWay();
    void timeLimitAround();
    void deadlineReachesChildren();
    void contextOfChildren();
    void fromOtherThreads();
    void deepNesting();
    void manyReady();
    void manyPending();
    void emptyTask();
};

void TestCombinators::allGivesATuple()
{
    const auto all = run(whenAll(number(1), text(QStringLiteral("two")), nothing(), numberLater(4)));
    static_assert(std::is_same_v<decltype(all), const std::tuple<int, QString, std::monostate, int>>);
    QCOMPARE(std::get<0>(all), 1);
    QCOMPARE(std::get<1>(all), QStringLiteral("two"));
    QCOMPARE(std::get<3>(all), 4);

    const auto pointers = run(whenAll(moveOnly(1), moveOnly(2)));
    QCOMPARE(*std::get<0>(pointers) + *std::get<1>(pointers), 3);
}

void TestCombinators::allOfARange()
{
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 5; ++i)
        tasks.push_back(numberLater(i, std::chrono::milliseconds(5 - i)));
    const std::vector<int> values = run(whenAll(std::move(tasks)));
    QCOMPARE(values, (std::vector<int>{0, 1, 2, 3, 4})); // in input order, not in that of completion

    std::vector<Task<std::unique_ptr<int>>> pointers;
    pointers.push_back(moveOnly(7));
    QCOMPARE(*run(whenAll(std::move(pointers))).front(), 7);

    std::vector<Task<>> voids;
    voids.push_back(nothing());
    voids.push_back(nothing());
    static_assert(std::is_same_v<decltype(whenAll(std::move(voids))), Task<void>>);
    run(whenAll(std::move(voids)));

    const auto make = [](int i) { return number(i); };
    const std::vector<int> inputs{1, 2, 3};
    QCOMPARE(run(whenAll(inputs | std::views::transform(make))), inputs);
}

void TestCombinators::allOfNothing()
{
    static_assert(std::is_same_v<decltype(whenAll()), Task<std::tuple<>>>);
    run(whenAll());
    QVERIFY(run(whenAll(std::vector<Task<int>>())).empty());
}

void TestCombinators::awaitablesAreNoRanges()
{
    QPromise<int> promise;
    promise.start();
    const QFuture<int> future = promise.future(); // has begin() and end()
    QTimer::singleShot(1, [&] {
        promise.addResult(3);
        promise.finish();
    });
    const auto both = run(whenAll(future, Ready{4}));
    QCOMPARE(both, (std::tuple<int, int>(3, 4)));
    QCOMPARE(run(race(future, numberLater(1, 1h))), 3);

    const QList<QFuture<int>> futures{future, spawn(numberLater(1)), future};
    QCOMPARE(run(whenAll(futures)), (std::vector<int>{3, 1, 3}));
    QVERIFY(!futures.at(0).isCanceled());
}

void TestCombinators::allFailsWithTheFirstFailure()
{
    QCOMPARE(thrownBy([] { run(whenAll(throwingLater(1, 20ms), throwingLater(2, 1ms), numberLater(3))); }),
             QByteArray("int 2"));
    QCOMPARE(thrownBy([] { run(whenAll(numberLater(1, 1h), throwing(2))); }), QByteArray("int 2"));
    std::vector<Task<int>> tasks;
    tasks.push_back(numberLater(1, 1h));
    tasks.push_back(throwingLater(5, 1ms));
    QCOMPARE(thrownBy([&] { run(whenAll(std::move(tasks))); }), QByteArray("int 5"));
}

void TestCombinators::laterFailuresAreLogged() // G16
{
    QList<int> reported;
    onUnobservedError([&](const UnobservedError &unobserved) {
        try {
            std::rethrow_exception(unobserved.error);
        } catch (int number) {
            reported += number;
        }
    });
    QCOMPARE(thrownBy([] { run(whenAll(failsInCleanup(1), throwingLater(2, 1ms))); }), QByteArray("int 2"));
    QCOMPARE(run(race(failsInCleanup(3), numberLater(4))), 4);
    onUnobservedError({});
    QCOMPARE(reported, (QList<int>{1, 3}));
}

void TestCombinators::allJoinsWhatItCancels()
{
    Log log;
    QCOMPARE(thrownBy([&] {
                 run(whenAll(patient(&log, QStringLiteral("a")), throwingLater(2, 1ms),
                             patient(&log, QStringLiteral("b"))));
             }),
             QByteArray("int 2"));
    QCOMPARE(log.lines, (QStringList{QStringLiteral("a cleaned up"), QStringLiteral("b cleaned up")}));
    QCOMPARE(log.locals.gone.load(), 2);
}

void TestCombinators::allStartsNothingAfterAFailure()
{
    bool started = false;
    const auto starts = [&]() -> Task<int> {
        started = true;
        co_return 1;
    };
    QPromise<int> promise;
    promise.start();
    QCOMPARE(thrownBy([&] { run(whenAll(throwing(2), starts(), promise.future())); }), QByteArray("int 2"));
    QVERIFY(!started);
    QVERIFY(promise.isCanceled()); // a temporary is nobody else's
}

void TestCombinators::anyTellsWho()
{
    const auto any = run(whenAny(numberLater(1, 1h), text(QStringLiteral("two")), nothing()));
    static_assert(std::is_same_v<decltype(any.value), std::variant<int, QString, std::monostate>>);
    QCOMPARE(any.index, 1);
    QCOMPARE(std::get<QString>(any.value), QStringLiteral("two"));

    const AnyResult<int> alike = run(whenAny(numberLater(1, 1h), numberLater(2)));
    QCOMPARE(alike.index, 1);
    QCOMPARE(alike.value, 2);

    const AnyResult<std::monostate> voids = run(whenAny(nothing(), nothing()));
    QCOMPARE(voids.index, 0);
    QCOMPARE(*run(whenAny(moveOnly(3), moveOnly(4))).value, 3);
}

void TestCombinators::raceGivesTheValue()
{
    static_assert(std::is_same_v<decltype(race(number(1), number(2))), Task<int>>);
    static_assert(std::is_same_v<decltype(race(nothing(), nothing())), Task<void>>);
    static_assert(std::is_same_v<decltype(race(number(1), nothing(), number(1))),
                                 Task<std::variant<int, std::monostate>>>);
    QCOMPARE(run(race(numberLater(1, 1h), numberLater(2))), 2);
    run(race(nothing(), nothing()));
    QCOMPARE(std::get<int>(run(race(number(1), text(QString())))), 1);
    QCOMPARE(run(race(number(9))), 9);
}

void TestCombinators::anyOfARange()
{
    std::vector<Task<int>> tasks;
    tasks.push_back(numberLater(1, 1h));
    tasks.push_back(numberLater(2));
    const AnyResult<int> any = run(whenAny(std::move(tasks)));
    QCOMPARE(any.index, 1);
    QCOMPARE(any.value, 2);
    const QList<Ready> ready{Ready{5}, Ready{6}};
    QCOMPARE(run(race(ready)), 5);
    std::vector<Task<>> voids;
    voids.push_back(nothing());
    static_assert(std::is_same_v<decltype(race(std::move(voids))), Task<void>>);
    run(race(std::move(voids)));
}

void TestCombinators::anyOfNothing()
{
    QCOMPARE(thrownBy([] { run(whenAny(std::vector<Task<int>>())); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([] { run(race(QList<QFuture<int>>())); }), QByteArray("CallError"));
}

void TestCombinators::firstErrorWins()
{
    QCOMPARE(thrownBy([] { run(race(numberLater(1, 1h), throwingLater(2, 1ms))); }), QByteArray("int 2"));
    QCOMPARE(thrownBy([] { run(whenAny(throwing(3), numberLater(1))); }), QByteArray("int 3"));
}

void TestCombinators::readyWinnerStartsNoOther()
{
    bool started = false;
    const auto starts = [&]() -> Task<int> {
        started = true;
        co_return 1;
    };
    QCOMPARE(run(race(number(1), starts())), 1);
    QVERIFY(!started);
}

void TestCombinators::losersAreJoined()
{
    Log log;
    QCOMPARE(run(race(patient(&log, QStringLiteral("a")), numberLater(2), patient(&log, QStringLiteral("b")))), 2);
    QCOMPARE(log.lines, (QStringList{QStringLiteral("a cleaned up"), QStringLiteral("b cleaned up")}));
    QCOMPARE(log.locals.gone.load(), 2);
}

void TestCombinators::losingPoolCallIsLeft() // G7
{
    static std::atomic<bool> started{false};
    static std::atomic<bool> ended{false};
    started = ended = false;
    const auto winsWhenItRuns = []() -> Task<int> {
        while (!started)
            co_await sleepFor(1ms);
        co_return 2;
    };
    QCOMPARE(run(race(callAsync(slowOnPool, &started, &ended), winsWhenItRuns())), 2);
    QVERIFY(eventually([] { return ended.load(); })); // it was told
}

void TestCombinators::losingFutures()
{
    QPromise<int> named;
    named.start();
    QPromise<int> temporary;
    temporary.start();
    const QFuture<int> future = named.future();
    QCOMPARE(run(race(future, temporary.future(), numberLater(1))), 1);
    QVERIFY(!named.isCanceled());
    QVERIFY(temporary.isCanceled());
}

void TestCombinators::canceledFromOutside_data()
{
    QTest::addColumn<bool>("atOnce");
    QTest::newRow("while they wait") << false;
    QTest::newRow("before") << true;
}

void TestCombinators::canceledFromOutside() // G10, G11
{
    QFETCH(const bool, atOnce);
    Log log;
    const auto all = [&]() -> Task<> {
        co_await whenAll(patient(&log, QStringLiteral("a")), race(patient(&log, QStringLiteral("b")), nothing()),
                         patient(&log, QStringLiteral("c")));
    };
    QFuture<void> future = spawn(all());
    if (!atOnce)
        QCoreApplication::processEvents();
    future.cancel();
    QTRY_COMPARE(log.locals.gone.load(), 3);
    QTRY_VERIFY(future.isFinished());
    QCOMPARE(log.lines.size(), 3);
    QVERIFY(future.isCanceled());
}

void TestCombinators::stubbornChildrenHaveTheirWay()
{
    QCOMPARE(run(withTimeout(whenAll(stubborn(1), stubborn(2)), 5ms)), (std::tuple<int, int>(1, 2)));
    QCOMPARE(thrownBy([] { run(withTimeout(whenAll(stubborn(1), numberLater(2, 1h)), 5ms)); }),
             QByteArray("CallTimeout"));
    QCOMPARE(run(withTimeout(race(stubborn(1), stubborn(2)), 5ms)), 1);
}

void TestCombinators::timeLimitAround() // G6
{
    Log log;
    QByteArray inner;
    const auto limited = [&]() -> Task<int> {
        try {
            co_await whenAll(patient(&log, QStringLiteral("a")), numberLater(1));
        } catch (const CallTimeout &) {
            inner = "CallTimeout";
        } catch (const CallCanceled &) {
            inner = "CallCanceled";
            throw;
        }
        co_return 0;
    };
    QCOMPARE(thrownBy([&] { run(withTimeout(limited(), 10ms)); }), QByteArray("CallTimeout"));
    QCOMPARE(inner, QByteArray("CallCanceled"));
    const auto scoped = [&]() -> Task<int> {
        const DeadlineScope scope(10ms);
        co_return co_await race(patient(&log, QStringLiteral("b")), numberLater(1, 1h));
    };
    QCOMPARE(thrownBy([&] { run(scoped()); }), QByteArray("CallTimeout"));
    QCOMPARE(log.locals.gone.load(), 2);
    QCOMPARE(log.lines.size(), 2);
}

void TestCombinators::deadlineReachesChildren()
{
    const auto left = []() -> Task<qint64> {
        co_await yieldNow();
        co_return currentDeadline().remainingTime();
    };
    const auto both = run(withTimeout(whenAll(left(), left()), 10s));
    QVERIFY(std::get<0>(both) > 0 && std::get<0>(both) <= 10'000);
    QCOMPARE(std::get<0>(run(whenAll(left()))), qint64(-1));
}

void TestCombinators::contextOfChildren() // G17
{
    const auto parent = [&]() -> Task<int> {
        ContextVar<int> &var = depthVar();
        var.set(5);
        const auto both = co_await whenAll(changesContext(), changesContext());
        co_return (std::get<0>(both) == 506 && std::get<1>(both) == 506) ? var.get() : -1;
    };
    QCOMPARE(run(parent()), 5);
}

void TestCombinators::fromOtherThreads()
{
    const auto sum = []() -> Task<int> {
        const auto all = co_await whenAll(numberLater(1), callAsync([] { return 2; }), race(numberLater(3), numberLater(4, 1h)));
        co_return std::get<0>(all) + std::get<1>(all) + std::get<2>(all);
    };
    std::vector<JoinedThread> threads;
    std::atomic<int> total{0};
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < rounds(50, 10); ++round)
                total += callSync(sum);
        });
    }
    threads.clear();
    QCOMPARE(total.load(), 4 * rounds(50, 10) * 6);
}

Task<int> nested(int left)
{
    if (left == 0)
        co_return 0;
    const auto inner = co_await whenAll(nested(left - 1));
    co_return std::get<0>(inner) + 1;
}

void TestCombinators::deepNesting()
{
    QCOMPARE(run(nested(2'000)), 2'000);
}

void TestCombinators::manyReady()
{
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 10'000; ++i)
        tasks.push_back(number(i));
    const std::vector<int> values = run(whenAll(std::move(tasks)));
    QCOMPARE(values.size(), std::size_t(10'000));
    QCOMPARE(values.back(), 9'999);
}

void TestCombinators::manyPending()
{
    Log log;
    std::vector<Task<int>> tasks;
    const auto waits = [&log]() -> Task<int> {
        const Local local(log.locals);
        co_await sleepFor(1h);
        co_return 1;
    };
    for (int i = 0; i < 10'000; ++i)
        tasks.push_back(waits());
    tasks.push_back(throwingLater(1, 1ms));
    QCOMPARE(thrownBy([&] { run(whenAll(std::move(tasks))); }), QByteArray("int 1"));
    QCOMPARE(log.locals.made.load(), 10'000);
    QCOMPARE(log.locals.gone.load(), 10'000);
}

void TestCombinators::emptyTask()
{
    QCOMPARE(thrownBy([] { run(whenAll(number(1), Task<int>())); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([] { run(race(Task<int>(), number(1))); }), QByteArray("CallError"));
}

QTEST_GUILESS_MAIN(TestCombinators)
#include "tst_combinators.moc"
