// QCoro's tasks in ours and ours in QCoro's, without either library knowing the other.
#include "../support/waiting.h"

#include <QCoroFuture>
#include <QCoroTask>
#include <QCoroTimer>

#include <QtTest/QTest>

#include <memory>
#include <stdexcept>

using namespace std::chrono_literals;
using namespace TestSupport;

namespace {

QCoro::Task<int> qcoroAdd(int a, int b)
{
    co_await QCoro::sleepFor(1ms);
    co_return a + b;
}

QCoro::Task<int> qcoroFails()
{
    co_await QCoro::sleepFor(1ms);
    throw std::runtime_error("from QCoro");
}

QCoro::Task<> qcoroVoid(int *runs)
{
    co_await QCoro::sleepFor(1ms);
    ++*runs;
}

Synchronaut::Task<int> ourAdd(int a, int b)
{
    co_await Synchronaut::sleepFor(1ms);
    co_return a + b;
}

Synchronaut::Task<std::unique_ptr<int>> ourFailure()
{
    co_await Synchronaut::yieldNow();
    throw std::runtime_error("from Synchronaut");
}

} // namespace

class TestCallsQCoro : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void qcoroInOurTask();
    void qcoroByTheVerbs();
    void qcoroErrorArrives();
    void ourTaskInQCoro();
    void ourTaskAlreadyDoneInQCoro();
    void ourErrorArrivesInQCoro();
    void thereAndBackAgain();
};

void TestCallsQCoro::qcoroInOurTask()
{
    const QThread *resumedOn = nullptr;
    int runs = 0;
    const auto body = [&]() -> Synchronaut::Task<int> {
        const int sum = co_await qcoroAdd(2, 3);
        co_await qcoroVoid(&runs);
        resumedOn = QThread::currentThread();
        co_return sum;
    };
    QCOMPARE(Synchronaut::run(body()), 5);
    QCOMPARE(runs, 1);
    QCOMPARE(resumedOn, QThread::currentThread());
}

void TestCallsQCoro::qcoroByTheVerbs()
{
    static_assert(std::is_same_v<decltype(Synchronaut::callSync(qcoroAdd, 1, 2)), int>);
    QCOMPARE(Synchronaut::callSync(qcoroAdd, 2, 3), 5); // on the background loop
    const QFuture<int> future = Synchronaut::callAny(qcoroAdd, 3, 4);
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 7);
    QCOMPARE(Synchronaut::run(Synchronaut::callAsync(qcoroAdd, 4, 5)), 9);
}

void TestCallsQCoro::qcoroErrorArrives()
{
    const auto body = []() -> Synchronaut::Task<int> { co_return co_await qcoroFails(); };
    QCOMPARE(thrownBy([&] { return Synchronaut::run(body()); }), "std::exception: from QCoro");
    QCOMPARE(thrownBy([] { return Synchronaut::callSync(qcoroFails); }), "std::exception: from QCoro");
}

void TestCallsQCoro::ourTaskInQCoro()
{
    const QThread *resumedOn = nullptr;
    const auto body = [&]() -> QCoro::Task<int> {
        const int sum = co_await ourAdd(2, 3);
        co_await Synchronaut::sleepFor(1ms);
        resumedOn = QThread::currentThread();
        co_return sum;
    };
    QCOMPARE(QCoro::waitFor(body()), 5);
    QCOMPARE(resumedOn, QThread::currentThread());
}

void TestCallsQCoro::ourTaskAlreadyDoneInQCoro()
{
    const auto immediate = [](int n) -> Synchronaut::Task<int> { co_return n; };
    const auto body = [&]() -> QCoro::Task<int> {
        int sum = 0;
        for (int i = 0; i < 100; ++i)
            sum += co_await immediate(i);
        co_return sum;
    };
    QCOMPARE(QCoro::waitFor(body()), 4950);
}

void TestCallsQCoro::ourErrorArrivesInQCoro()
{
    // not by QCoro::waitFor(), which in 0.8 waits for ever for a task that fails
    const auto body = []() -> QCoro::Task<> { co_await ourFailure(); };
    const auto outer = [&]() -> Synchronaut::Task<> { co_await body(); };
    QCOMPARE(thrownBy([&] { Synchronaut::run(outer()); }), "std::exception: from Synchronaut");
}

void TestCallsQCoro::thereAndBackAgain()
{
    const auto inner = []() -> QCoro::Task<int> { co_return co_await ourAdd(20, 1); };
    const auto outer = [&]() -> Synchronaut::Task<int> { co_return 2 * co_await inner(); };
    QCOMPARE(Synchronaut::run(outer()), 42);
}

QTEST_GUILESS_MAIN(TestCallsQCoro)
#include "tst_calls_qcoro.moc"
