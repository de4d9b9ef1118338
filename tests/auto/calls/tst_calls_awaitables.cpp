// Async functions of all kinds: Task, QFuture, and awaitables of others; the home rule with each.
#include "../support/places.h"

#include <QtTest/QTest>

#include <coroutine>
#include <memory>
#include <optional>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

/// A foreign awaiter that resumes on a thread of its own: QCoro and others resume where they like.
class ResumesElsewhere
{
public:
    explicit ResumesElsewhere(int value, bool fails = false) : m_value(value), m_fails(fails) { }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> frame)
    {
        std::thread([frame] { frame.resume(); }).detach();
    }
    int await_resume() const
    {
        if (m_fails)
            throw m_value;
        return m_value;
    }

private:
    int m_value;
    bool m_fails;
};

/// Is done before it is asked; found through a member operator co_await; gives a move-only value.
struct ReadyBox
{
    struct Awaiter
    {
        int value;
        bool await_ready() const noexcept { return true; }
        void await_suspend(std::coroutine_handle<>) const noexcept { }
        std::unique_ptr<int> await_resume() const { return std::make_unique<int>(value); }
    };
    Awaiter operator co_await() const { return {value}; }
    int value;
};

/// Found through a free operator co_await; void; declines to suspend.
struct Declines
{
    int *resumed;
};

struct DeclinesAwaiter
{
    int *resumed;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
    void await_resume() const noexcept { ++*resumed; }
};

DeclinesAwaiter operator co_await(const Declines &awaitable)
{
    return {awaitable.resumed};
}

/// Drops the coroutine that awaits it.
struct Drops
{
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> frame) const { frame.destroy(); }
    int await_resume() const noexcept { return 0; }
};

ResumesElsewhere foreign(int value)
{
    return ResumesElsewhere(value);
}

QFuture<int> viaFuture(int value)
{
    return callAny({.forceOffload = true}, [value] { return value; });
}

Task<int> viaTask(int value)
{
    co_await sleepFor(1ms);
    co_return value;
}

struct Ran
{
    int value = 0;
    Place place = Place::Elsewhere;
};

template <typename F>
Task<Ran> awaits(F function, int value)
{
    Ran ran;
    ran.value = co_await function(value);
    ran.place = Places::current();
    co_return ran;
}

} // namespace

class TestCallsAwaitables : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_places.emplace(); }
    void everyKindByEveryVerb();
    void homeRule();
    void foreignReadyAndMoveOnly();
    void foreignFreeOperatorAndVoid();
    void foreignLvalue();
    void foreignThatThrows();
    void foreignThatDrops();
    void manyForeignResumesRace();
    void taskInTaskKeepsValueAndError();
    void emptyTaskIsAnError();
    void futureWithoutResult();
    void futureAwaitedByMany();
    void unwrappedOnce();

private:
    std::optional<Places> m_places;
};

void TestCallsAwaitables::everyKindByEveryVerb()
{
    const auto check = [](auto function) {
        static_assert(std::is_same_v<decltype(callSync(function, 1)), int>);
        static_assert(std::is_same_v<decltype(callAny(function, 1)), QFuture<int>>);
        static_assert(std::is_same_v<decltype(callAsync(function, 1)), AsyncCall<int>>);
        QCOMPARE(callSync(function, 7), 7);
        QCOMPARE(callSync({.timeout = 30s}, function, 7), 7);
        const QFuture<int> fromSync = callAny(function, 8);
        QVERIFY(finishes(fromSync));
        QCOMPARE(fromSync.result(), 8);
        QFuture<int> fromSlot;
        inSlot([&] { fromSlot = callAny(function, 9); });
        QVERIFY(finishesInLoop(fromSlot));
        QCOMPARE(fromSlot.result(), 9);
        QCOMPARE(run(callAsync(function, 10)), 10);
    };
    check(viaTask);
    check(viaFuture);
    check(foreign);
}

void TestCallsAwaitables::homeRule()
{
    const auto check = [](auto function) {
        const Ran here = run(awaits(function, 3));
        QCOMPARE(here.value, 3);
        QCOMPARE(static_cast<int>(here.place), static_cast<int>(Place::Here));
        const Ran background = callSync([function] { return awaits(function, 4); });
        QCOMPARE(background.value, 4);
        QCOMPARE(static_cast<int>(background.place), static_cast<int>(Place::Background));
    };
    check(viaTask);
    check(viaFuture);
    check(foreign);
    check([](int value) { return callAsync([value] { return value; }); });
}

void TestCallsAwaitables::foreignReadyAndMoveOnly()
{
    const auto box = [](int value) { return ReadyBox{value}; };
    QCOMPARE(*callSync(box, 4), 4);
    const auto body = []() -> Task<int> {
        const std::unique_ptr<int> taken = co_await ReadyBox{5};
        co_return *taken;
    };
    QCOMPARE(run(body()), 5);
}

void TestCallsAwaitables::foreignFreeOperatorAndVoid()
{
    int resumed = 0;
    const auto body = [](int *count) -> Task<> {
        const Declines declines{count};
        co_await declines;
        co_await declines;
    };
    run(body(&resumed));
    QCOMPARE(resumed, 2);
    static_assert(std::is_void_v<decltype(callSync([] { return Declines{nullptr}; }))>);
    callSync([&resumed] { return Declines{&resumed}; });
    QCOMPARE(resumed, 3);
}

