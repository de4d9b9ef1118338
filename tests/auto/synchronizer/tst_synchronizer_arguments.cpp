// What reaches a function on a Synchronizer: objects of the same one as references, handles as handles,
// errors for those of others; and the functions that wrap() makes.
#include "account.h"

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

/// Takes another object of the same Synchronizer by reference.
class Pair
{
public:
    Pair(Account &first, int second) : m_first(first), m_second(second) { }
    int sum() const { return m_first.balance() + m_second; }

private:
    Account &m_first;
    int m_second;
};

class KeepsHandle
{
public:
    explicit KeepsHandle(Synchronized<Account> account) : m_account(std::move(account)) { }
    int balance() const { return m_account.sync(&Account::balance); }

private:
    Synchronized<Account> m_account;
};

} // namespace

class TestSynchronizerArguments : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup();
    void objectsAsArguments();
    void objectsOfOthersAsArguments();
    void handlesAsArguments();
    void handlesInsideOfObjects();
    void wrappedFunctions();
    void contextReachesTheLoop();
};

void TestSynchronizerArguments::cleanup()
{
    QCOMPARE(Account::alive.load(), 0);
    QCOMPARE(Account::strayed.load(), 0);
}

void TestSynchronizerArguments::objectsAsArguments()
{
    Synchronizer io("arguments");
    const auto a = io.make<Account>(10);
    const auto b = io.make<Derived>(1);
    a.sync(&Account::transferTo, b, 4);
    QCOMPARE(a.sync(&Account::balance), 6);
    QCOMPARE(a.sync(&Account::compare, b, 2), 2);
    QCOMPARE(a.sync([](auto &mine, auto &other) { return mine.balance() - other.balance(); }, b), 1);
    QCOMPARE(a.sync([](Account &mine, Derived &other, Account &third) {
        return mine.balance() - other.balance() - third.balance();
    }, b, a), -5);
    const auto pair = io.make<Pair>(a, 3);
    QCOMPARE(pair.sync(&Pair::sum), 9);
    const auto later = [](Account &mine, Account &other) -> Task<int> {
        co_await sleepFor(1ms);
        co_return mine.balance() + other.balance();
    };
    QFuture<int> future;
    {
        const auto kept = io.make<Account>(100); // by the pending call alone
        future = a.call(later, kept);
    }
    QCOMPARE(future.result(), 106);
}

void TestSynchronizerArguments::objectsOfOthersAsArguments()
{
    Synchronizer io("arguments");
    Synchronizer other("others");
    const auto mine = io.make<Account>(10);
    const auto foreign = other.make<Account>(1);
    try {
        mine.sync({.name = "compare"}, &Account::compare, foreign, 1);
        QFAIL("no error");
    } catch (const CallError &e) {
        QVERIFY2(e.message().contains(QStringLiteral("another Synchronizer")), qPrintable(e.message()));
        QVERIFY2(e.message().contains(QStringLiteral("compare")), qPrintable(e.message()));
    }
    QCOMPARE(thrownBy([&] { io.make<Pair>(foreign, 3); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([&] { io.wrap(freeFunction).sync(foreign, 3); }), QByteArray("CallError"));
    QCOMPARE(foreign.sync(&Account::balance), 1);
}

void TestSynchronizerArguments::handlesAsArguments()
{
    Synchronizer io("handles");
    Synchronizer other("others");
    const auto mine = io.make<Account>(10);
    const auto foreign = other.make<Account>(1);
    QVERIFY(mine.sync(&Account::isHandle, foreign));
    QVERIFY(mine.sync(&Account::isHandle, mine));
    QVERIFY(!mine.sync(&Account::isHandle, Synchronized<Account>()));
    const auto ask = [](Account &a, Synchronized<Account> b) { return a.balance() + b.sync(&Account::balance); };
    QCOMPARE(mine.sync(ask, foreign), 11);
    const auto mixed = [](Account &a, Account &b, const Synchronized<Account> &c) {
        return a.balance() + b.balance() + c.sync(&Account::balance);
    };
    QCOMPARE(mine.sync(mixed, mine, foreign), 21);
    const auto generic = [](auto &a, auto b) { return a.balance() + b.sync(&Account::balance); };
    QCOMPARE(mine.sync(generic, foreign), 11);
}

void TestSynchronizerArguments::handlesInsideOfObjects()
{
    Synchronized<KeepsHandle> outer;
    Synchronized<KeepsHandle> outerOfOther;
    {
        Synchronizer io("inside");
        Synchronizer other("other inside");
        auto account = io.make<Account>(4);
        outer = io.make<KeepsHandle>(account);
        outerOfOther = other.make<KeepsHandle>(account);
        account = {};
        QCOMPARE(outer.sync(&KeepsHandle::balance), 4);
        QCOMPARE(outerOfOther.sync(&KeepsHandle::balance), 4);
    }
    QCOMPARE(Account::alive.load(), 0);
    QCOMPARE(thrownBy([&] { outer.sync(&KeepsHandle::balance); }), QByteArray("LoopStopped"));
}

void TestSynchronizerArguments::wrappedFunctions()
{
    std::unique_ptr<Synchronizer> io(new Synchronizer(QStringLiteral("wrapped")));
    const auto thread = io->wrap(here);
    QCOMPARE(thread.sync(), io->thread());
    QCOMPARE(thread().result(), io->thread());
    const auto later = io->wrap([]() -> Task<QThread *> {
        co_await sleepFor(1ms);
        co_return here();
    });
    QCOMPARE(later.sync(), io->thread());
    const auto both = [&]() -> Task<bool> {
        QThread *const first = co_await thread.async();
        QThread *const second = co_await later.async();
        co_return first == second;
    };
    QVERIFY(run(both()));
    {
        const auto account = io->make<Account>(1);
        const auto deposit = io->wrap(freeFunction, {.name = "deposit"});
        QCOMPARE(deposit.sync(account, 3), 4);
        QCOMPARE(io->wrap(&Account::balance).sync(account), 4);
        // on its own thread at once
        QVERIFY(io->wrap([&thread] { return thread().isFinished(); }).sync());
    }
    QCOMPARE(thrownBy([&] { io->wrap([] { throw 5; }).sync(); }), QByteArray("int 5"));
    io.reset();
    QCOMPARE(thrownBy([&] { thread.sync(); }), QByteArray("LoopStopped"));
    QFuture<QThread *> tooLate = later();
    QCOMPARE(thrownBy([&] { tooLate.waitForFinished(); }), QByteArray("LoopStopped"));
}

void TestSynchronizerArguments::contextReachesTheLoop()
{
    static ContextVar<int> number("number", 0);
    Synchronizer io("context");
    const auto account = io.make<Account>(1);
    const ContextVar<int>::Scope scope(number, 5);
    const auto change = [](Account &) {
        const int before = number.get();
        number.set(6);
        return before;
    };
    QCOMPARE(account.sync(change), 5);
    QCOMPARE(number.get(), 5);
    QCOMPARE(account.sync({.contextFlow = ContextFlow::CopyInOut}, change), 5);
    QCOMPARE(number.get(), 6);
}

QTEST_GUILESS_MAIN(TestSynchronizerArguments)
#include "tst_synchronizer_arguments.moc"
