// callOn() and callOnSync(): where the function runs, in which order, and every way it may not.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

class Account : public QObject
{
    Q_OBJECT
public:
    int deposit(int amount)
    {
        m_balance += amount;
        return m_balance;
    }
    int balance() const { return m_balance; }
    Task<int> depositLater(int amount)
    {
        const bool before = QThread::currentThread() == thread();
        co_await sleepFor(2ms);
        const bool after = QThread::currentThread() == thread();
        co_return before && after ? deposit(amount) : -1;
    }
    QFuture<int> depositInFuture(int amount)
    {
        return callAny([this, amount] { return callOnSync(this, &Account::deposit, amount); });
    }
    void fail() { throw 13; }

private:
    int m_balance = 0;
};

QThread *here()
{
    return QThread::currentThread();
}

Task<QThread *> hereAfterPool(QThread *expected)
{
    co_await callAsync([] { QThread::msleep(1); });
    co_return QThread::currentThread() == expected ? expected : nullptr;
}

/// Keeps a thread's loop from turning until it is let go.
class Plug
{
public:
    explicit Plug(QObject *target)
    {
        QMetaObject::invokeMethod(
                target, [this] { eventually([this] { return m_open.load(); }, 30s); },
                Qt::QueuedConnection);
    }
    ~Plug() { open(); }
    void open() { m_open = true; }

private:
    std::atomic<bool> m_open{false};
};

} // namespace

class TestCallOn : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void sameThreadRunsAtOnce();
    void otherThreadRunsThere();
    void memberFunctions();
    void asyncFunctionsAreAtHomeInTheTarget();
    void inheritsContextAndDeadline();
    void keepsOrder();
    void keepsOrderBeforeTheThreadHasStarted();
    void errorsArriveUnchanged();
    void nullTargetIsAnError();
    void nullFunctionIsAnError();
    void targetDestroyedBeforeItsTurn();
    void targetDestroyedWhileItsTaskRuns();
    void threadThatHasEnded();
    void threadEndsWhileQueued();
    void threadEndsWhileItsTaskSleeps();
    void threadThatNeverStarts();
    void timeoutOfQueuedCallNeverRuns();
    void cancelledQueuedCallNeverRuns();
    void manyThreadsOneTarget();
    void awaitedFromATask();
};

void TestCallOn::sameThreadRunsAtOnce()
{
    QObject target;
    const QFuture<QThread *> future = callOn(&target, here);
    QVERIFY(future.isFinished());
    QCOMPARE(future.result(), here());
    QCOMPARE(callOnSync(&target, here), here());
}

void TestCallOn::otherThreadRunsThere()
{
    LoopThread other;
    const QFuture<QThread *> future = callOn(other.object(), here);
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), other.thread());
    QCOMPARE(callOnSync(other.object(), here), other.thread());
    JoinedThread([&] { QCOMPARE(callOnSync(other.object(), here), other.thread()); }).join();
}

void TestCallOn::memberFunctions()
{
    LoopThread other;
    Account account;
    account.moveToThread(other.thread());
    QCOMPARE(callOnSync(&account, &Account::deposit, 5), 5);
    QCOMPARE(callOnSync(&account, &Account::depositLater, 6), 11);
    QCOMPARE(callOnSync(&account, &Account::depositInFuture, 7), 18);
    QCOMPARE(callOnSync(&account, &Account::balance), 18);
    const QFuture<int> plain = callOn(&account, &Account::deposit, 1);
    const QFuture<int> async = callOn(&account, &Account::depositLater, 1);
    QVERIFY(finishes(plain));
    QVERIFY(finishes(async));
    QCOMPARE(plain.result(), 19);
    QCOMPARE(async.result(), 20);
    other.end();
}

void TestCallOn::asyncFunctionsAreAtHomeInTheTarget()
{
    LoopThread other;
    QCOMPARE(callOnSync(other.object(), hereAfterPool, other.thread()), other.thread());
    const QFuture<QThread *> future = callOn(other.object(), hereAfterPool, other.thread());
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), other.thread());
}

void TestCallOn::inheritsContextAndDeadline()
{
    static ContextVar<int> user("user", 1);
    LoopThread other;
    const ContextVar<int>::Scope scope(user, 42);
    const auto seen = [] { return user.get(); };
    QCOMPARE(callOnSync(other.object(), seen), 42);
    const auto change = [] {
        user.set(7);
        return currentDeadline().isForever();
    };
    QVERIFY(callOnSync(other.object(), change));
    QCOMPARE(user.get(), 42);
    QVERIFY(!callOnSync({.timeout = 20s}, other.object(), change));
}

