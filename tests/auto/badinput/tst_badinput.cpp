// Bad input gives a CallError that says what and where: thrown by callSync() and by awaiting, in the
// future for callAny(), and never a crash.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <functional>
#include <memory>
#include <optional>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

struct Object : QObject
{
    int plain() { return 1; }
    Task<int> async()
    {
        co_await yieldNow();
        co_return 1;
    }
    int member = 3;
};

using Plain = int (*)();
using Async = Task<int> (*)();
constexpr auto forever = std::chrono::nanoseconds::max();

/// The CallError that \a function throws, if it is exactly that type.
template <typename F>
std::optional<CallError> callErrorOf(F function)
{
    try {
        function();
    } catch (const CallError &e) {
        if (typeid(e) == typeid(CallError))
            return e;
    } catch (...) {
    }
    return {};
}

template <typename T>
T resultOf(QFuture<T> future)
{
    if (!finishes(future, 5s))
        throw std::runtime_error("the future does not finish");
    return future.takeResult();
}

/// Calls by every verb; each error has to name the call and contain \a text.
template <typename F, typename... A>
void rejectedByAllVerbs(const char *text, const F &function, const A &...args)
{
    const CallOptions options{.name = "badCall"};
    const CallOptions offload{.forceOffload = true, .name = "badCall"};
    const std::optional<CallError> errors[] = {
        callErrorOf([&] { callSync(options, function, args...); }),
        callErrorOf([&] { callSync(offload, function, args...); }),
        callErrorOf([&] { resultOf(callAny(options, function, args...)); }),
        callErrorOf([&] { resultOf(callAny(offload, function, args...)); }),
        callErrorOf([&] { run(callAsync(options, function, args...)); }),
        callErrorOf([&] { callSync(function, args...); }),
        callErrorOf([&] { resultOf(callAny(function, args...)); }),
        callErrorOf([&] { run(callAsync(function, args...)); }),
    };
    for (std::size_t i = 0; i < std::size(errors); ++i) {
        QVERIFY2(errors[i].has_value(), qPrintable(QStringLiteral("verb %1").arg(i)));
        QVERIFY2(errors[i]->message().contains(QString::fromUtf8(text)), errors[i]->what());
        if (i < 5) {
            QVERIFY2(errors[i]->message().contains(QStringLiteral("badCall")), errors[i]->what());
            QVERIFY(errors[i]->where().line() > 0);
        }
    }
}

} // namespace

class TestBadInput : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nullFunctionPointer();
    void emptyStdFunction();
    void nullObject();
    void nullTargetOfCallOn();
    void nullFunctionOnAndInThread();
    void negativeTimeout();
    void absurdTimeouts();
    void absurdSleeps();
    void zeroTimeoutIsExpired();
    void expiredDeadline();
    void callsAfterShutdown();
    void shutdownTwice();
};

void TestBadInput::nullFunctionPointer()
{
    rejectedByAllVerbs("null", Plain(nullptr));
    rejectedByAllVerbs("null", Async(nullptr));
    rejectedByAllVerbs("null", SYNCHRONAUT_FN(Plain(nullptr)));
    Object object;
    rejectedByAllVerbs("null", static_cast<int (Object::*)()>(nullptr), &object);
}

void TestBadInput::emptyStdFunction()
{
    rejectedByAllVerbs("null", std::function<int()>());
    rejectedByAllVerbs("null", std::function<Task<int>()>());
    rejectedByAllVerbs("null", std::function<int(int)>(), 1);
}

void TestBadInput::nullObject()
{
    Object *const none = nullptr;
    rejectedByAllVerbs("object", &Object::plain, none);
    rejectedByAllVerbs("object", &Object::async, none);
    rejectedByAllVerbs("object", &Object::member, none);
    rejectedByAllVerbs("object", &Object::plain, std::shared_ptr<Object>());
    rejectedByAllVerbs("object", &Object::plain, QSharedPointer<Object>());
    const auto byUnique = [] { return callSync({.name = "x"}, &Object::plain, std::unique_ptr<Object>()); };
    QVERIFY(callErrorOf(byUnique).has_value());
    const auto byPointer = [] { return callSync(&Object::plain, QPointer<Object>()); };
    QVERIFY(callErrorOf(byPointer).has_value());
}

