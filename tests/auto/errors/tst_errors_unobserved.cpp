// G16: an error that nobody can see any more is reported, with its call site; any other is not.
#include "../support/qtlimits.h"
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <QtCore/QFutureWatcher>

#include <stdexcept>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

/// The calls fail when this is set: after their futures were dropped, which is what G16 is about.
std::atomic<bool> s_open{false};

int plainFails()
{
    eventually([] { return s_open.load(); });
    throw std::runtime_error("lost error");
}

Task<int> asyncFails()
{
    while (!s_open)
        co_await sleepFor(1ms);
    throw std::runtime_error("lost error");
}

/// Keeps what onUnobservedError() gets, and gives logging back.
class Unobserved
{
public:
    Unobserved()
    {
        onUnobservedError([this](const UnobservedError &error) {
            const QMutexLocker lock(&m_mutex);
            m_errors += error;
        });
    }
    ~Unobserved() { onUnobservedError({}); }
    Unobserved(const Unobserved &) = delete;
    Unobserved &operator=(const Unobserved &) = delete;

    qsizetype count() const
    {
        const QMutexLocker lock(&m_mutex);
        return m_errors.size();
    }
    UnobservedError first() const
    {
        const QMutexLocker lock(&m_mutex);
        return m_errors.value(0);
    }

private:
    mutable QMutex m_mutex;
    QList<UnobservedError> m_errors;
};

const QString s_logged = QStringLiteral("Unobserved error");

/// All that was under way has ended and was reported.
void settle()
{
    QVERIFY(blockingPool().waitForDone(10000));
    callSync([]() -> Task<> { co_await yieldNow(); });
    QTest::qWait(5);
}

} // namespace

class TestErrorsUnobserved : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { s_open = false; }
    void g16_loggedWithCallSite();
    void g16_siteUnknownWithoutOptions();
    void g16_everyDroppedFuture();
    void g16_handlerGetsErrorAndOrigin();
    void g16_handlerThatThrows();
    void g16_notWhenHeld();
    void g16_notWhenContinuedOrWatched();
    void g16_notWhenAwaited();
    void g16_notForCancellation();
    void g16_timeoutsToo();
};

void TestErrorsUnobserved::g16_loggedWithCallSite()
{
    const MessageCapture log;
    const auto line = std::source_location::current().line() + 1;
    callAny({.forceOffload = true, .name = "lostCall"}, plainFails);
    s_open = true;
    QVERIFY(eventually([&] { return log.count(s_logged) == 1; }));
    const QString text = log.all().filter(s_logged).constFirst();
    QVERIFY2(text.contains(QStringLiteral("lostCall")), qPrintable(text));
    QVERIFY2(text.contains(QStringLiteral("lost error")), qPrintable(text));
    QVERIFY2(text.contains(QStringLiteral("tst_errors_unobserved.cpp:%1").arg(line)), qPrintable(text));
}

void TestErrorsUnobserved::g16_siteUnknownWithoutOptions()
{
    const MessageCapture log;
    callAny(asyncFails);
    s_open = true;
    QVERIFY(eventually([&] { return log.count(s_logged) == 1; }));
    s_open = false;
    const auto line = std::source_location::current().line() + 1;
    callAny(SYNCHRONAUT_FN(asyncFails));
    s_open = true;
    QVERIFY(eventually([&] { return log.count(s_logged) == 2; }));
    QCOMPARE(log.count(QStringLiteral("asyncFails")), 1);
    QCOMPARE(log.count(QStringLiteral("tst_errors_unobserved.cpp:%1").arg(line)), 1);
}

void TestErrorsUnobserved::g16_everyDroppedFuture()
{
    LoopThread other;
    const Unobserved seen;
    callAny({.forceOffload = true}, plainFails);
    callAny(asyncFails);
    callOn(other.object(), plainFails);
    spawnThread(plainFails);
    inSlot([] { callAny(plainFails); });
    spawn(asyncFails());
    s_open = true;
    QTRY_COMPARE_WITH_TIMEOUT(seen.count(), qsizetype(6), 10000);
    settle();
    QCOMPARE(seen.count(), qsizetype(6)); // each once
}

