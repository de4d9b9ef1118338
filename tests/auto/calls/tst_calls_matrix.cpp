// The matrix of api.md §2: which verb runs which kind of function where, in which context.
#include "../support/places.h"

#include <QtTest/QTest>

#include <optional>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

enum class Verb { Any, Sync, Async };
enum class Kind { Plain, Async };
enum class Standing { Sync, Slot, InTask };
enum class Option { None, Timeout, Deadline, Executor, Offload };

/// Where it ran, before and after its suspension.
struct Ran
{
    Place before = Place::Elsewhere;
    Place after = Place::Elsewhere;
    int sum = 0;
};

Ran plainPlace(int a, int b)
{
    return {Places::current(), Places::current(), a + b};
}

Task<Ran> asyncPlace(int a, int b)
{
    Ran ran;
    ran.before = Places::current();
    co_await sleepFor(1ms);
    ran.after = Places::current();
    ran.sum = a + b;
    co_return ran;
}

QFuture<Ran> viaAny(Kind kind, const CallOptions &options)
{
    return kind == Kind::Plain ? callAny(options, plainPlace, 40, 2)
                               : callAny(options, asyncPlace, 40, 2);
}

Ran viaSync(Kind kind, const CallOptions &options)
{
    return kind == Kind::Plain ? callSync(options, plainPlace, 40, 2)
                               : callSync(options, asyncPlace, 40, 2);
}

Task<Ran> viaAsync(Kind kind, const CallOptions &options)
{
    return kind == Kind::Plain ? callAsync(options, plainPlace, 40, 2)
                               : callAsync(options, asyncPlace, 40, 2);
}

Ran fromCode(Verb verb, Kind kind, const CallOptions &options)
{
    if (verb == Verb::Sync)
        return viaSync(kind, options);
    if (verb == Verb::Async)
        return run(viaAsync(kind, options));
    const QFuture<Ran> future = viaAny(kind, options);
    return finishesInLoop(future) ? future.result() : Ran{};
}

Task<Ran> fromTask(Verb verb, Kind kind, CallOptions options)
{
    if (verb == Verb::Sync)
        co_return viaSync(kind, options);
    if (verb == Verb::Async)
        co_return co_await viaAsync(kind, options);
    const QFuture<Ran> future = viaAny(kind, options);
    co_return co_await future;
}

/// The table of §2, as it stands there.
Place expectedPlace(Verb verb, Kind kind, Standing standing, Option option)
{
    const Place pool = option == Option::Executor ? Place::OtherPool : Place::Pool;
    if (kind == Kind::Plain) {
        const bool direct = verb == Verb::Sync || (verb == Verb::Any && standing == Standing::Sync);
        return direct && option == Option::None ? Place::Here : pool;
    }
    const bool background = verb == Verb::Sync || (verb == Verb::Any && standing == Standing::Sync);
    return background ? Place::Background : Place::Here;
}

} // namespace

class TestCallsMatrix : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void everyCell_data();
    void everyCell();
    void contextIsDetected();
    void callAnyDoesNotWaitForAsync();
    void callAnyDirectIsFinishedOnReturn();
    void callAsyncIsLazy();
    void callModeScopeOverrides();

private:
    std::optional<Places> m_places;
};

void TestCallsMatrix::initTestCase()
{
    m_places.emplace();
}

void TestCallsMatrix::everyCell_data()
{
    QTest::addColumn<int>("verb");
    QTest::addColumn<int>("kind");
    QTest::addColumn<int>("standing");
    QTest::addColumn<int>("option");
    const char *const verbs[] = {"callAny", "callSync", "callAsync"};
    const char *const kinds[] = {"plain", "async"};
    const char *const standings[] = {"sync", "slot", "task"};
    const char *const options[] = {"-", "timeout", "deadline", "executor", "forceOffload"};
    for (int v = 0; v < 3; ++v) {
        for (int k = 0; k < 2; ++k) {
            for (int s = 0; s < 3; ++s) {
                for (int o = 0; o < 5; ++o) {
                    QTest::addRow("%s/%s/%s/%s", verbs[v], kinds[k], standings[s], options[o])
                            << v << k << s << o;
                }
            }
        }
    }
}

