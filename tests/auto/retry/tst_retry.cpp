// Trying again: how often, when, after what, for how long.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <QtCore/QElapsedTimer>

#include <stdexcept>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

struct Refused : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

/// Fails so many times.
class Flaky
{
public:
    explicit Flaky(int failures) : m_failures(failures) { }

    int plain()
    {
        if (++calls <= m_failures)
            throw Refused(std::to_string(calls));
        return calls;
    }
    Task<int> async()
    {
        co_await yieldNow();
        co_return plain();
    }

    std::atomic<int> calls{0};

private:
    int m_failures;
};

RetryOptions quick()
{
    RetryOptions options;
    options.pause = 1ms;
    return options;
}

Task<> retryAndCatch(RetryOptions options, Flaky *flaky, QByteArray *error)
{
    try {
        co_await retry(options, &Flaky::async, flaky);
    } catch (const std::exception &e) {
        *error = e.what();
    }
}

} // namespace

class TestRetry : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void untilItSucceeds();
    void fromSyncCode();
    void lastErrorAsItWasThrown();
    void onlyErrorsThatAreWorthIt();
    void cancellationIsNeverRetried();
    void canceledInThePause();
    void canceledInAnAttempt();
    void attemptsThatTimeOut();
    void deadlineBoundsItAll();
    void pauseThatWouldOutlastTheTime();
    void pausesGrow();
    void jitterShortens();
    void argumentsOfEachAttempt();
    void voids();
    void badInput();
};

void TestRetry::untilItSucceeds()
{
    Flaky plain(2);
    QCOMPARE(run(retry(quick(), &Flaky::plain, &plain)), 3);
    Flaky async(2);
    QCOMPARE(run(retry(quick(), &Flaky::async, &async)), 3);
    Flaky good(0);
    QCOMPARE(run(retry(quick(), &Flaky::async, &good)), 1);
}

void TestRetry::fromSyncCode()
{
    Flaky flaky(2);
    const auto fetch = [&flaky] { return retry(quick(), &Flaky::async, &flaky); };
    QCOMPARE(callSync(fetch), 3);
    Flaky other(1);
    QCOMPARE(callAny([&other] { return retry(quick(), &Flaky::plain, &other); }).result(), 2);
}

void TestRetry::lastErrorAsItWasThrown()
{
    Flaky flaky(100);
    QByteArray error;
    RetryOptions options = quick();
    options.attempts = 4;
    run(retryAndCatch(options, &flaky, &error));
    QCOMPARE(error, "4");
    QCOMPARE(flaky.calls, 4);

    options.attempts = 1;
    run(retryAndCatch(options, &flaky, &error));
    QCOMPARE(error, "5");
    const auto throwInt = []() -> int { throw 3; };
    QCOMPARE(thrownBy([&] { run(retry(options, throwInt)); }), "int 3");
}

void TestRetry::onlyErrorsThatAreWorthIt()
{
    RetryOptions options = quick();
    options.retriable = failedWith<Refused, CallTimeout>;
    Flaky flaky(2);
    QCOMPARE(run(retry(options, &Flaky::plain, &flaky)), 3);

    int calls = 0;
    const auto wrong = [&calls]() -> int {
        ++calls;
        throw std::logic_error("wrong");
    };
    QCOMPARE(thrownBy([&] { run(retry(options, wrong)); }), "std::exception: wrong");
    QCOMPARE(calls, 1);
}

void TestRetry::cancellationIsNeverRetried()
{
    RetryOptions options = quick();
    options.retriable = [](const std::exception_ptr &) { return true; };
    std::atomic<int> calls{0};
    const auto canceled = [&calls]() -> int {
        ++calls;
        throw CallCanceled(QStringLiteral("enough"));
    };
    QCOMPARE(thrownBy([&] { run(retry(options, canceled)); }), "CallCanceled");
    QCOMPARE(calls, 1);
}

void TestRetry::canceledInThePause()
{
    RetryOptions options;
    options.pause = 1h;
    options.longestPause = 1h;
    Flaky flaky(100);
    QFuture<int> future = callAny([&] { return retry(options, &Flaky::async, &flaky); });
    QVERIFY(eventually([&] { return flaky.calls == 1; }));
    future.cancel();
    QVERIFY(finishes(future));
    QCOMPARE(flaky.calls, 1);
}

void TestRetry::canceledInAnAttempt()
{
    std::atomic<int> calls{0};
    std::atomic<int> gone{0};
    const auto forever = [&]() -> Task<int> {
        ++calls;
        struct End
        {
            ~End() { ++*gone; }
            std::atomic<int> *gone;
        } end{&gone};
        co_await sleepUntil(QDeadlineTimer(QDeadlineTimer::Forever));
        co_return 0;
    };
    QFuture<int> future = callAny([&] { return retry(quick(), forever); });
    QVERIFY(eventually([&] { return calls == 1; }));
    future.cancel();
    QVERIFY(finishes(future));
    QCOMPARE(calls, 1);
    QCOMPARE(gone, 1);
}

void TestRetry::attemptsThatTimeOut()
{
    std::atomic<int> calls{0};
    const auto slowAtFirst = [&calls]() -> Task<int> {
        if (++calls < 3)
            co_await sleepFor(1h);
        co_return calls;
    };
    RetryOptions options = quick();
    options.attemptTimeout = 30ms;
    QCOMPARE(run(retry(options, slowAtFirst)), 3);
    options.attempts = 2;
    calls = -10;
    QCOMPARE(thrownBy([&] { run(retry(options, slowAtFirst)); }), "CallTimeout");
    QCOMPARE(calls, -8);
}