void TestCallOn::keepsOrder()
{
    LoopThread other;
    std::vector<int> log; // touched in the other thread only, until it is done
    std::vector<int> expected;
    const int count = rounds(5000, 1000); // more than one drain takes
    QFuture<void> last;
    for (int i = 0; i < count; ++i) {
        last = callOn(other.object(), [&log, i] { log.push_back(i); });
        expected.push_back(i);
    }
    QVERIFY(finishes(last));
    QCOMPARE(log, expected);
}

void TestCallOn::keepsOrderBeforeTheThreadHasStarted()
{
    QThread thread;
    QObject target;
    target.moveToThread(&thread);
    std::vector<int> log;
    std::vector<QFuture<void>> all;
    for (int i = 0; i < 10; ++i)
        all.push_back(callOn(&target, [&log, i] { log.push_back(i); }));
    const QFuture<QThread *> home = callOn(&target, hereAfterPool, &thread);
    QThread::msleep(5);
    QVERIFY(!all.front().isFinished());
    thread.start();
    QVERIFY(finishes(all.back()));
    QVERIFY(finishes(home));
    QCOMPARE(log, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    QCOMPARE(home.result(), &thread);
    thread.quit();
    QVERIFY(thread.wait(10000));
}

void TestCallOn::errorsArriveUnchanged()
{
    LoopThread other;
    Account account;
    account.moveToThread(other.thread());
    const QFuture<void> future = callOn(&account, &Account::fail);
    QVERIFY(finishes(future));
    QCOMPARE(thrownBy([&] { callOnSync(&account, &Account::fail); }), QByteArray("int 13"));
    QCOMPARE(thrownBy([&] { auto f = future; f.waitForFinished(); }), QByteArray("int 13"));
    QCOMPARE(callOnSync(&account, &Account::deposit, 1), 1);
    other.end();
}

void TestCallOn::nullTargetIsAnError()
{
    const QFuture<QThread *> future = callOn(static_cast<QObject *>(nullptr), here);
    QVERIFY(future.isFinished());
    QCOMPARE(thrownBy([&] { static_cast<void>(future.result()); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([] { callOnSync(static_cast<Account *>(nullptr), &Account::deposit, 1); }),
             QByteArray("CallError"));
}

void TestCallOn::nullFunctionIsAnError()
{
    LoopThread other;
    int (*none)() = nullptr;
    QCOMPARE(thrownBy([&] { callOnSync(other.object(), none); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([&] { callOnSync(other.object(), std::function<int()>()); }),
             QByteArray("CallError"));
}

void TestCallOn::targetDestroyedBeforeItsTurn()
{
    LoopThread other;
    Plug plug(other.object());
    auto *const target = new QObject; // deleted in its thread, ahead of the call
    target->moveToThread(other.thread());
    target->deleteLater();
    std::atomic<bool> ran{false};
    const QFuture<void> plain = callOn(target, [&ran] { ran = true; });
    const QFuture<QThread *> async = callOn(target, hereAfterPool, other.thread());
    plug.open();
    QVERIFY(finishes(plain));
    QVERIFY(finishes(async));
    QCOMPARE(thrownBy([&] { auto f = plain; f.waitForFinished(); }), QByteArray("SenderDestroyed"));
    QCOMPARE(thrownBy([&] { static_cast<void>(async.result()); }), QByteArray("SenderDestroyed"));
    QVERIFY(!ran);
}

// The target guards the start; what runs already is the caller's to stop.
void TestCallOn::targetDestroyedWhileItsTaskRuns()
{
    LoopThread other;
    auto *const target = new QObject; // deleted in its thread, below
    target->moveToThread(other.thread());
    std::atomic<bool> started{false};
    const auto task = [&started]() -> Task<int> {
        started = true;
        co_await sleepFor(10ms);
        co_return 8;
    };
    const QFuture<int> future = callOn(target, task);
    QVERIFY(eventually([&] { return started.load(); }));
    target->deleteLater();
    QVERIFY(finishes(future));
    const QByteArray thrown = thrownBy([&] { static_cast<void>(future.result()); });
    QVERIFY2(thrown == "nothing" || thrown == "SenderDestroyed", thrown.constData());
}

void TestCallOn::threadThatHasEnded()
{
    LoopThread other;
    other.end();
    const QFuture<QThread *> future = callOn(other.object(), here);
    QVERIFY(finishes(future, 5s));
    QCOMPARE(thrownBy([&] { static_cast<void>(future.result()); }), QByteArray("LoopStopped"));
    QCOMPARE(thrownBy([&] { callOnSync(other.object(), here); }), QByteArray("LoopStopped"));
    QCOMPARE(thrownBy([&] { callOnSync(other.object(), hereAfterPool, other.thread()); }),
             QByteArray("LoopStopped"));
}

void TestCallOn::threadEndsWhileQueued()
{
    for (int round = 0; round < rounds(20, 5); ++round) {
        LoopThread other;
        Plug plug(other.object());
        std::atomic<bool> ran{false};
        // a quit() that is posted first ends the loop before the queued calls have their turn
        QMetaObject::invokeMethod(other.object(), [] { QThread::currentThread()->quit(); },
                                  Qt::QueuedConnection);
        const QFuture<void> plain = callOn(other.object(), [&ran] { ran = true; });
        const QFuture<void> async = callOn(other.object(), [] { return sleepFor(1h); });
        plug.open();
        QVERIFY(finishes(plain, 5s));
        QVERIFY(finishes(async, 5s));
        const QByteArray thrown = thrownBy([&] { auto f = plain; f.waitForFinished(); });
        QCOMPARE(thrown, ran ? QByteArray("nothing") : QByteArray("LoopStopped"));
        QCOMPARE(thrownBy([&] { auto f = async; f.waitForFinished(); }), QByteArray("LoopStopped"));
    }
}

void TestCallOn::threadEndsWhileItsTaskSleeps()
{
    LoopThread other;
    Counter counter;
    std::atomic<bool> started{false};
    const auto task = [&]() -> Task<int> {
        const Local local(counter);
        started = true;
        co_await sleepFor(1h);
        co_return 1;
    };
    const QFuture<int> future = callOn(other.object(), task);
    QVERIFY(eventually([&] { return started.load(); }));
    other.end();
    QVERIFY(finishes(future, 5s));
    QCOMPARE(thrownBy([&] { static_cast<void>(future.result()); }), QByteArray("LoopStopped"));
    QCOMPARE(counter.made.load(), 1);
    QCOMPARE(counter.gone.load(), 1);
}

void TestCallOn::threadThatNeverStarts()
{
    QFuture<QThread *> future;
    QByteArray thrown;
    {
        QThread thread;
        QObject target;
        target.moveToThread(&thread);
        future = callOn(&target, here);
        thrown = thrownBy([&] { callOnSync({.timeout = 20ms}, &target, here); });
    }
    QCOMPARE(thrown, QByteArray("CallTimeout"));
    QVERIFY(finishes(future, 5s)); // the thread is gone for good
    QCOMPARE(thrownBy([&] { static_cast<void>(future.result()); }), QByteArray("LoopStopped"));
}

void TestCallOn::timeoutOfQueuedCallNeverRuns()
{
    LoopThread other;
    Plug plug(other.object());
    std::atomic<bool> ran{false};
    const auto job = [&ran] { ran = true; };
    QCOMPARE(thrownBy([&] { callOnSync({.timeout = 20ms}, other.object(), job); }),
             QByteArray("CallTimeout"));
    const QFuture<void> future = callOn({.timeout = 20ms}, other.object(), job);
    QVERIFY(finishes(future, 5s));
    plug.open();
    QCOMPARE(callOnSync(other.object(), here), other.thread());
    QVERIFY(!ran);
}

void TestCallOn::cancelledQueuedCallNeverRuns()
{
    LoopThread other;
    Plug plug(other.object());
    std::atomic<bool> ran{false};
    QFuture<void> future = callOn(other.object(), [&ran] { ran = true; });
    future.cancel();
    plug.open();
    QCOMPARE(callOnSync(other.object(), here), other.thread());
    QVERIFY(finishes(future, 5s));
    QVERIFY(!ran);
}

void TestCallOn::manyThreadsOneTarget()
{
    LoopThread other;
    Account account;
    account.moveToThread(other.thread());
    const int calls = rounds(2000, 200);
    {
        std::vector<JoinedThread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&account, calls] {
                for (int i = 0; i < calls; ++i)
                    callOnSync(&account, &Account::deposit, 1);
            });
        }
    }
    QCOMPARE(callOnSync(&account, &Account::balance), 4 * calls);
    other.end();
}

void TestCallOn::awaitedFromATask()
{
    LoopThread other;
    Account account;
    account.moveToThread(other.thread());
    const auto task = [&]() -> Task<int> {
        const QThread *const home = QThread::currentThread();
        int sum = co_await callOn(&account, &Account::deposit, 2);
        sum += co_await callOn(&account, &Account::depositLater, 3);
        co_return QThread::currentThread() == home ? sum : -1;
    };
    QCOMPARE(run(task()), 7);
    QCOMPARE(callSync(task), 17); // deposits give the balance: 7 + 10
    other.end();
}

QTEST_GUILESS_MAIN(TestCallOn)
#include "tst_callon.moc"
