// All that std::invoke takes can be called, by all three verbs, directly and on the pool.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <functional>
#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

int add(int a, int b)
{
    return a + b;
}

int addNoexcept(int a, int b) noexcept
{
    return a + b;
}

int withDefault(int a, int b = 30)
{
    return a + b;
}

int overloaded(int a)
{
    return a;
}

QString overloaded(const QString &text)
{
    return text + text;
}

Task<int> addAsync(int a, int b)
{
    co_await yieldNow();
    co_return a + b;
}

struct Functor
{
    int operator()(int a, int b) const { return a + b + extra; }
    int extra = 0;
};

struct Account
{
    int deposit(int amount) { return balance += amount; }
    int peek() const { return balance; }
    int quiet(int a) const noexcept { return balance + a; }
    Task<int> later(int amount)
    {
        co_await yieldNow();
        co_return balance += amount;
    }
    int balance = 0;
};

/// What the callable gives by each verb, and where it is called: all five have to agree.
template <typename Make>
void sameByAllVerbs(int expected, Make make)
{
    QCOMPARE(callSync(make()), expected);
    QCOMPARE(callSync({.forceOffload = true}, make()), expected);
    const QFuture<int> direct = callAny(make());
    QVERIFY(finishes(direct));
    QCOMPARE(direct.result(), expected);
    const QFuture<int> pooled = callAny({.forceOffload = true}, make());
    QVERIFY(finishes(pooled));
    QCOMPARE(pooled.result(), expected);
    QCOMPARE(run(callAsync(make())), expected);
}

template <typename F, typename... A>
void sameByAllVerbs(int expected, const F &function, const A &...args)
    requires(sizeof...(A) > 0)
{
    QCOMPARE(callSync(function, args...), expected);
    QCOMPARE(callSync({.forceOffload = true}, function, args...), expected);
    const QFuture<int> direct = callAny(function, args...);
    QVERIFY(finishes(direct));
    QCOMPARE(direct.result(), expected);
    const QFuture<int> pooled = callAny({.forceOffload = true}, function, args...);
    QVERIFY(finishes(pooled));
    QCOMPARE(pooled.result(), expected);
    QCOMPARE(run(callAsync(function, args...)), expected);
}

} // namespace

class TestCallsCallables : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void functions();
    void lambdas();
    void mutableLambdas();
    void functors();
    void bindAndStdFunction();
    void overloadsAndDefaults();
    void memberFunctions();
    void memberFunctionsAsync();
    void dataMembers();
    void moveOnlyCaptures();
    void moveOnlyArguments();
    void referencesByStdRef();
    void argumentsAreCopies();
    void namedByMacro();
};

void TestCallsCallables::functions()
{
    sameByAllVerbs(5, add, 2, 3);
    sameByAllVerbs(5, &add, 2, 3);
    sameByAllVerbs(5, addNoexcept, 2, 3);
    sameByAllVerbs(5, addAsync, 2, 3);
}

void TestCallsCallables::lambdas()
{
    sameByAllVerbs(6, [] { return [] { return 6; }; });
    const int captured = 4;
    sameByAllVerbs(7, [captured](int a) { return a + captured; }, 3);
    int byReference = 1;
    sameByAllVerbs(4, [&byReference](int a) { return a + byReference; }, 3);
    sameByAllVerbs(9, [](auto a, auto b) { return a * b; }, 3, 3);
    sameByAllVerbs(7, [captured](int a) -> Task<int> {
        co_await yieldNow();
        co_return a + captured;
    }, 3);
}

void TestCallsCallables::mutableLambdas()
{
    sameByAllVerbs(3, [] { return [n = 2]() mutable { return ++n; }; });
    sameByAllVerbs(3, [] {
        return [n = 2]() mutable -> Task<int> {
            co_await yieldNow();
            co_return ++n;
        };
    });
    // a const one is copied, and the copy is called
    const auto counter = [n = 2](int by) mutable { return n += by; };
    sameByAllVerbs(5, counter, 3);
    // so is one that is not const: every call starts from the original
    auto original = [n = 0]() mutable { return ++n; };
    QCOMPARE(callAny({.forceOffload = true}, original).result(), 1);
    QCOMPARE(callAny({.forceOffload = true}, original).result(), 1);
    QCOMPARE(run(callAsync(original)), 1);
    QCOMPARE(run(callAsync(original)), 1);
}

void TestCallsCallables::functors()
{
    sameByAllVerbs(15, Functor{10}, 2, 3);
    const auto shared = std::make_shared<int>(1);
    sameByAllVerbs(3, [shared](int a) { return a + *shared; }, 2);
    QCOMPARE(shared.use_count(), 1L); // no call kept its copy
}

void TestCallsCallables::bindAndStdFunction()
{
    sameByAllVerbs(5, [] { return std::bind(add, 2, 3); });
    sameByAllVerbs(5, std::bind(add, std::placeholders::_1, 3), 2);
    sameByAllVerbs(5, std::function<int(int, int)>(add), 2, 3);
    sameByAllVerbs(5, std::function<Task<int>(int, int)>(addAsync), 2, 3);
    sameByAllVerbs(5, std::bind_front(addAsync, 2), 3);
}