void TestBadInput::nullTargetOfCallOn()
{
    Object *const none = nullptr;
    const auto plain = [] { return 1; };
    const std::optional<CallError> errors[] = {
        callErrorOf([&] { callOnSync(none, plain); }),
        callErrorOf([&] { callOnSync({.timeout = 1s}, none, plain); }),
        callErrorOf([&] { callOnSync(none, &Object::plain); }),
        callErrorOf([&] { callOnSync(none, &Object::async); }),
        callErrorOf([&] { resultOf(callOn(none, plain)); }),
        callErrorOf([&] { resultOf(callOn(none, &Object::async)); }),
    };
    for (const auto &error : errors) {
        QVERIFY(error.has_value());
        QVERIFY2(error->message().contains(QStringLiteral("target")), error->what());
    }
}

void TestBadInput::nullFunctionOnAndInThread()
{
    QObject target;
    QVERIFY(callErrorOf([&] { callOnSync(&target, Plain(nullptr)); }).has_value());
    QVERIFY(callErrorOf([&] { resultOf(callOn(&target, std::function<int()>())); }).has_value());
    QVERIFY(callErrorOf([&] { resultOf(spawnThread(Plain(nullptr))); }).has_value());
}

void TestBadInput::negativeTimeout()
{
    std::atomic<int> runs{0};
    const auto plain = [&runs] { return ++runs; };
    const auto async = [&runs]() -> Task<int> { co_return ++runs; };
    const CallOptions options{.timeout = -5ms, .name = "negative"};
    QObject target;
    const std::optional<CallError> errors[] = {
        callErrorOf([&] { callSync(options, plain); }),
        callErrorOf([&] { callSync(options, async); }),
        callErrorOf([&] { resultOf(callAny(options, plain)); }),
        callErrorOf([&] { resultOf(callAny(options, async)); }),
        callErrorOf([&] { run(callAsync(options, plain)); }),
        callErrorOf([&] { run(callAsync(options, async)); }),
        callErrorOf([&] { callOnSync(options, &target, plain); }),
        callErrorOf([&] { resultOf(callOn(options, &target, plain)); }),
        callErrorOf([&] { resultOf(spawnThread(options, plain)); }),
        callErrorOf([&] { run(withTimeout(async(), -5ms)); }),
        callErrorOf([&] { callSync({.timeout = std::chrono::nanoseconds::min()}, plain); }),
    };
    for (std::size_t i = 0; i < std::size(errors); ++i) {
        QVERIFY2(errors[i].has_value(), qPrintable(QString::number(i)));
        QVERIFY2(errors[i]->message().contains(QStringLiteral("negative")), errors[i]->what());
        QVERIFY(errors[i]->where().line() > 0);
    }
    QCOMPARE(runs.load(), 0);
}

void TestBadInput::absurdTimeouts()
{
    // so far in the future that adding them to now overflows: they never fire, and nothing breaks
    const auto plain = [] { return 1; };
    const auto async = []() -> Task<int> {
        co_await sleepFor(1ms);
        co_return 1;
    };
    QObject target;
    const std::chrono::nanoseconds absurd[] = {forever - 1ns, std::chrono::hours(1000000),
                                               forever - 1h, forever / 2};
    for (const std::chrono::nanoseconds timeout : absurd) {
        const CallOptions options{.timeout = timeout};
        QCOMPARE(callSync(options, plain), 1);
        QCOMPARE(callSync(options, async), 1);
        QCOMPARE(resultOf(callAny(options, plain)), 1);
        QCOMPARE(resultOf(callAny(options, async)), 1);
        QCOMPARE(run(callAsync(options, plain)), 1);
        QCOMPARE(run(callAsync(options, async)), 1);
        QCOMPARE(run(withTimeout(async(), timeout)), 1);
        QCOMPARE(callOnSync(options, &target, plain), 1);
        const CallOptions nested{.timeout = 30s};
        QCOMPARE(callSync(options, [&] { return callSync(nested, async); }), 1);
    }
    QCOMPARE(run(withTimeout(async(), std::chrono::hours(1000000))), 1);
    QCOMPARE(run(withTimeout(async(), std::chrono::seconds::max())), 1); // does not fit into ns
    QCOMPARE(run(withTimeout(async(), std::chrono::hours::max())), 1);
    QCOMPARE(callSync({.timeout = forever}, plain), 1); // none
    const CallOptions far{.deadline = QDeadlineTimer(std::chrono::hours(1000000))};
    QCOMPARE(callSync(far, plain), 1);
    QCOMPARE(callSync(far, async), 1);
}