void TestRetry::deadlineBoundsItAll()
{
    const auto forever = []() -> Task<int> {
        co_await sleepFor(1h);
        co_return 0;
    };
    RetryOptions options = quick();
    options.attempts = 1000;
    options.timeout = 30ms;
    QCOMPARE(thrownBy([&] { run(retry(options, forever)); }), "CallTimeout");
    options.timeout = std::chrono::nanoseconds::max();
    options.deadline = QDeadlineTimer(30);
    QCOMPARE(thrownBy([&] { run(retry(options, forever)); }), "CallTimeout");

    // expired: nothing is called
    Flaky flaky(0);
    options.timeout = 0ns;
    QCOMPARE(thrownBy([&] { run(retry(options, &Flaky::plain, &flaky)); }), "CallTimeout");
    QCOMPARE(flaky.calls, 0);

    // many attempts
    Flaky often(1'000'000);
    RetryOptions steady = quick();
    steady.attempts = 1'000'000;
    steady.factor = 1;
    steady.timeout = timeToBegin;
    QByteArray error;
    run(retryAndCatch(steady, &often, &error));
    QVERIFY(often.calls > 1);
}

void TestRetry::pauseThatWouldOutlastTheTime()
{
    RetryOptions options;
    options.pause = 1h;
    options.longestPause = 1h;
    options.timeout = 1min;
    Flaky flaky(100);
    QByteArray error;
    run(retryAndCatch(options, &flaky, &error)); // does not wait that minute
    QCOMPARE(error, "1");
    // the time of the caller, too
    options.timeout = std::chrono::nanoseconds::max();
    run(withTimeout(retryAndCatch(options, &flaky, &error), 1min));
    QCOMPARE(error, "2");
}

void TestRetry::pausesGrow()
{
    RetryOptions options;
    options.attempts = 100;
    options.jitter = 0;
    options.pause = 100ms;
    options.factor = 3;
    options.longestPause = 2s;
    const auto error = std::make_exception_ptr(1);
    const QDeadlineTimer forever(QDeadlineTimer::Forever);
    QList<std::chrono::nanoseconds> pauses;
    for (int failures : {1, 2, 3, 4, 99})
        pauses << detail::pauseBeforeRetry(options, failures, forever, error);
    QCOMPARE(pauses, (QList<std::chrono::nanoseconds>{100ms, 300ms, 900ms, 2s, 2s}));
    options.factor = 1;
    QCOMPARE(detail::pauseBeforeRetry(options, 50, forever, error), 100ms);
}

void TestRetry::jitterShortens()
{
    RetryOptions options;
    options.attempts = 10;
    options.pause = 100ms;
    options.jitter = 0.5;
    const auto error = std::make_exception_ptr(1);
    const QDeadlineTimer forever(QDeadlineTimer::Forever);
    QSet<qint64> different;
    for (int i = 0; i < 200; ++i) {
        const auto pause = detail::pauseBeforeRetry(options, 1, forever, error);
        QVERIFY(pause >= 50ms && pause <= 100ms);
        different << pause.count();
    }
    QVERIFY(different.size() > 100);
}

void TestRetry::argumentsOfEachAttempt()
{
    int calls = 0;
    const auto take = [&calls](QStringList words) {
        const QString first = words.takeFirst();
        if (++calls < 3)
            throw Refused("no");
        return first;
    };
    const QStringList words{QStringLiteral("a")};
    QCOMPARE(run(retry(quick(), take, words)), QStringLiteral("a"));
    const auto lazy = [&](const QString &text) -> Task<QString> {
        co_await yieldNow();
        if (++calls < 6)
            throw Refused("no");
        co_return text;
    };
    QCOMPARE(run(retry(quick(), lazy, QStringLiteral("b"))), QStringLiteral("b"));
}

void TestRetry::voids()
{
    std::atomic<int> calls{0};
    const auto work = [&calls] {
        if (++calls < 2)
            throw Refused("no");
    };
    run(retry(quick(), work));
    QCOMPARE(calls, 2);
}

void TestRetry::badInput()
{
    Flaky flaky(0);
    const auto refuses = [&](auto change) {
        RetryOptions options;
        change(options);
        return thrownBy([&] { run(retry(options, &Flaky::plain, &flaky)); }) == "CallError";
    };
    QVERIFY(refuses([](RetryOptions &o) { o.attempts = 0; }));
    QVERIFY(refuses([](RetryOptions &o) { o.pause = -1ns; }));
    QVERIFY(refuses([](RetryOptions &o) { o.longestPause = -1ns; }));
    QVERIFY(refuses([](RetryOptions &o) { o.factor = -1; }));
    QVERIFY(refuses([](RetryOptions &o) { o.jitter = 1.5; }));
    QVERIFY(refuses([](RetryOptions &o) { o.timeout = -1ns; }));
    QCOMPARE(flaky.calls, 0);
    int (*const null)() = nullptr;
    QCOMPARE(thrownBy([&] { run(retry(quick(), null)); }), "CallError");
}

QTEST_GUILESS_MAIN(TestRetry)
#include "tst_retry.moc"
