// run(), spawn(), yieldNow() and sleeping: what turns the loop, and in which order things go on.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> later(int value, std::chrono::milliseconds delay)
{
    co_await sleepFor(delay);
    co_return value;
}

Task<void> note(std::vector<int> *log, int value, std::chrono::milliseconds delay)
{
    co_await sleepFor(delay);
    log->push_back(value);
}

Task<void> noteTurns(std::vector<int> *log, int who, int turns)
{
    for (int i = 0; i < turns; ++i) {
        log->push_back(who);
        co_await yieldNow();
    }
}

} // namespace

class TestTasksRun : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void runGivesTheValue();
    void runThrowsWhatTheTaskThrows();
    void runTurnsTheLoop();
    void runNestsUnderARunningLoop();
    void runNestsInsideRun();
    void runOnAWorkerQThread();
    void runOnAPlainThread();
    void runIsCancelledByQuit();
    void runIsCancelledByQuitUnderExec();
    void runAwaitsCleanupAfterQuit();
    void runWorksAgainAfterQuit();
    void yieldNowTakesTurns();
    void yieldNowLetsEventsThrough();
    void sleepsEndInOrder();
    void equalSleepsKeepOrder();
    void sleepIsNeverTooShort();
    void zeroAndNegativeSleepsYield();
    void sleepUntilAnyClock();
    void endlessSleepEndsByCancellation();
    void thousandsOfSleepsAtOnce();
};

void TestTasksRun::runGivesTheValue()
{
    QCOMPARE(run(later(4, 1ms)), 4);
    std::vector<int> log;
    run(note(&log, 1, 0ms));
    QCOMPARE(log, std::vector<int>{1});
}

void TestTasksRun::runThrowsWhatTheTaskThrows()
{
    const auto failing = [](bool suspend) -> Task<int> {
        if (suspend)
            co_await sleepFor(1ms);
        throw 9;
    };
    QCOMPARE(thrownBy([&] { run(failing(false)); }), QByteArray("int 9"));
    QCOMPARE(thrownBy([&] { run(failing(true)); }), QByteArray("int 9"));
}

void TestTasksRun::runTurnsTheLoop()
{
    int ticks = 0;
    QTimer timer;
    connect(&timer, &QTimer::timeout, this, [&ticks] { ++ticks; });
    timer.start(2);
    run(later(1, 60ms));
    QVERIFY2(ticks >= 5, qPrintable(QString::number(ticks)));
}

void TestTasksRun::runNestsUnderARunningLoop()
{
    int value = 0;
    bool outerGoesOn = false;
    QObject context;
    inSlot([&] { value = run(later(5, 5ms)); });
    QCOMPARE(value, 5);
    QTimer::singleShot(0, &context, [&] {
        value = run(later(6, 5ms));
        QTimer::singleShot(1, &context, [&] {
            outerGoesOn = true;
            QCoreApplication::quit();
        });
    });
    QCoreApplication::exec();
    QCOMPARE(value, 6);
    QVERIFY(outerGoesOn);
}

void TestTasksRun::runNestsInsideRun()
{
    const auto outer = []() -> Task<int> {
        co_await yieldNow();
        const int inner = run(later(3, 5ms));
        co_await yieldNow();
        co_return inner + 1;
    };
    QCOMPARE(run(outer()), 4);
}

void TestTasksRun::runOnAWorkerQThread()
{
    class Worker : public QThread
    {
    public:
        int value = 0;

    protected:
        void run() override { value = Synchronaut::run(later(8, 2ms)); }
    };
    Worker worker;
    worker.start();
    QVERIFY(worker.wait(20000));
    QCOMPARE(worker.value, 8);
}

void TestTasksRun::runOnAPlainThread()
{
    int value = 0;
    JoinedThread([&value] { value = run(later(8, 2ms)); }).join();
    QCOMPARE(value, 8);
}

void TestTasksRun::runIsCancelledByQuit()
{
    Counter counter;
    const auto task = [&counter]() -> Task<int> {
        const Local local(counter);
        co_await sleepFor(1h);
        co_return 1;
    };
    QObject context;
    QTimer::singleShot(10, &context, [] { QCoreApplication::quit(); });
    QCOMPARE(thrownBy([&] { run(task()); }), QByteArray("CallCanceled"));
    QCOMPARE(counter.gone.load(), 1);
}

void TestTasksRun::runIsCancelledByQuitUnderExec()
{
    QObject context;
    QByteArray thrown;
    QTimer::singleShot(0, &context, [&] {
        QTimer::singleShot(10, &context, [] { QCoreApplication::quit(); });
        thrown = thrownBy([] { run(later(1, 3600s)); });
    });
    QCoreApplication::exec();
    QCOMPARE(thrown, QByteArray("CallCanceled"));
}

void TestTasksRun::runAwaitsCleanupAfterQuit()
{
    bool cleaned = false;
    const auto task = [&cleaned]() -> Task<int> {
        bool canceled = false;
        try {
            co_await sleepFor(1h);
        } catch (const CallCanceled &) {
            canceled = true;
        }
        const CancellationShield shield;
        co_await sleepFor(20ms);
        co_await callAsync([] { QThread::msleep(5); });
        cleaned = canceled;
        co_return 2;
    };
    QObject context;
    QTimer::singleShot(10, &context, [] { QCoreApplication::quit(); });
    const QByteArray thrown = thrownBy([&] { run(task()); });
    QVERIFY(cleaned);
    // it caught the cancellation and returned: its value is as good as the error
    QVERIFY2(thrown == "nothing" || thrown == "CallCanceled", thrown.constData());
}