void TestCallsAwaitables::foreignLvalue()
{
    ResumesElsewhere kept(11);
    const auto body = [](ResumesElsewhere &awaitable) -> Task<int> {
        const int first = co_await awaitable;
        co_return first + co_await awaitable;
    };
    QCOMPARE(run(body(kept)), 22);
}

void TestCallsAwaitables::foreignThatThrows()
{
    const auto fails = [](int value) { return ResumesElsewhere(value, true); };
    QCOMPARE(thrownBy([&] { return callSync(fails, 3); }), "int 3");
    const auto body = [](int value) -> Task<int> { co_return co_await ResumesElsewhere(value, true); };
    QCOMPARE(thrownBy([&] { return run(body(4)); }), "int 4");
}

void TestCallsAwaitables::foreignThatDrops()
{
    // G11: a coroutine that awaits what will never answer gets an error, not eternity
    const auto body = []() -> Task<int> { co_return co_await Drops(); };
    QCOMPARE(thrownBy([&] { return run(withTimeout(body(), 10s)); }), "CallCanceled");
    QCOMPARE(thrownBy([] { return callSync({.timeout = 10s}, [] { return Drops(); }); }), "CallCanceled");
}

void TestCallsAwaitables::manyForeignResumesRace()
{
    // the foreign thread resumes before, while and after the task has suspended
    const auto body = []() -> Task<Ran> {
        Ran ran;
        int strays = 0;
        for (int i = 0; i < rounds(500, 100); ++i) {
            ran.value += co_await ResumesElsewhere(1);
            strays += Places::current() == Place::Here ? 0 : 1;
        }
        ran.place = strays == 0 ? Place::Here : Place::Elsewhere;
        co_return ran;
    };
    const Ran ran = run(body());
    QCOMPARE(ran.value, rounds(500, 100));
    QCOMPARE(static_cast<int>(ran.place), static_cast<int>(Place::Here));
}

void TestCallsAwaitables::taskInTaskKeepsValueAndError()
{
    const auto inner = [](int n) -> Task<QString> {
        co_await yieldNow();
        if (n < 0)
            throw std::out_of_range("negative");
        co_return QString::number(n);
    };
    const auto outer = [&inner](int n) -> Task<QString> {
        Task<QString> task = inner(n);
        co_return co_await std::move(task);
    };
    QCOMPARE(run(outer(5)), QStringLiteral("5"));
    QCOMPARE(thrownBy([&] { return run(outer(-1)); }), "std::exception: negative");
}

void TestCallsAwaitables::emptyTaskIsAnError()
{
    QCOMPARE(thrownBy([] { return run(Task<int>()); }), "CallError");
    QCOMPARE(thrownBy([] { return callSync([] { return Task<int>(); }); }), "CallError");
    const auto body = []() -> Task<int> { co_return co_await Task<int>(); };
    QCOMPARE(thrownBy([&] { return run(body()); }), "CallError");
}

void TestCallsAwaitables::futureWithoutResult()
{
    // default-constructed or finished empty: CallError; cancelled: CallCanceled (§14)
    const auto body = [](QFuture<int> future) -> Task<int> { co_return co_await future; };
    QPromise<int> empty;
    const QFuture<int> emptyFuture = empty.future();
    empty.start();
    empty.finish();
    QCOMPARE(thrownBy([&] { return run(body(emptyFuture)); }), "CallError");
    QPromise<int> canceled;
    QFuture<int> canceledFuture = canceled.future();
    canceled.start();
    canceledFuture.cancel();
    QCOMPARE(thrownBy([&] { return run(body(canceledFuture)); }), "CallCanceled");
    canceled.finish();
    QCOMPARE(thrownBy([&] { return run(body(canceledFuture)); }), "CallCanceled");
    const QByteArray never = thrownBy([&] { return run(withTimeout(body(QFuture<int>()), 10s)); });
    QVERIFY2(never == "CallError" || never == "CallCanceled", never);
}

void TestCallsAwaitables::futureAwaitedByMany()
{
    const auto body = [](QFuture<QString> future) -> Task<QString> { co_return co_await future; };
    QPromise<QString> promise;
    promise.start();
    const QFuture<QString> future = promise.future();
    const QFuture<QString> first = spawn(body(future));
    const QFuture<QString> second = spawn(body(future));
    promise.addResult(QStringLiteral("shared"));
    promise.finish();
    QVERIFY(finishesInLoop(first) && finishesInLoop(second));
    QCOMPARE(first.result(), QStringLiteral("shared"));
    QCOMPARE(second.result(), QStringLiteral("shared"));
    QCOMPARE(run(body(future)), QStringLiteral("shared"));
}

void TestCallsAwaitables::unwrappedOnce()
{
    // an awaitable of an awaitable loses one layer only (§14)
    const auto nested = [](int value) -> Task<QFuture<int>> { co_return viaFuture(value); };
    static_assert(std::is_same_v<decltype(callSync(nested, 1)), QFuture<int>>);
    const QFuture<int> inner = callSync(nested, 6);
    QVERIFY(finishes(inner));
    QCOMPARE(inner.result(), 6);
}

QTEST_GUILESS_MAIN(TestCallsAwaitables)
#include "tst_calls_awaitables.moc"