void TestCallsCallables::overloadsAndDefaults()
{
    sameByAllVerbs(8, static_cast<int (*)(int)>(overloaded), 8);
    const auto byLambda = [](const auto &value) { return overloaded(value); };
    sameByAllVerbs(8, byLambda, 8);
    QCOMPARE(callSync(byLambda, QStringLiteral("ab")), QStringLiteral("abab"));
    // a function pointer carries no default arguments; a lambda does what is asked
    static_assert(!std::is_invocable_v<decltype(&withDefault), int>);
    sameByAllVerbs(32, [](int a) { return withDefault(a); }, 2);
    sameByAllVerbs(5, withDefault, 2, 3);
}

void TestCallsCallables::memberFunctions()
{
    Account account{10};
    sameByAllVerbs(10, &Account::peek, &account);
    sameByAllVerbs(10, &Account::peek, std::ref(account));
    sameByAllVerbs(10, &Account::peek, std::cref(account));
    sameByAllVerbs(10, &Account::peek, account); // a copy
    sameByAllVerbs(12, &Account::quiet, &account, 2);
    const auto shared = std::make_shared<Account>(Account{20});
    sameByAllVerbs(20, &Account::peek, shared);
    const QSharedPointer<Account> qtShared(new Account{30});
    sameByAllVerbs(30, &Account::peek, qtShared.get());
    QCOMPARE(callSync(&Account::peek, std::make_unique<Account>(Account{40})), 40);
    QCOMPARE(callAny({.forceOffload = true}, &Account::peek, std::make_unique<Account>(Account{40}))
                     .result(), 40);

    QCOMPARE(callSync(&Account::deposit, &account, 1), 11);
    QCOMPARE(callSync({.forceOffload = true}, &Account::deposit, std::ref(account), 1), 12);
    QCOMPARE(callAny(&Account::deposit, &account, 1).result(), 13);
    QCOMPARE(run(callAsync(&Account::deposit, shared, 1)), 21);
    QCOMPARE(account.balance, 13);
    QCOMPARE(shared->balance, 21);
}

void TestCallsCallables::memberFunctionsAsync()
{
    Account account{10};
    QCOMPARE(callSync(&Account::later, &account, 1), 11);
    const QFuture<int> future = callAny(&Account::later, std::ref(account), 1);
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 12);
    QCOMPARE(run(callAsync(&Account::later, &account, 1)), 13);
    const auto shared = std::make_shared<Account>(Account{20});
    QCOMPARE(callSync(&Account::later, shared, 1), 21);
}

void TestCallsCallables::dataMembers()
{
    Account account{10};
    sameByAllVerbs(10, &Account::balance, &account);
    sameByAllVerbs(10, &Account::balance, account);
}

void TestCallsCallables::moveOnlyCaptures()
{
    sameByAllVerbs(7, [] {
        return [held = std::make_unique<int>(7)] { return *held; };
    });
    sameByAllVerbs(7, [] {
        return [held = std::make_unique<int>(7)]() -> Task<int> {
            co_await yieldNow();
            co_return *held;
        };
    });
}

void TestCallsCallables::moveOnlyArguments()
{
    const auto value = [](std::unique_ptr<int> held) { return *held; };
    const auto byRvalue = [](std::unique_ptr<int> &&held) { return *std::exchange(held, nullptr); };
    const auto byConst = [](const std::unique_ptr<int> &held) { return *held; };
    const auto async = [](std::unique_ptr<int> held) -> Task<int> {
        co_await yieldNow();
        co_return *held;
    };
    const auto check = [](const auto &function) {
        QCOMPARE(callSync(function, std::make_unique<int>(9)), 9);
        QCOMPARE(callSync({.forceOffload = true}, function, std::make_unique<int>(9)), 9);
        const QFuture<int> future = callAny(function, std::make_unique<int>(9));
        QVERIFY(finishes(future));
        QCOMPARE(future.result(), 9);
        QCOMPARE(run(callAsync(function, std::make_unique<int>(9))), 9);
    };
    check(value);
    check(byRvalue);
    check(byConst);
    check(async);
}

void TestCallsCallables::referencesByStdRef()
{
    int target = 1;
    const auto bump = [](int &value) { return ++value; };
    QCOMPARE(callSync(bump, std::ref(target)), 2);
    QCOMPARE(callSync({.forceOffload = true}, bump, std::ref(target)), 3);
    QCOMPARE(callAny(bump, std::ref(target)).result(), 4);
    QCOMPARE(run(callAsync(bump, std::ref(target))), 5);
    QCOMPARE(target, 5);
}

void TestCallsCallables::argumentsAreCopies()
{
    // decay-copied and passed on as rvalues, in a direct call too (§14)
    QString text = QStringLiteral("kept");
    const auto eat = [](QString &&moved) {
        const QString mine = std::move(moved);
        return mine.size();
    };
    QCOMPARE(callSync(eat, text), 4);
    QCOMPARE(callAny(eat, text).result(), 4);
    QCOMPARE(run(callAsync(eat, text)), 4);
    QCOMPARE(text, QStringLiteral("kept"));

    const auto length = [](const char *literal) { return static_cast<int>(qstrlen(literal)); };
    sameByAllVerbs(3, length, "abc"); // an array decays
}

void TestCallsCallables::namedByMacro()
{
    sameByAllVerbs(5, SYNCHRONAUT_FN(add), 2, 3);
    sameByAllVerbs(5, SYNCHRONAUT_FN(addAsync), 2, 3);
    Account account{10};
    sameByAllVerbs(10, SYNCHRONAUT_FN(&Account::peek), &account);
    QCOMPARE(SYNCHRONAUT_FN(add)(2, 3), 5); // still a callable
}

QTEST_GUILESS_MAIN(TestCallsCallables)
#include "tst_calls_callables.moc"
