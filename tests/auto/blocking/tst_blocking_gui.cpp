// G5: a GUI thread that is kept waiting is told of, once a call site; WaitMode::ProcessEvents.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> slowTask(std::chrono::milliseconds duration)
{
    co_await sleepFor(duration);
    co_return 1;
}

int slowPlain(std::chrono::milliseconds duration)
{
    QThread::msleep(static_cast<unsigned long>(duration.count()));
    return 1;
}

/// A 5 ms timer: how often it ticked and the longest gap.
class Ticker : public QObject
{
public:
    Ticker()
    {
        m_timer.setTimerType(Qt::PreciseTimer);
        connect(&m_timer, &QTimer::timeout, this, [this] { ++ticks; });
        m_timer.start(5);
    }
    int ticks = 0;

private:
    QTimer m_timer;
};

} // namespace

class TestBlockingGui : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void g5_warnsOnceACallSite();
    void g5_warnsOfOffloadedPlainFunction();
    void g5_warnsWhileStillBlocked();
    void g5_shortCallsAreNotWorthAWarning();
    void g5_zeroTurnsTheWarningOff();
    void g5_otherThreadsMayWait();
    void g5_handlerReplacesLogging();
    void g5_throwingHandlerHurtsNobody();
    void g5_processEventsKeepsTimersGoing();
    void g5_processEventsDoesNotWarn();
    void g5_blockStopsTimers();
    void g5_processEventsNests();
    void g5_processEventsEndsWithTheApplication();
    void g5_processEventsEndsQueuedPlainFunctionWithTheApplication();
};

void TestBlockingGui::init()
{
    QCOMPARE(guiBlockWarning(), 100ms);
    setGuiBlockWarning(30ms);
}

void TestBlockingGui::cleanup()
{
    setGuiBlockWarning(100ms);
    onGuiBlock({});
}

void TestBlockingGui::g5_warnsOnceACallSite()
{
    const MessageCapture log;
    for (int i = 0; i < 3; ++i)
        callSync({.name = "warnedTask"}, slowTask, 60ms);
    QCOMPARE(log.count(QStringLiteral("warnedTask")), 1);
    callSync({.name = "warnedTask"}, slowTask, 60ms); // another place
    QCOMPARE(log.count(QStringLiteral("warnedTask")), 2);
    QVERIFY(log.all().first().contains(QStringLiteral("tst_blocking_gui.cpp")));
}

void TestBlockingGui::g5_warnsOfOffloadedPlainFunction()
{
    const MessageCapture log;
    callSync({.timeout = 10s}, SYNCHRONAUT_FN(slowPlain), 60ms);
    QCOMPARE(log.count(QStringLiteral("slowPlain")), 1);
    inSlot([] { callSync({.forceOffload = true, .name = "inASlot"}, slowPlain, 60ms); });
    QCOMPARE(log.count(QStringLiteral("inASlot")), 1);
}

// A warning that came only when the wait is over would not help against a hang.
void TestBlockingGui::g5_warnsWhileStillBlocked()
{
    std::atomic<bool> warned{false};
    onGuiBlock([&warned](const CallErrorOrigin &) { warned = true; });
    const auto untilWarned = [&warned] { return eventually([&] { return warned.load(); }, 10s); };
    QVERIFY(callSync({.forceOffload = true}, untilWarned));
}

void TestBlockingGui::g5_shortCallsAreNotWorthAWarning()
{
    setGuiBlockWarning(2s);
    const MessageCapture log;
    for (int i = 0; i < 5; ++i)
        callSync({.name = "shortTask"}, slowTask, 2ms);
    QCOMPARE(log.all(), QStringList());
}

void TestBlockingGui::g5_zeroTurnsTheWarningOff()
{
    const MessageCapture log;
    setGuiBlockWarning(0ms);
    callSync({.name = "silenced"}, slowTask, 60ms);
    setGuiBlockWarning(-1ms);
    callSync({.name = "silenced"}, slowTask, 60ms);
    QCOMPARE(log.all(), QStringList());
}

void TestBlockingGui::g5_otherThreadsMayWait()
{
    const MessageCapture log;
    JoinedThread([] { callSync({.name = "elsewhere"}, slowTask, 80ms); }).join();
    LoopThread other;
    const QFuture<int> future = callOn(other.object(), [] {
        return callSync({.name = "elsewhere"}, slowTask, 80ms);
    });
    QVERIFY(finishes(future));
    QCOMPARE(log.all(), QStringList());
}

