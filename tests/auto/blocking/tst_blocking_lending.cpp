// G3: while a thread waits in callSync(), callOn() made on behalf of what it waits for runs on it;
// everything else stays queued, in order.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

bool onThreadOf(const QObject *object)
{
    return QThread::currentThread() == object->thread();
}

Task<bool> sleepingCheck(QObject *object)
{
    const bool before = onThreadOf(object);
    co_await sleepFor(3ms);
    co_return before && onThreadOf(object);
}

Task<int> askFromTask(QObject *gui, int times)
{
    int right = 0;
    const auto check = [gui] { return onThreadOf(gui) ? 1 : 0; };
    for (int i = 0; i < times; ++i) {
        QFuture<int> answer = callOn(gui, check);
        right += co_await answer;
    }
    co_return right;
}

Task<int> askSleepingFromTask(QObject *gui, int times)
{
    int right = 0;
    for (int i = 0; i < times; ++i) {
        const bool answer = co_await callOn(gui, sleepingCheck, gui);
        right += answer ? 1 : 0;
    }
    co_return right;
}

} // namespace

class TestBlockingLending : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g3_poolFunctionCallsBack_data();
    void g3_poolFunctionCallsBack();
    void g3_taskCallsBack_data();
    void g3_taskCallsBack();
    void g3_plainThreadsLendToo();
    void g3_callsBackThroughSeveralThreads();
    void g3_calledBackCodeMayBlockAgain();
    void g3_errorOfCalledBackCodeArrives();
    void g3_otherChainsWaitAndKeepOrder();
    void g3_postedEventsAreNotRunWhileBlocked();
};

void TestBlockingLending::g3_poolFunctionCallsBack_data()
{
    QTest::addColumn<bool>("underLoop");
    QTest::newRow("before exec") << false;
    QTest::newRow("slot") << true;
}

void TestBlockingLending::g3_poolFunctionCallsBack()
{
    QFETCH(const bool, underLoop);
    QObject gui;
    int right = 0;
    const auto worker = [&gui] {
        int sum = 0;
        const auto check = [&gui] { return onThreadOf(&gui) ? 1 : 0; };
        for (int i = 0; i < 5; ++i) {
            sum += onThreadOf(&gui) ? 100 : 0; // the worker itself has to be elsewhere
            sum += callOnSync(&gui, check);
            sum += callOn(&gui, check).result();
            sum += callOnSync(&gui, sleepingCheck, &gui) ? 1 : 0;
        }
        return sum;
    };
    const auto ask = [&] { right = callSync({.forceOffload = true}, worker); };
    if (underLoop)
        inSlot(ask);
    else
        ask();
    QCOMPARE(right, 15);
}

void TestBlockingLending::g3_taskCallsBack_data()
{
    g3_poolFunctionCallsBack_data();
}

void TestBlockingLending::g3_taskCallsBack()
{
    QFETCH(const bool, underLoop);
    QObject gui;
    int right = 0;
    const auto ask = [&] {
        right = callSync(askFromTask, &gui, 5);
        right += 10 * callSync(askSleepingFromTask, &gui, 5);
    };
    if (underLoop)
        inSlot(ask);
    else
        ask();
    QCOMPARE(right, 55);
}

// Not only the GUI thread: any thread with a mailbox that waits.
void TestBlockingLending::g3_plainThreadsLendToo()
{
    int right = 0;
    JoinedThread([&right] {
        QObject here;
        right = callSync(askFromTask, &here, 5) + callSync(askSleepingFromTask, &here, 5);
    }).join();
    QCOMPARE(right, 10);

    LoopThread other;
    const QFuture<int> future = callOn(other.object(), [&other] {
        return callSync(askSleepingFromTask, other.object(), 5);
    });
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 5);
}

void TestBlockingLending::g3_callsBackThroughSeveralThreads()
{
    QObject gui;
    LoopThread first;
    LoopThread second;
    const auto check = [&gui] { return onThreadOf(&gui); };
    const auto inSecond = [&] { return callOnSync(&gui, check); };
    const auto inFirst = [&] { return callOnSync(second.object(), inSecond); };
    QVERIFY(callOnSync(first.object(), inFirst));
    const auto onPool = [&] { return callOnSync(first.object(), inFirst); };
    QVERIFY(callSync({.forceOffload = true}, onPool));
}

void TestBlockingLending::g3_calledBackCodeMayBlockAgain()
{
    QObject gui;
    std::function<int(int)> descend = [&](int left) -> int {
        if (left == 0)
            return onThreadOf(&gui) ? 0 : 1000;
        const auto worker = [&gui, &descend, left] {
            return onThreadOf(&gui) ? 1000 : 1 + callOnSync(&gui, std::ref(descend), left - 1);
        };
        return callSync({.forceOffload = true}, worker);
    };
    QCOMPARE(descend(10), 10);
}

void TestBlockingLending::g3_errorOfCalledBackCodeArrives()
{
    QObject gui;
    const auto worker = [&gui] { callOnSync(&gui, [] { throw 42; }); };
    QCOMPARE(thrownBy([&] { callSync({.forceOffload = true}, worker); }), QByteArray("int 42"));
    QCOMPARE(callSync(askFromTask, &gui, 1), 1);
}

void TestBlockingLending::g3_otherChainsWaitAndKeepOrder()
{
    QObject gui;
    std::vector<int> log; // touched on the GUI thread only
    std::vector<QFuture<void>> foreign;
    std::atomic<bool> posted{false};
    std::atomic<bool> start{false};
    JoinedThread stranger([&] {
        eventually([&] { return start.load(); });
        for (int i = 0; i < 20; ++i)
            foreign.push_back(callOn(&gui, [&log, i] { log.push_back(i); }));
        posted = true;
    });
    const auto worker = [&] {
        start = true;
        eventually([&] { return posted.load(); }); // they are all in the mailbox before ours
        for (int i = 0; i < 3; ++i)
            callOnSync(&gui, [&log, i] { log.push_back(100 + i); });
    };
    callSync({.forceOffload = true}, worker);
    QCOMPARE(log, (std::vector<int>{100, 101, 102}));
    stranger.join();
    QVERIFY(QTest::qWaitFor([&] { return foreign.back().isFinished(); }, 10000));
    std::vector<int> expected{100, 101, 102};
    for (int i = 0; i < 20; ++i)
        expected.push_back(i);
    QCOMPARE(log, expected);
}

// Block means block: slots and timers of the waiting thread must not run behind the caller's back.
void TestBlockingLending::g3_postedEventsAreNotRunWhileBlocked()
{
    QObject gui;
    bool eventRan = false;
    bool ranWhileBlocked = true;
    int answers = 0;
    inSlot([&] {
        QTimer::singleShot(0, &gui, [&eventRan] { eventRan = true; });
        QMetaObject::invokeMethod(&gui, [&eventRan] { eventRan = true; }, Qt::QueuedConnection);
        answers = callSync(askSleepingFromTask, &gui, 3);
        ranWhileBlocked = eventRan;
    });
    QCOMPARE(answers, 3);
    QVERIFY(!ranWhileBlocked);
    QVERIFY(QTest::qWaitFor([&] { return eventRan; }, 5000));
}

QTEST_GUILESS_MAIN(TestBlockingLending)
#include "tst_blocking_lending.moc"
