// Synchronizer and Synchronized: where objects are made, used and destroyed, and what calls of them
// may be.
#include "account.h"

#include <algorithm>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

class Thrower
{
public:
    explicit Thrower(bool doesThrow)
    {
        if (doesThrow)
            throw std::runtime_error("no connection");
    }
};

struct Aggregate
{
    int first;
    QString second;
};

} // namespace

class TestSynchronizer : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup();
    void objectsLiveOnTheLoop();
    void threeFormsOfACall();
    void callables();
    void namedFunctions();
    void asyncMethods();
    void methodsWithPromise();
    void moveOnlyArgumentsAndResults();
    void convertedArgumentsOutliveTheCall();
    void makeForms();
    void constructorsThatThrow();
    void errorsArriveUnchanged();
    void emptyHandlesAreErrors();
    void optionsHold();
    void orderIsKept();
    void onItsOwnThreadACallRunsAtOnce();
};

void TestSynchronizer::cleanup()
{
    QCOMPARE(Account::alive.load(), 0);
    QCOMPARE(Account::strayed.load(), 0);
}

void TestSynchronizer::objectsLiveOnTheLoop()
{
    Synchronizer io("objects");
    QCOMPARE(io.name(), QStringLiteral("objects"));
    QCOMPARE(io.thread()->objectName(), QStringLiteral("objects"));
    Account::goneIn = nullptr;
    {
        auto account = io.make<Account>(5);
        QCOMPARE(account.sync(&Account::madeIn), io.thread());
        QCOMPARE(account.sync(&Account::balance), 5);
        const auto copy = account;
        QVERIFY(copy == account);
        account = {};
        QCOMPARE(copy.sync(&Account::balance), 5);
        QCOMPARE(Account::alive.load(), 1);
    }
    QVERIFY(eventually([] { return Account::alive == 0; }));
    QCOMPARE(Account::goneIn.load(), io.thread());
}

void TestSynchronizer::threeFormsOfACall()
{
    Synchronizer io("forms");
    const auto account = io.make<Account>(1);
    const QFuture<int> future = account.call(&Account::deposit, 2);
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 3);
    QCOMPARE(account.sync(&Account::deposit, 3), 6);
    const auto task = [&account]() -> Task<int> {
        const int first = co_await account.async(&Account::deposit, 4);
        co_return first + co_await account.call(&Account::deposit, 1);
    };
    QCOMPARE(run(task()), 21);
    QCOMPARE(callSync(task), 31);
    account.sync(&Account::setOwner, QStringLiteral("me"));
    static_assert(std::is_same_v<decltype(account.sync(&Account::owner)), QString>);
    QCOMPARE(account.sync(&Account::owner), QStringLiteral("me"));
}

void TestSynchronizer::callables()
{
    Synchronizer io("callables");
    const auto account = io.make<Derived>(1);
    QCOMPARE(account.sync(freeFunction, 2), 3);
    QCOMPARE(account.sync([](Account &a) { return a.balance(); }), 3);
    QCOMPARE(account.sync([](const auto &a, int n) { return a.balance() + n; }, 4), 7);
    QCOMPARE(account.sync([captured = std::make_unique<int>(8)](Derived &) { return *captured; }), 8);
    const std::function<int(Account &)> function = [](Account &a) { return a.deposit(1); };
    QCOMPARE(account.sync(function), 4);
    QCOMPARE(account.sync(std::mem_fn(&Account::balance)), 4);
    QCOMPARE(account.sync(&Account::value), 7);
    account.sync([](Account &a) { a.value = 9; });
    QCOMPARE(account.call(&Account::value).result(), 9);
    QCOMPARE(thrownBy([&] { account.sync(std::function<int(Account &)>()); }), QByteArray("CallError"));
    int (Account::*const nothing)() const = nullptr;
    QCOMPARE(thrownBy([&] { account.sync(nothing); }), QByteArray("CallError"));
}

void TestSynchronizer::namedFunctions()
{
    Synchronizer io("named");
    const auto account = io.make<Account>(1);
    QCOMPARE(account.sync(SYNCHRONAUT_FN(&Account::deposit), 2), 3);
    try {
        account.sync({.timeout = 0ns}, SYNCHRONAUT_FN(&Account::deposit), 2);
        QFAIL("no timeout");
    } catch (const CallTimeout &e) {
        QVERIFY2(e.functionName().contains(QStringLiteral("&Account::deposit")), qPrintable(e.functionName()));
    }
    QCOMPARE(account.sync(&Account::balance), 3);
}

