// Snippets of src/doc/cancellation-and-time.md.
#include <Synchronaut/Synchronaut>

#include <QtTest/QTest>

#include <condition_variable>
#include <memory>
#include <mutex>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

std::atomic<int> s_stepsLeft{0};
std::atomic<bool> s_saved{false};

//! [cancel-poll]
int countDown(int steps) // a plain function has to look
{
    for (; steps > 0 && !isCanceled(); --steps)
        QThread::msleep(1);
    return steps;
}
//! [cancel-poll]

int countDownAndTell(int steps)
{
    return s_stepsLeft = countDown(steps);
}

//! [cancel-token]
bool waitForData(std::condition_variable_any &changed, std::mutex &lock, const bool &ready)
{
    std::unique_lock held(lock);
    return changed.wait(held, currentStopToken(), [&ready] { return ready; }); // false: stopped
}
//! [cancel-token]

Task<int> nap()
{
    co_await sleepFor(20s);
    co_return 1;
}

//! [time-within]
Task<QString> loadOrGiveUp()
{
    try {
        const int value = co_await withTimeout(nap(), 50ms);
        co_return QString::number(value);
    } catch (const CallTimeout &) {
        co_return QStringLiteral("gave up");
    }
}
//! [time-within]

//! [time-scope]
Task<int> twoNapsAtMost()
{
    int done = 0;
    try {
        const DeadlineScope limit(50ms);
        co_await sleepFor(1ms);
        ++done;
        co_await nap(); // does not end in time
        ++done;
    } catch (const CallTimeout &) {
    }
    co_return done; // the limit ended with its scope: this could await as long as it likes
}
//! [time-scope]

//! [cancel-shield]
Task<> writeJournal()
{
    co_await sleepFor(5ms);
    s_saved = true;
}

Task<> work()
{
    bool stopped = false;
    try {
        co_await sleepFor(20s);
    } catch (const CallCanceled &) {
        stopped = true; // no co_await is allowed in a handler
    }
    if (stopped) {
        const CancellationShield shield; // else the next await would throw at once
        co_await writeJournal();
    }
}
//! [cancel-shield]

//! [time-inherited]
Task<int> inner()
{
    // 5 s of its own, but not more than its caller has left
    const CallOptions options{.timeout = 5s};
    co_return co_await callAsync(options, countDown, 5000);
}

int outer()
{
    return callSync({.timeout = 50ms}, inner); // CallTimeout of inner after 50 ms
}
//! [time-inherited]

//! [cancel-await]
Task<int> awaitBoth(QFuture<int> shared)
{
    // cancelled here, the task takes the unnamed call with it ...
    const int own = co_await callAny(countDown, 5);
    // ... but leaves a future alone that has a name: somebody else may want it
    const int others = co_await shared;
    co_return own + others;
}
//! [cancel-await]

Task<> writeNothing()
{
    co_await yieldNow();
}

} // namespace

class tst_DocsCancellation : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void timeout()
    {
        bool timedOut = false;
        //! [time-timeout]
        try {
            callSync({.timeout = 50ms}, countDown, 5000);
        } catch (const CallTimeout &e) {
            timedOut = e.timeout() == 50ms;
        }
        //! [time-timeout]
        QVERIFY(timedOut);
    }
    void deadline()
    {
        //! [time-deadline]
        const CallOptions soon{.deadline = QDeadlineTimer(2s)};
        const int a = callSync(soon, countDown, 2); // both together have two seconds
        const int b = callSync(soon, countDown, 2);
        //! [time-deadline]
        QCOMPARE(a + b, 0);
    }
    void within() { QCOMPARE(run(loadOrGiveUp()), QStringLiteral("gave up")); }
    void scope() { QCOMPARE(run(twoNapsAtMost()), 1); }
    void inherited()
    {
        QElapsedTimer timer;
        timer.start();
        QVERIFY_THROWS_EXCEPTION(CallTimeout, outer());
        QVERIFY(timer.elapsed() < 4000);
    }
    void polled()
    {
        s_stepsLeft = 0;
        QFuture<int> future = callAny({.forceOffload = true}, countDownAndTell, 60'000);
        //! [cancel-future]
        future.cancel(); // the function sees isCanceled(), the future has no result
        //! [cancel-future]
        future.waitForFinished();
        QVERIFY(future.isCanceled());
    }
    void token()
    {
        std::condition_variable_any changed;
        std::mutex lock;
        const bool ready = false;
        QVERIFY_THROWS_EXCEPTION(CallTimeout, callSync({.timeout = 20ms}, waitForData, std::ref(changed),
                                          std::ref(lock), std::cref(ready)));
        shutdownPool(); // the function still uses what is on this stack
    }
    void shield()
    {
        s_saved = false;
        QFuture<void> future = callAny(work);
        callSync(writeNothing); // on the same loop: work has begun
        future.cancel();
        QTRY_VERIFY(s_saved);
    }
    void context()
    {
        s_stepsLeft = 0;
        //! [cancel-context]
        auto page = std::make_unique<QObject>();
        QFuture<int> future = callAny({.forceOffload = true, .context = page.get()}, countDownAndTell, 60'000);
        page.reset(); // cancels the call
        //! [cancel-context]
        QVERIFY_THROWS_EXCEPTION(CallCanceled, future.waitForFinished());
    }
    void awaits()
    {
        QPromise<int> promise;
        promise.start();
        QFuture<int> task = callAny(awaitBoth, promise.future());
        promise.addResult(3);
        promise.finish();
        QCOMPARE(task.result(), 3);
    }

private:
    void shutdownPool() { QVERIFY(shutdown(QDeadlineTimer(10'000))); }
};

QTEST_GUILESS_MAIN(tst_DocsCancellation)
#include "tst_docs_cancellation.moc"