void TestTasksRun::runWorksAgainAfterQuit()
{
    for (int i = 0; i < 3; ++i) {
        runIsCancelledByQuit();
        QCOMPARE(run(later(i, 1ms)), i);
    }
}

void TestTasksRun::yieldNowTakesTurns()
{
    std::vector<int> log;
    const QFuture<void> first = spawn(noteTurns(&log, 1, 50));
    const QFuture<void> second = spawn(noteTurns(&log, 2, 50));
    QVERIFY(QTest::qWaitFor([&] { return first.isFinished() && second.isFinished(); }, 10000));
    QCOMPARE(log.size(), std::size_t(100));
    for (std::size_t i = 0; i < log.size(); ++i)
        QCOMPARE(log[i], i % 2 ? 2 : 1);
}

// A flood of ready coroutines must not starve painting and timers.
void TestTasksRun::yieldNowLetsEventsThrough()
{
    int ticks = 0;
    QTimer timer;
    connect(&timer, &QTimer::timeout, this, [&ticks] { ++ticks; });
    timer.start(5);
    const auto spinning = [](std::chrono::milliseconds duration) -> Task<int> {
        const QDeadlineTimer end(duration);
        int turns = 0;
        while (!end.hasExpired()) {
            ++turns;
            co_await yieldNow();
        }
        co_return turns;
    };
    const int turns = run(spinning(200ms));
    QVERIFY2(turns > 100, qPrintable(QString::number(turns)));
    QVERIFY2(ticks >= 10, qPrintable(QString::number(ticks)));
}

void TestTasksRun::sleepsEndInOrder()
{
    std::vector<int> log;
    std::vector<QFuture<void>> all;
    for (const int ms : {50, 10, 30, 20, 40})
        all.push_back(spawn(note(&log, ms, std::chrono::milliseconds(ms))));
    QVERIFY(QTest::qWaitFor([&] { return log.size() == 5; }, 10000));
    QCOMPARE(log, (std::vector<int>{10, 20, 30, 40, 50}));
}

void TestTasksRun::equalSleepsKeepOrder()
{
    std::vector<int> log;
    std::vector<QFuture<void>> all;
    std::vector<int> expected;
    for (int i = 0; i < 20; ++i) {
        all.push_back(spawn(note(&log, i, 20ms)));
        expected.push_back(i);
    }
    QVERIFY(QTest::qWaitFor([&] { return log.size() == expected.size(); }, 10000));
    QCOMPARE(log, expected);
}

void TestTasksRun::sleepIsNeverTooShort()
{
    for (const int us : {1, 500, 1000, 1500, 5000, 20000}) {
        const auto start = std::chrono::steady_clock::now();
        const auto task = [](int duration) -> Task<void> {
            co_await sleepFor(std::chrono::microseconds(duration));
        };
        run(task(us));
        QVERIFY(std::chrono::steady_clock::now() - start >= std::chrono::microseconds(us));
    }
}

void TestTasksRun::zeroAndNegativeSleepsYield()
{
    std::vector<int> log;
    const auto task = [&log]() -> Task<void> {
        co_await sleepFor(0ms);
        log.push_back(1);
        co_await sleepFor(-5s);
        log.push_back(2);
        co_await sleepUntil(QDeadlineTimer(0));
        log.push_back(3);
    };
    const QFuture<void> future = spawn(task());
    QVERIFY(log.empty());
    QVERIFY(QTest::qWaitFor([&] { return future.isFinished(); }, 5000));
    QCOMPARE(log, (std::vector<int>{1, 2, 3}));
}

// QCoro's sleepUntil(system_clock) never woke.
void TestTasksRun::sleepUntilAnyClock()
{
    const auto task = []() -> Task<bool> {
        const auto start = std::chrono::steady_clock::now();
        co_await sleepUntil(std::chrono::system_clock::now() + 10ms);
        co_await sleepUntil(std::chrono::steady_clock::now() + 10ms);
        co_await sleepUntil(QDeadlineTimer(10ms));
        co_await sleepUntil(std::chrono::system_clock::now() - 1h);
        co_return std::chrono::steady_clock::now() - start >= 29ms; // the system clock may be set
    };
    QVERIFY(run(task()));
}

void TestTasksRun::endlessSleepEndsByCancellation()
{
    const auto task = []() -> Task<void> {
        co_await sleepUntil(QDeadlineTimer(QDeadlineTimer::Forever));
    };
    QFuture<void> future = spawn(task());
    QTest::qWait(5);
    QVERIFY(!future.isFinished());
    future.cancel();
    QVERIFY(QTest::qWaitFor([&] { return future.isFinished(); }, 5000));
    const auto longest = []() -> Task<void> { co_await sleepFor(std::chrono::hours::max() / 4000); };
    QFuture<void> other = spawn(longest());
    QTest::qWait(5);
    QVERIFY(!other.isFinished());
    other.cancel();
    QVERIFY(QTest::qWaitFor([&] { return other.isFinished(); }, 5000));
}

void TestTasksRun::thousandsOfSleepsAtOnce()
{
    const int count = rounds(20000, 2000);
    std::atomic<int> done{0};
    const auto task = [&done](int i) -> Task<void> {
        co_await sleepFor(std::chrono::microseconds(i % 20000));
        ++done;
    };
    const auto all = [&]() -> Task<void> {
        for (int i = 0; i < count; ++i)
            static_cast<void>(spawn(task(i)));
        while (done < count)
            co_await sleepFor(1ms);
    };
    QElapsedTimer clock;
    clock.start();
    run(all());
    QCOMPARE(done.load(), count);
    QVERIFY2(clock.elapsed() < 20000, qPrintable(QString::number(clock.elapsed())));
}

QTEST_GUILESS_MAIN(TestTasksRun)
#include "tst_tasks_run.moc"