void TestSynchronizer::asyncMethods()
{
    Synchronizer io("async");
    const auto account = io.make<Account>(1);
    QCOMPARE(account.sync(&Account::depositLater, 2), 3);
    QCOMPARE(account.call(&Account::depositLater, 2).result(), 5);
    QCOMPARE(account.sync(&Account::depositInFuture, 2), 3);
    const auto lambda = [](Account &a, int amount) -> Task<int> {
        co_await sleepFor(1ms);
        co_return a.deposit(amount);
    };
    const auto task = [&]() -> Task<int> {
        const int first = co_await account.async(&Account::depositLater, 1);
        co_return first + co_await account.async(lambda, 1);
    };
    QCOMPARE(run(task()), 13);
}

void TestSynchronizer::methodsWithPromise()
{
    Synchronizer io("promise");
    const auto account = io.make<Account>(1);
    const QFuture<int> future = account.call(&Account::report, 3);
    QVERIFY(finishes(future));
    QCOMPARE(future.results(), (QList<int>{0, 1, 2}));
    QCOMPARE(account.sync(&Account::report, 3), 0);
    const auto lambda = [](QPromise<int> &promise, Account &a) { promise.addResult(a.balance()); };
    QCOMPARE(account.sync(lambda), 1);
}

void TestSynchronizer::moveOnlyArgumentsAndResults()
{
    Synchronizer io("moves");
    const auto account = io.make<Account>(1);
    QCOMPARE(*account.sync(&Account::takeUnique, std::make_unique<int>(4)), 4);
    QCOMPARE(*account.call(&Account::takeUnique, std::make_unique<int>(5)).takeResult(), 5);
    const auto task = [&account]() -> Task<int> {
        auto given = std::make_unique<int>(6);
        const auto back = co_await account.async(&Account::takeUnique, std::move(given));
        co_return *back;
    };
    QCOMPARE(run(task()), 6);
}

void TestSynchronizer::convertedArgumentsOutliveTheCall()
{
    Synchronizer io("converted");
    const auto account = io.make<Account>(1);
    QCOMPARE(account.sync(&Account::ownerLater, QLatin1String("!")), QStringLiteral("nobody!"));
    const auto lambda = [](Account &, const QString &text) -> Task<QString> {
        co_await sleepFor(1ms);
        co_return text;
    };
    QCOMPARE(account.sync(lambda, QLatin1String("?")), QStringLiteral("?"));
}

void TestSynchronizer::makeForms()
{
    Synchronizer io("make");
    const auto aggregate = io.make<Aggregate>(3, QStringLiteral("three"));
    QCOMPARE(aggregate.sync(&Aggregate::second), QStringLiteral("three"));
    const auto limited = io.make<Account>({.timeout = 20s}, 4);
    QCOMPARE(limited.sync(&Account::balance), 4);
    const auto task = [&io]() -> Task<int> {
        const auto account = co_await io.makeAsync<Account>(5);
        co_return co_await account.async(&Account::balance);
    };
    QCOMPARE(run(task()), 5);
    QCOMPARE(thrownBy([&] { io.make<Account>({.timeout = 0ns}, 4); }), QByteArray("CallTimeout"));
    // made there by one who is there already
    const auto inside = io.wrap([&io] { return io.make<Account>(8).sync(&Account::balance); });
    QCOMPARE(inside.sync(), 8);
}

void TestSynchronizer::constructorsThatThrow()
{
    Synchronizer io("throwers");
    QCOMPARE(thrownBy([&] { io.make<Thrower>(true); }), QByteArray("std::exception: no connection"));
    const auto task = [&io]() -> Task<> { co_await io.makeAsync<Thrower>(true); };
    QCOMPARE(thrownBy([&] { run(task()); }), QByteArray("std::exception: no connection"));
    QVERIFY(io.make<Thrower>(false));
}

void TestSynchronizer::errorsArriveUnchanged()
{
    Synchronizer io("errors");
    const auto account = io.make<Account>(1);
    QCOMPARE(thrownBy([&] { account.sync(&Account::fail); }), QByteArray("int 13"));
    QCOMPARE(thrownBy([&] { account.sync(&Account::failLater); }), QByteArray("int 14"));
    QFuture<void> future = account.call(&Account::fail);
    QCOMPARE(thrownBy([&] { future.waitForFinished(); }), QByteArray("int 13"));
    const auto task = [&account]() -> Task<> { co_await account.async(&Account::failLater); };
    QCOMPARE(thrownBy([&] { run(task()); }), QByteArray("int 14"));
    QCOMPARE(account.sync(&Account::balance), 1);
}