void TestBlockingGui::g5_handlerReplacesLogging()
{
    const MessageCapture log;
    std::vector<CallErrorOrigin> origins;
    std::vector<QThread *> threads;
    onGuiBlock([&](const CallErrorOrigin &origin) {
        origins.push_back(origin);
        threads.push_back(QThread::currentThread());
    });
    const CallOptions options{.name = "handled"};
    callSync(options, slowTask, 60ms);
    QCOMPARE(origins.size(), std::size_t(1));
    QCOMPARE(origins.front().functionName, QStringLiteral("handled"));
    QCOMPARE(origins.front().where.line(), options.where.line());
    QCOMPARE(threads.front(), QThread::currentThread());
    QCOMPARE(log.all(), QStringList());

    onGuiBlock({});
    callSync({.name = "loggedAgain"}, slowTask, 60ms);
    QCOMPARE(origins.size(), std::size_t(1));
    QCOMPARE(log.count(QStringLiteral("loggedAgain")), 1);
}

void TestBlockingGui::g5_throwingHandlerHurtsNobody()
{
    const MessageCapture log;
    onGuiBlock([](const CallErrorOrigin &) { throw 1; });
    QCOMPARE(callSync({.name = "throwingHandler"}, slowTask, 60ms), 1);
    QVERIFY(!log.all().isEmpty());
}

void TestBlockingGui::g5_processEventsKeepsTimersGoing()
{
    Ticker ticker;
    int value = 0;
    int taskTicks = 0;
    int plainTicks = 0;
    inSlot([&] {
        value = callSync({.waitMode = WaitMode::ProcessEvents}, slowTask, 200ms);
        taskTicks = ticker.ticks;
        value += callSync({.forceOffload = true, .waitMode = WaitMode::ProcessEvents}, slowPlain,
                          200ms);
        plainTicks = ticker.ticks - taskTicks;
    });
    QCOMPARE(value, 2);
    // 40 on an idle machine
    QVERIFY2(taskTicks >= 10, qPrintable(QString::number(taskTicks)));
    QVERIFY2(plainTicks >= 10, qPrintable(QString::number(plainTicks)));
}

void TestBlockingGui::g5_processEventsDoesNotWarn()
{
    const MessageCapture log;
    inSlot([] {
        callSync({.name = "notBlocking", .waitMode = WaitMode::ProcessEvents}, slowTask, 80ms);
    });
    QCOMPARE(log.all(), QStringList());
}

void TestBlockingGui::g5_blockStopsTimers()
{
    setGuiBlockWarning(0ms);
    Ticker ticker;
    int ticks = -1;
    inSlot([&] {
        const int before = ticker.ticks;
        callSync(slowTask, 60ms);
        ticks = ticker.ticks - before;
    });
    QCOMPARE(ticks, 0);
}

void TestBlockingGui::g5_processEventsNests()
{
    int inner = 0;
    int outer = 0;
    QObject context;
    inSlot([&] {
        QTimer::singleShot(5, &context, [&inner] {
            inner = callSync({.waitMode = WaitMode::ProcessEvents}, slowTask, 30ms);
        });
        outer = callSync({.waitMode = WaitMode::ProcessEvents}, slowTask, 15ms);
    });
    QCOMPARE(outer, 1);
    QCOMPARE(inner, 1);
}

void TestBlockingGui::g5_processEventsEndsWithTheApplication()
{
    QByteArray thrown;
    QObject context;
    QElapsedTimer clock;
    clock.start();
    QTimer::singleShot(0, &context, [&] {
        QTimer::singleShot(30, &context, [] { QCoreApplication::quit(); });
        thrown = thrownBy([] {
            callSync({.waitMode = WaitMode::ProcessEvents}, slowTask, 60000ms);
        });
    });
    QCoreApplication::exec();
    QCOMPARE(thrown, QByteArray("CallCanceled"));
    QVERIFY(clock.elapsed() < 20000);
}

void TestBlockingGui::g5_processEventsEndsQueuedPlainFunctionWithTheApplication()
{
    QByteArray thrown;
    QObject context;
    std::atomic<bool> sawCancellation{false};
    const auto stubborn = [&sawCancellation] {
        sawCancellation = eventually([] { return isCanceled(); });
    };
    QTimer::singleShot(0, &context, [&] {
        QTimer::singleShot(30, &context, [] { QCoreApplication::quit(); });
        thrown = thrownBy([&] {
            callSync({.forceOffload = true, .waitMode = WaitMode::ProcessEvents}, stubborn);
        });
    });
    QCoreApplication::exec();
    QCOMPARE(thrown, QByteArray("CallCanceled"));
    QVERIFY(eventually([&] { return sawCancellation.load(); }));
}

QTEST_GUILESS_MAIN(TestBlockingGui)
#include "tst_blocking_gui.moc"
