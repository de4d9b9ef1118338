// The decorator: synchronaut(fn, options) and its three ways of calling.
#include "../support/places.h"

#include <QtTest/QTest>

#include <memory>
#include <optional>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

int add(int a, int b)
{
    return a + b;
}

Task<int> addAsync(int a, int b)
{
    co_await sleepFor(1ms);
    co_return a + b;
}

int waitsForCancel()
{
    const QDeadlineTimer limit(20s);
    while (!isCanceled() && !limit.hasExpired())
        QThread::usleep(200);
    return 0;
}

Task<int> sleepsForever()
{
    co_await sleepUntil(QDeadlineTimer(QDeadlineTimer::Forever));
    co_return 0;
}

int place()
{
    return static_cast<int>(Places::current());
}

struct Account
{
    int deposit(int amount) { return balance += amount; }
    Task<int> later(int amount)
    {
        co_await yieldNow();
        co_return balance += amount;
    }
    int balance = 0;
};

// const globals, made before main(): neither threads nor an application are needed for that
const auto s_add = synchronaut(add);
const auto s_addAsync = synchronaut(SYNCHRONAUT_FN(addAsync), {.timeout = 30s});
const auto s_deposit = synchronaut(&Account::deposit);
const auto s_later = synchronaut(&Account::later);

class Service
{
public:
    const Bridge<Task<int> (*)(int, int)> addMember = synchronaut(addAsync, {.name = "Service::add"});
};

} // namespace

class TestBridge : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_places.emplace(); }
    void constGlobals();
    void inASlotAndInATask();
    void classMember();
    void memberFunctions();
    void moveOnlyCaptures();
    void mutableCallable();
    void optionsHold();
    void timeouts();
    void namesAndPlace();
    void copiesFromManyThreads();
    void callsKeepTheFunctionAlive();
    void copiesAndAssignment();
    void nullFunctions();

private:
    std::optional<Places> m_places;
};

void TestBridge::constGlobals()
{
    QCOMPARE(s_add.sync(1, 2), 3);
    QCOMPARE(s_add(1, 2).result(), 3);
    QCOMPARE(run(s_add.async(1, 2)), 3);
    QCOMPARE(s_addAsync.sync(1, 2), 3);
    const QFuture<int> future = s_addAsync(1, 2);
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 3);
    QCOMPARE(run(s_addAsync.async(1, 2)), 3);
    static_assert(std::is_same_v<decltype(s_add(1, 2)), QFuture<int>>);
    static_assert(std::is_same_v<decltype(s_addAsync.async(1, 2)), AsyncCall<int>>);
    static_assert(!std::is_invocable_v<decltype(s_add), QString>);
}

void TestBridge::inASlotAndInATask()
{
    QFuture<int> future;
    int sync = 0;
    inSlot([&] {
        future = s_addAsync(2, 2);
        sync = s_addAsync.sync(3, 3);
    });
    QVERIFY(finishesInLoop(future));
    QCOMPARE(future.result(), 4);
    QCOMPARE(sync, 6);
    const auto body = []() -> Task<int> {
        const int first = co_await s_add(1, 1);
        const int second = co_await s_add.async(2, 2);
        const int third = co_await s_addAsync(3, 3);
        co_return first + second + third + s_addAsync.sync(4, 4);
    };
    QCOMPARE(run(body()), 20);
}

void TestBridge::classMember()
{
    const Service service;
    QCOMPARE(service.addMember.sync(4, 5), 9);
    const Service copy = service;
    QCOMPARE(copy.addMember.sync(4, 5), 9);
}

void TestBridge::memberFunctions()
{
    Account account;
    QCOMPARE(s_deposit.sync(&account, 5), 5);
    QCOMPARE(s_deposit(std::ref(account), 5).result(), 10);
    QCOMPARE(run(s_deposit.async(&account, 5)), 15);
    QCOMPARE(s_later.sync(&account, 5), 20);
    QCOMPARE(run(s_later.async(std::ref(account), 5)), 25);
    const auto shared = std::make_shared<Account>();
    QCOMPARE(s_later.sync(shared, 7), 7);
    QCOMPARE(account.balance, 25);
}

void TestBridge::moveOnlyCaptures()
{
    const auto bridge = synchronaut([held = std::make_unique<int>(7)](int a) { return *held + a; });
    QCOMPARE(bridge.sync(1), 8);
    QCOMPARE(bridge(2).result(), 9);
    QCOMPARE(run(bridge.async(3)), 10);
    const auto copy = bridge; // copies share what cannot be copied
    QCOMPARE(copy.sync(4), 11);
    const auto async = synchronaut([held = std::make_unique<int>(7)](int a) -> Task<int> {
        co_await yieldNow();
        co_return *held + a;
    });
    QCOMPARE(async.sync(1), 8);
    QCOMPARE(run(async.async(2)), 9);
}

void TestBridge::mutableCallable()
{
    const auto counter = synchronaut([n = 0]() mutable { return ++n; });
    QCOMPARE(counter.sync(), 1);
    QCOMPARE(counter.sync(), 2); // one function, shared by all calls
    const auto copy = counter;
    QCOMPARE(copy.sync(), 3);
    QCOMPARE(run(counter.async()), 4);
}