void TestSynchronizer::emptyHandlesAreErrors()
{
    Synchronizer io("empty");
    Synchronized<Account> empty;
    QVERIFY(empty.isNull() && !empty);
    QCOMPARE(thrownBy([&] { empty.sync(&Account::balance); }), QByteArray("CallError"));
    QFuture<int> future = empty.call(&Account::balance);
    QCOMPARE(thrownBy([&] { future.waitForFinished(); }), QByteArray("CallError"));
    const auto task = [&empty]() -> Task<> { co_await empty.async(&Account::balance); };
    QCOMPARE(thrownBy([&] { run(task()); }), QByteArray("CallError"));
    const auto account = io.make<Account>(1);
    QCOMPARE(thrownBy([&] { account.sync(&Account::compare, empty, 1); }), QByteArray("CallError"));
}

void TestSynchronizer::optionsHold()
{
    Synchronizer io("options");
    const auto account = io.make<Account>(1);
    const auto never = [](Account &) -> Task<> { co_await sleepFor(1h); };
    QCOMPARE(thrownBy([&] { account.sync({.timeout = 20ms}, never); }), QByteArray("CallTimeout"));
    QFuture<void> future = account.call({.timeout = 20ms}, never);
    QCOMPARE(thrownBy([&] { future.waitForFinished(); }), QByteArray("CallTimeout"));
    std::atomic<bool> stopped{false};
    const auto blocking = [&stopped](Account &) {
        stopped = eventually([] { return Synchronaut::isCanceled(); });
    };
    QCOMPARE(thrownBy([&] { account.sync({.timeout = timeToBegin}, blocking); }), QByteArray("CallTimeout"));
    QCOMPARE(account.sync(&Account::balance), 1); // after it
    QVERIFY(stopped);
    QFuture<void> canceled = account.call(never);
    canceled.cancel();
    QVERIFY(finishes(canceled));
}

void TestSynchronizer::orderIsKept()
{
    Synchronizer io("order");
    std::vector<int> log;
    const auto account = io.make<Account>(0);
    QFuture<void> last;
    for (int i = 0; i < 1000; ++i)
        last = account.call([&log, i](Account &) { log.push_back(i); });
    QVERIFY(finishes(last));
    QCOMPARE(log.size(), std::size_t(1000));
    QVERIFY(std::is_sorted(log.begin(), log.end()));
}

void TestSynchronizer::onItsOwnThreadACallRunsAtOnce()
{
    Synchronizer io("own");
    const auto account = io.make<Account>(1);
    const auto inside = [&account](Account &a) {
        const QFuture<int> future = account.call(&Account::deposit, 1);
        const bool atOnce = future.isFinished() && a.balance() == 2;
        const int again = account.sync(&Account::deposit, 1);
        const int later = account.sync(&Account::depositLater, 1); // turns nothing but this call
        return atOnce && again == 3 && later == 4;
    };
    QVERIFY(account.sync(inside));
    const auto task = [](Account &a, Synchronized<Account> self) -> Task<bool> {
        const int one = co_await self.async(&Account::deposit, 1);
        const int two = co_await self.async(&Account::depositLater, 1);
        co_return one == 5 && two == 6 && a.balance() == 6;
    };
    QVERIFY(account.sync(task, account));
    // as deep as the stack lets a plain function
    std::function<int(Account &, int)> descend = [&](Account &, int left) {
        return left == 0 ? 0 : 1 + account.sync(std::ref(descend), left - 1);
    };
    QCOMPARE(account.sync(std::ref(descend), 200), 200);
    const auto climb = [&account](auto self, Account &, int left) -> Task<int> {
        if (left == 0)
            co_return 0;
        const auto next = [self](Account &a, int rest) { return self(self, a, rest); };
        co_return 1 + co_await account.async(next, left - 1);
    };
    const auto first = [climb](Account &a, int left) { return climb(climb, a, left); };
    QCOMPARE(account.sync(first, 1000), 1000);
}

QTEST_GUILESS_MAIN(TestSynchronizer)
#include "tst_synchronizer.moc"
