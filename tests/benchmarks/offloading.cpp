// P5, P6, P7: plain functions on pool threads.
#include "support/allocations.h"
#include "support/cases.h"
#include "support/manual.h"
#include "support/peers_qcoro.h"

#include <Synchronaut/Synchronaut>

#include <QtConcurrent/QtConcurrentRun>
#include <QtCore/QEventLoop>
#include <QtCore/QFutureInterface>
#include <QtCore/QThreadPool>

#include <vector>

namespace Benchmarks {

namespace {

using Synchronaut::callAny;
using Synchronaut::callAsync;
using Synchronaut::Task;

[[gnu::noinline]] int plain(int i)
{
    return i + 1;
}

void check(bool right)
{
    if (!right)
        throw Failed("wrong result");
}

// -- P5: one after the other, each await under a running event loop ---------------------------------

constexpr int inTurnCount = 2000;

Task<int> awaitInTurn(int count)
{
    int value = 0;
    for (int i = 0; i < count; ++i)
        value = co_await callAsync(plain, value);
    co_return value;
}

double inTurn()
{
    const Stopwatch watch;
    check(Synchronaut::run(awaitInTurn(inTurnCount)) == inTurnCount);
    return watch.ns() / inTurnCount;
}

double inTurnQCoro()
{
    return QCoroPeer::offloadedInTurn(inTurnCount);
}

/// What one would write by hand: a pool thread computes and queues the next step to the loop.
class ByHand
{
public:
    int run(int count)
    {
        m_left = count;
        next();
        m_loop.exec();
        return m_value;
    }

private:
    void next()
    {
        if (m_left-- == 0) {
            m_loop.quit();
            return;
        }
        QThreadPool::globalInstance()->start([this] {
            const int value = plain(m_value);
            QMetaObject::invokeMethod(
                    &m_loop,
                    [this, value] {
                        m_value = value;
                        next();
                    },
                    Qt::QueuedConnection);
        });
    }

    QEventLoop m_loop;
    int m_left = 0;
    int m_value = 0;
};

double inTurnByHand()
{
    ByHand byHand;
    const Stopwatch watch;
    check(byHand.run(inTurnCount) == inTurnCount);
    return watch.ns() / inTurnCount;
}

// -- P6: all in flight at once, a coroutine each ----------------------------------------------------

constexpr int inFlightCount = 20'000;

Task<void> awaitOne(int i, int *open, QEventLoop *loop)
{
    co_await callAsync(plain, i);
    if (--*open == 0)
        loop->quit();
}

// Tasks are started without QFutures, as QCoro's are.
double atOnce(int count)
{
    QEventLoop loop;
    int open = count;
    const Stopwatch watch;
    for (int i = 0; i < count; ++i)
        startTask(awaitOne(i, &open, &loop));
    if (open > 0)
        loop.exec();
    return watch.ns() / count;
}

template <double (*measure)(int)>
double inFlight()
{
    return measure(inFlightCount);
}

// The task itself, its frame and everything else included; all threads.
template <double (*measure)(int)>
double blocksEach()
{
    const AllocationCount count;
    measure(inFlightCount);
    return static_cast<double>(count.soFar().blocks) / inFlightCount;
}

// -- P7: futures of 10,000 calls ------------------------------------------------------------------

constexpr int futureCount = 10'000;

Task<double> awaitFutures()
{
    const Stopwatch watch;
    std::vector<QFuture<int>> futures;
    futures.reserve(futureCount);
    for (int i = 0; i < futureCount; ++i)
        futures.push_back(callAny(plain, i));
    int sum = 0;
    for (const QFuture<int> &future : futures)
        sum += co_await future;
    keep(sum);
    co_return watch.ns() / futureCount;
}

// In a task, hence offloaded; awaited there.
double anyAwaited()
{
    return Synchronaut::run(awaitFutures());
}

// Started and waited for by blocking, as the peer is; an async context, hence offloaded.
double anyBlocking()
{
    const Synchronaut::CallModeScope async(Synchronaut::CallMode::Async);
    const Stopwatch watch;
    std::vector<QFuture<int>> futures;
    futures.reserve(futureCount);
    for (int i = 0; i < futureCount; ++i) {
        // options, or a blocked caller would run the call itself
        Synchronaut::CallOptions options;
        options.forceOffload = true;
        futures.push_back(callAny(options, plain, i));
    }
    for (const QFuture<int> &future : futures)
        check(future.result() > 0);
    return watch.ns() / futureCount;
}

// QtConcurrent lets a blocked caller run the call itself: the cheapest that it can do.
double concurrentBlocking()
{
    const Stopwatch watch;
    std::vector<QFuture<int>> futures;
    futures.reserve(futureCount);
    for (int i = 0; i < futureCount; ++i)
        futures.push_back(QtConcurrent::run(plain, i));
    for (const QFuture<int> &future : futures)
        check(future.result() > 0);
    return watch.ns() / futureCount;
}

// What the futures alone take, without calls, in one thread.
double futuresAlone()
{
    const Stopwatch watch;
    std::vector<QFuture<int>> futures;
    futures.reserve(futureCount);
    for (int i = 0; i < futureCount; ++i) {
        QFutureInterface<int> promise;
        promise.reportStarted();
        futures.push_back(promise.future());
        promise.reportResult(plain(i));
        promise.reportFinished();
    }
    for (const QFuture<int> &future : futures)
        check(future.result() > 0);
    return watch.ns() / futureCount;
}

Cases cases()
{
    using Kind = Target::Kind;
    const char *const each = "QtConcurrent::run, result() of each";
    const Comparison limit{"limit: the QFutures alone", futuresAlone, {Kind::AtMostTimes, 1}, false};
    return {{"P5", "co_await callAsync(plain), in turn", "ns", inTurn,
             {{"QCoro, QtConcurrent::run", inTurnQCoro, {Kind::AtMostTimes, 0.5}, false},
              {"pool, invokeMethod", inTurnByHand, {Kind::AtMostTimes, 0.8}, false}}},
            {"P6", "the same, 20,000 in flight", "ns", inFlight<atOnce>,
             {{"QCoro, QtConcurrent::run", inFlight<QCoroPeer::offloadedAtOnce>,
               {Kind::AtMostTimes, 0.2}, false}}},
            {"P6", "the same, 20,000 in flight", "blocks", blocksEach<atOnce>,
             {{"QCoro, QtConcurrent::run", blocksEach<QCoroPeer::offloadedAtOnce>,
               {Kind::AtMost, 3}, false}}},
            {"P7", "10,000 x callAny(plain), co_await of each", "ns", anyAwaited,
             {{each, concurrentBlocking, {Kind::TimesFaster, 3}, false}}},
            {"P7", "10,000 x callAny(plain), result() of each", "ns", anyBlocking,
             {{each, concurrentBlocking, {Kind::TimesFaster, 3}, false}, limit}}};
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