void TestBridge::optionsHold()
{
    QCOMPARE(synchronaut(place).sync(), static_cast<int>(Place::Here));
    const auto pooled = synchronaut(place, {.forceOffload = true});
    QCOMPARE(pooled.sync(), static_cast<int>(Place::Pool));
    const QFuture<int> future = pooled();
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), static_cast<int>(Place::Pool));
    const auto executor = synchronaut(place, {.executor = &m_places->otherPool()});
    QCOMPARE(executor.sync(), static_cast<int>(Place::OtherPool));
    QCOMPARE(run(executor.async()), static_cast<int>(Place::OtherPool));
    QVERIFY(executor.options().executor == &m_places->otherPool());
}

void TestBridge::timeouts()
{
    const auto plain = synchronaut(SYNCHRONAUT_FN(waitsForCancel), {.timeout = 20ms});
    const auto async = synchronaut(SYNCHRONAUT_FN(sleepsForever), {.timeout = 20ms});
    const auto check = [](const auto &bridge) {
        // each call has its own time
        QCOMPARE(thrownBy([&] { bridge.sync(); }), "CallTimeout");
        QCOMPARE(thrownBy([&] { bridge.sync(); }), "CallTimeout");
        QCOMPARE(thrownBy([&] { run(bridge.async()); }), "CallTimeout");
        const auto future = bridge();
        QVERIFY(finishes(future));
        QCOMPARE(thrownBy([&] { future.result(); }), "CallTimeout");
    };
    check(plain);
    check(async);
}

void TestBridge::namesAndPlace()
{
    const auto messageOf = [](const auto &bridge) {
        try {
            bridge.sync();
        } catch (const CallTimeout &e) {
            return QPair(e.functionName(), e.where().line());
        }
        return QPair(QString(), std::uint_least32_t(0));
    };
    const auto macro = synchronaut(SYNCHRONAUT_FN(sleepsForever), {.timeout = 1ms});
    QCOMPARE(messageOf(macro).first, QStringLiteral("sleepsForever"));
    const auto line = std::source_location::current().line() + 1;
    const auto option = synchronaut(sleepsForever, {.timeout = 1ms, .name = "by option"});
    QCOMPARE(messageOf(option), QPair(QStringLiteral("by option"), line));
    const auto both = synchronaut(SYNCHRONAUT_FN(sleepsForever), {.timeout = 1ms, .name = "by option"});
    QCOMPARE(messageOf(both).first, QStringLiteral("by option"));
    const auto anonymous = synchronaut([]() -> Task<> { co_await sleepFor(20s); }, {.timeout = 1ms});
    const QString name = messageOf(anonymous).first;
    QVERIFY2(name.contains(QStringLiteral("lambda")), qPrintable(name));
    QVERIFY2(!name.contains(QStringLiteral("SharedCallable")), qPrintable(name));
}

void TestBridge::copiesFromManyThreads()
{
    std::atomic<int> calls{0};
    const auto plain = synchronaut([&calls](int a) {
        ++calls;
        return a;
    });
    const auto async = synchronaut([&calls](int a) -> Task<int> {
        co_await yieldNow();
        ++calls;
        co_return a;
    });
    constexpr int threads = 8;
    constexpr int each = rounds(200, 40);
    std::atomic<int> wrong{0};
    {
        std::vector<JoinedThread> all;
        for (int t = 0; t < threads; ++t) {
            all.emplace_back([&, plainCopy = plain, t] {
                for (int i = 0; i < each; ++i) {
                    if (plainCopy.sync(i) != i || plain(t).result() != t)
                        ++wrong;
                    if (async.sync(i) != i)
                        ++wrong;
                    const auto asyncCopy = async;
                    if (asyncCopy(i).result() != i)
                        ++wrong;
                }
            });
        }
    }
    QCOMPARE(wrong.load(), 0);
    QCOMPARE(calls.load(), threads * each * 4);
}

void TestBridge::callsKeepTheFunctionAlive()
{
    const auto token = std::make_shared<int>(5);
    std::atomic<bool> release{false};
    QFuture<int> future;
    {
        const auto bridge = synchronaut([token, &release]() -> Task<int> {
            while (!release)
                co_await sleepFor(1ms);
            co_return *token;
        });
        future = bridge();
    }
    QVERIFY(token.use_count() > 1);
    release = true;
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 5);
    QVERIFY(eventually([&] { return token.use_count() == 1; }));
}

void TestBridge::copiesAndAssignment()
{
    auto first = synchronaut(add);
    const auto second = synchronaut(add, {.forceOffload = true});
    QVERIFY(!first.options().forceOffload);
    first = second;
    QVERIFY(first.options().forceOffload);
    QCOMPARE(first.sync(1, 1), 2);
    const auto moved = std::move(first);
    QCOMPARE(moved.sync(1, 1), 2);
}

void TestBridge::nullFunctions()
{
    using Function = int (*)(int, int);
    const auto null = synchronaut(Function(nullptr));
    QCOMPARE(thrownBy([&] { null.sync(1, 2); }), "CallError");
    QCOMPARE(thrownBy([&] { null(1, 2).waitForFinished(); }), "CallError");
    QCOMPARE(thrownBy([&] { run(null.async(1, 2)); }), "CallError");
    const auto empty = synchronaut(std::function<int()>());
    QCOMPARE(thrownBy([&] { empty.sync(); }), "CallError");
    QCOMPARE(thrownBy([&] { empty().waitForFinished(); }), "CallError");
    QCOMPARE(thrownBy([] { s_deposit.sync(static_cast<Account *>(nullptr), 1); }), "CallError");
}

QTEST_GUILESS_MAIN(TestBridge)
#include "tst_bridge.moc"