void TestBadInput::absurdSleeps()
{
    const auto sleepsLong = [](int kind) -> Task<int> {
        if (kind == 0)
            co_await sleepFor(std::chrono::nanoseconds::max());
        else if (kind == 1)
            co_await sleepFor(std::chrono::hours(1000000));
        else if (kind == 2)
            co_await sleepFor(std::chrono::hours::max()); // does not fit into ns
        else if (kind == 3)
            co_await sleepUntil(QDeadlineTimer(QDeadlineTimer::Forever));
        else if (kind == 4)
            co_await sleepUntil(std::chrono::system_clock::time_point::max());
        else
            co_await sleepUntil(std::chrono::steady_clock::time_point::max());
        co_return 1;
    };
    for (int kind = 0; kind < 6; ++kind) {
        const QByteArray error = thrownBy([&] { callSync({.timeout = 5ms}, sleepsLong, kind); });
        QVERIFY2(error == "CallTimeout", QByteArray::number(kind) + ' ' + error);
    }
    const auto past = []() -> Task<int> {
        co_await sleepFor(-1h);
        co_await sleepFor(std::chrono::nanoseconds::min());
        co_await sleepUntil(std::chrono::steady_clock::time_point::min());
        co_await sleepUntil(std::chrono::system_clock::time_point::min());
        co_await sleepUntil(QDeadlineTimer());
        co_return 1;
    };
    QCOMPARE(callSync({.timeout = 10s}, past), 1);
}

void TestBadInput::zeroTimeoutIsExpired()
{
    std::atomic<int> runs{0};
    const auto plain = [&runs] { return ++runs; };
    const auto async = [&runs]() -> Task<int> { co_return ++runs; };
    const CallOptions options{.timeout = 0ns};
    QObject target;
    QCOMPARE(thrownBy([&] { callSync(options, plain); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { callSync(options, async); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { resultOf(callAny(options, plain)); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { resultOf(callAny(options, async)); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { run(callAsync(options, plain)); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { run(callAsync(options, async)); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { callOnSync(options, &target, plain); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { resultOf(callOn(options, &target, plain)); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { resultOf(spawnThread(options, plain)); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { run(withTimeout(async(), 0ns)); }), "CallTimeout");
    QCOMPARE(runs.load(), 0);
}

void TestBadInput::expiredDeadline()
{
    std::atomic<int> runs{0};
    const auto plain = [&runs] { return ++runs; };
    const auto async = [&runs]() -> Task<int> { co_return ++runs; };
    const CallOptions options{.deadline = QDeadlineTimer(0)};
    QCOMPARE(thrownBy([&] { callSync(options, plain); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { callSync(options, async); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { resultOf(callAny(options, plain)); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { resultOf(callAny(options, async)); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { run(callAsync(options, plain)); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { run(withTimeout(async(), QDeadlineTimer(0))); }), "CallTimeout");
    const QDeadlineTimer past = QDeadlineTimer::current() - 5000;
    QCOMPARE(thrownBy([&] { callSync({.deadline = past}, async); }), "CallTimeout");
    QCOMPARE(runs.load(), 0);
}

void TestBadInput::callsAfterShutdown()
{
    const auto plain = [] { return 1; };
    const auto async = []() -> Task<int> {
        co_await sleepFor(1ms);
        co_return 2;
    };
    for (int i = 0; i < 5; ++i) {
        QCOMPARE(callSync(async), 2);
        QVERIFY(shutdown(QDeadlineTimer(10s)));
        // the next calls start everything again, whichever comes first
        if (i % 2 == 0)
            QCOMPARE(resultOf(callAny({.timeout = 10s}, plain)), 1);
        QCOMPARE(resultOf(callAny(async)), 2);
        QCOMPARE(callSync({.forceOffload = true}, plain), 1);
        QCOMPARE(run(callAsync({.timeout = 10s}, plain)), 1);
    }
}

void TestBadInput::shutdownTwice()
{
    QVERIFY(shutdown(QDeadlineTimer(10s)));
    QVERIFY(shutdown(QDeadlineTimer(10s)));
    QVERIFY(shutdown(QDeadlineTimer(0)));
    QCOMPARE(callSync([]() -> Task<int> { co_return 1; }), 1);
}

QTEST_GUILESS_MAIN(TestBadInput)
#include "tst_badinput.moc"