void TestErrorsUnobserved::g16_handlerGetsErrorAndOrigin()
{
    const MessageCapture log;
    {
        const Unobserved seen;
        callAny({.name = "named"}, asyncFails);
        s_open = true;
        QVERIFY(eventually([&] { return seen.count() == 1; }));
        const UnobservedError error = seen.first();
        QCOMPARE(error.origin.functionName, QStringLiteral("named"));
        QVERIFY(error.origin.where.line() > 0);
        QCOMPARE(thrownBy([&] { std::rethrow_exception(error.error); }), "std::exception: lost error");
        QCOMPARE(log.count(s_logged), 0); // instead of logging
    }
    s_open = false;
    callAny({.name = "named"}, asyncFails);
    s_open = true;
    QVERIFY(eventually([&] { return log.count(s_logged) == 1; }));
}

void TestErrorsUnobserved::g16_handlerThatThrows()
{
    const MessageCapture log;
    onUnobservedError([](const UnobservedError &) { throw 1; });
    callAny({.forceOffload = true}, plainFails);
    callAny(asyncFails);
    s_open = true;
    QVERIFY(eventually([&] { return log.count(QStringLiteral("onUnobservedError")) == 2; }));
    onUnobservedError({});
    QCOMPARE(callSync({.forceOffload = true}, [] { return 1; }), 1);
}

void TestErrorsUnobserved::g16_notWhenHeld()
{
    const Unobserved seen;
    const QFuture<int> pooled = callAny({.forceOffload = true}, plainFails);
    const QFuture<int> async = callAny(asyncFails);
    const QFuture<int> copy = async;
    s_open = true;
    QVERIFY(finishes(pooled) && finishes(async));
    settle();
    QCOMPARE(seen.count(), qsizetype(0));
}

void TestErrorsUnobserved::g16_notWhenContinuedOrWatched()
{
    const Unobserved seen;
    std::atomic<int> handled{0};
    callAny({.forceOffload = true}, plainFails).onFailed([&handled](const std::exception &) { return ++handled; });
    QFutureWatcher<int> watcher;
    watcher.setFuture(callAny(asyncFails));
    s_open = true;
    QTRY_VERIFY_WITH_TIMEOUT(watcher.isFinished() && handled == 1, 10000);
    settle();
    QCOMPARE(seen.count(), qsizetype(qtShowsHolders() ? 0 : 1)); // the continuation is not seen
}

void TestErrorsUnobserved::g16_notWhenAwaited()
{
    const Unobserved seen;
    s_open = true;
    const auto body = []() -> Task<int> {
        int caught = 0;
        try {
            co_await callAny(asyncFails);
        } catch (const std::runtime_error &) {
            ++caught;
        }
        try {
            co_await callAny(plainFails);
        } catch (const std::runtime_error &) {
            ++caught;
        }
        co_return caught;
    };
    QCOMPARE(run(body()), 2);
    QCOMPARE(thrownBy([] { callSync(asyncFails); }), "std::exception: lost error");
    QCOMPARE(thrownBy([] { run(callAsync(plainFails)); }), "std::exception: lost error");
    settle();
    QCOMPARE(seen.count(), qsizetype(0));
}

void TestErrorsUnobserved::g16_notForCancellation()
{
    const Unobserved seen;
    std::atomic<bool> started{false};
    std::atomic<bool> gone{false};
    {
        QObject context;
        callAny({.context = &context}, [&]() -> Task<> {
            started = true;
            const auto flag = qScopeGuard([&gone] { gone = true; });
            co_await sleepUntil(QDeadlineTimer(QDeadlineTimer::Forever));
        });
        QVERIFY(eventually([&] { return started.load(); }));
    }
    QVERIFY(eventually([&] { return gone.load(); }));
    settle();
    QCOMPARE(seen.count(), qsizetype(0));
}

void TestErrorsUnobserved::g16_timeoutsToo()
{
    const Unobserved seen;
    callAny({.timeout = 5ms, .name = "slow"}, []() -> Task<int> {
        co_await sleepFor(20s);
        co_return 1;
    });
    QVERIFY(eventually([&] { return seen.count() == 1; }));
    QCOMPARE(thrownBy([&] { std::rethrow_exception(seen.first().error); }), "CallTimeout");
}

QTEST_GUILESS_MAIN(TestErrorsUnobserved)
#include "tst_errors_unobserved.moc"