void TestCallsMatrix::everyCell()
{
    QFETCH(const int, verb);
    QFETCH(const int, kind);
    QFETCH(const int, standing);
    QFETCH(const int, option);
    CallOptions options;
    if (static_cast<Option>(option) == Option::Timeout)
        options.timeout = 60s;
    else if (static_cast<Option>(option) == Option::Deadline)
        options.deadline = QDeadlineTimer(60s);
    else if (static_cast<Option>(option) == Option::Executor)
        options.executor = &m_places->otherPool();
    else if (static_cast<Option>(option) == Option::Offload)
        options.forceOffload = true;
    const auto theVerb = static_cast<Verb>(verb);
    const auto theKind = static_cast<Kind>(kind);

    QVERIFY(!inAsyncContext());
    Ran ran;
    switch (static_cast<Standing>(standing)) {
    case Standing::Sync:
        ran = fromCode(theVerb, theKind, options);
        break;
    case Standing::Slot:
        inSlot([&] { ran = fromCode(theVerb, theKind, options); });
        break;
    case Standing::InTask:
        ran = run(fromTask(theVerb, theKind, options));
        break;
    }
    const Place expected = expectedPlace(theVerb, theKind, static_cast<Standing>(standing),
                                         static_cast<Option>(option));
    QCOMPARE(ran.sum, 42);
    QCOMPARE(static_cast<int>(ran.before), static_cast<int>(expected));
    QCOMPARE(static_cast<int>(ran.after), static_cast<int>(expected));
}

void TestCallsMatrix::contextIsDetected()
{
    QVERIFY(!inAsyncContext());
    bool slot = false;
    inSlot([&] { slot = inAsyncContext(); });
    QVERIFY(slot);

    const auto body = []() -> Task<bool> { co_return inAsyncContext(); };
    QVERIFY(callSync(body));
    QVERIFY(!callSync({.forceOffload = true}, [] { return inAsyncContext(); }));
    QVERIFY(!callSync([] { return inAsyncContext(); }));

    // processEvents() alone is a sync context (§14)
    bool underProcessEvents = true;
    QMetaObject::invokeMethod(
            qApp, [&] { underProcessEvents = inAsyncContext(); }, Qt::QueuedConnection);
    QCoreApplication::processEvents();
    QVERIFY(!underProcessEvents);
}

void TestCallsMatrix::callAnyDoesNotWaitForAsync()
{
    std::atomic<bool> release{false};
    const auto gated = [&release]() -> Task<int> {
        while (!release)
            co_await sleepFor(1ms);
        co_return 5;
    };
    const QFuture<int> onBackground = callAny(gated);
    QVERIFY(!onBackground.isFinished());
    QFuture<int> here;
    bool finishedInSlot = true;
    inSlot([&] {
        here = callAny(gated);
        finishedInSlot = here.isFinished();
    });
    QVERIFY(!finishedInSlot);
    release = true;
    QVERIFY(finishesInLoop(onBackground));
    QVERIFY(finishesInLoop(here));
    QCOMPARE(onBackground.result() + here.result(), 10);
}

void TestCallsMatrix::callAnyDirectIsFinishedOnReturn()
{
    const QFuture<Ran> future = callAny(plainPlace, 1, 2);
    QVERIFY(future.isFinished());
    QCOMPARE(future.result().sum, 3);
}

void TestCallsMatrix::callAsyncIsLazy()
{
    std::atomic<int> runs{0};
    const auto count = [&runs] { return ++runs; };
    const auto countAsync = [&runs]() -> Task<int> { co_return ++runs; };
    {
        const Task<int> plain = callAsync(count);
        const Task<int> async = callAsync(countAsync);
        QTest::qWait(20);
    }
    QCOMPARE(runs.load(), 0);
    QCOMPARE(run(callAsync(count)), 1);
    QCOMPARE(run(callAsync(countAsync)), 2);
}

void TestCallsMatrix::callModeScopeOverrides()
{
    {
        const CallModeScope async(CallMode::Async);
        QVERIFY(inAsyncContext());
        const QFuture<Ran> future = callAny(plainPlace, 1, 2);
        QVERIFY(finishes(future));
        QCOMPARE(static_cast<int>(future.result().before), static_cast<int>(Place::Pool));
    }
    QVERIFY(!inAsyncContext());

    Ran plain;
    QFuture<Ran> async;
    inSlot([&] {
        const CallModeScope sync(CallMode::Sync);
        plain = callAny(plainPlace, 1, 2).result();
        async = callAny(asyncPlace, 1, 2);
    });
    QCOMPARE(static_cast<int>(plain.before), static_cast<int>(Place::Here));
    QVERIFY(finishes(async));
    QCOMPARE(static_cast<int>(async.result().before), static_cast<int>(Place::Background));
}

QTEST_GUILESS_MAIN(TestCallsMatrix)
#include "tst_calls_matrix.moc"
