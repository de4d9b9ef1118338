// P17: what one more call costs where many are pending. And what it takes to cancel many.
#include "support/cases.h"
#include "support/manual.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QCoreApplication>
#include <QtCore/QEventLoop>
#include <QtCore/QThreadPool>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace Benchmarks {

namespace {

using namespace std::chrono_literals;
using Synchronaut::callAsync;
using Synchronaut::Task;

Task<void> pendingCall(Manual *manual, std::chrono::milliseconds limit, int *open)
{
    co_await Synchronaut::withTimeout(ManualWait(manual), limit);
    --*open;
}

/// Tasks on this loop that are suspended, each in an await with a limit of 30-60 s.
class Crowd
{
public:
    explicit Crowd(int count) : m_manuals(static_cast<std::size_t>(count)), m_open(count)
    {
        std::mt19937 random(1);
        std::uniform_int_distribution<int> ms(30'000, 60'000);
        for (Manual &manual : m_manuals)
            startTask(pendingCall(&manual, std::chrono::milliseconds(ms(random)), &m_open));
    }
    ~Crowd()
    {
        for (Manual &manual : m_manuals)
            manual.complete();
        while (m_open > 0)
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
    }
    Crowd(const Crowd &) = delete;
    Crowd &operator=(const Crowd &) = delete;

private:
    std::vector<Manual> m_manuals;
    int m_open;
};

Task<int> asyncTrivial(int i)
{
    co_await Synchronaut::yieldNow();
    co_return i + 1;
}

int plainTrivial(int i)
{
    return i + 1;
}

constexpr int callCount = 2000;

// A call of an async function that comes back to the loop once, with a limit that is the earliest.
Task<double> callsHere()
{
    Synchronaut::CallOptions options;
    options.timeout = 10s;
    int value = 0;
    const CpuStopwatch watch;
    for (int i = 0; i < callCount; ++i)
        value = co_await callAsync(options, asyncTrivial, value);
    const double time = watch.ns();
    keep(value);
    co_return time / callCount;
}

// A call of a plain function, offloaded; the median, in wall-clock time, since two threads take part.
Task<double> callsOffloaded()
{
    std::vector<double> times;
    int value = 0;
    for (int i = 0; i < callCount; ++i) {
        const Stopwatch watch;
        value = co_await callAsync(plainTrivial, value);
        times.push_back(watch.ns());
    }
    keep(value);
    co_return median(std::move(times));
}

template <Task<double> (*calls)(), int pending>
double among()
{
    const Crowd crowd(pending);
    return Synchronaut::run(calls());
}

template <Task<double> (*calls)()>
void add(Cases &cases, const std::string &what)
{
    const Comparison few{"with 100", among<calls, 100>, {Target::Kind::AtMostTimes, 2}, false};
    cases.push_back({"P17", what + ", 10,000 calls pending", "ns", among<calls, 10'000>, {few}});
    cases.push_back({"P17", what + ", 1,000,000 calls pending", "ns", among<calls, 1'000'000>, {few}});
}

// -- cancelling 10,000 pending calls ---------------------------------------------------------------

constexpr int manyPending = 10'000;

// Tasks: from cancel() until each has unwound, by an exception of its own, and the group is joined.
Task<double> cancelTasks()
{
    double time = 0;
    const auto body = [&time](Synchronaut::TaskGroup &group) -> Task<> {
        for (int i = 0; i < manyPending; ++i)
            group.spawn(Synchronaut::sleepFor(60s));
        co_await Synchronaut::yieldNow();
        const Stopwatch watch;
        group.cancel();
        try {
            co_await group.join();
        } catch (const Synchronaut::CallCanceled &) {
        }
        time = watch.ns();
    };
    co_await Synchronaut::withTaskGroup(body);
    co_return time;
}

double cancelTaskGroup()
{
    return Synchronaut::run(cancelTasks());
}

// Plain calls that wait for the only thread of a pool: from cancel() of their futures until all are
// finished.
double cancelQueued()
{
    QThreadPool pool;
    pool.setMaxThreadCount(1);
    std::atomic<bool> open{false};
    Synchronaut::CallOptions options;
    options.executor = &pool;
    const auto waits = [&open] {
        while (!open)
            std::this_thread::sleep_for(1ms);
    };
    const QFuture<void> first = Synchronaut::callAny(options, waits);
    std::vector<QFuture<int>> futures;
    for (int i = 0; i < manyPending; ++i)
        futures.push_back(Synchronaut::callAny(options, plainTrivial, i));
    const Stopwatch watch;
    for (QFuture<int> &future : futures)
        future.cancel();
    open = true;
    pool.waitForDone();
    const double time = watch.ns();
    for (const QFuture<int> &future : futures) {
        if (!future.isFinished() || future.resultCount() > 0)
            throw Failed("a cancelled call has run");
    }
    return time;
}

// As many coroutines, each ended by an exception that it does not catch: what the language takes.
Task<> thrower()
{
    throw 1;
    co_return;
}

Task<double> throwEach()
{
    const Stopwatch watch;
    for (int i = 0; i < manyPending; ++i) {
        try {
            co_await thrower();
        } catch (int) {
        }
    }
    co_return watch.ns();
}

double throwMany()
{
    return Synchronaut::run(throwEach());
}

Cases cases()
{
    Cases all;
    const Comparison tenMilliseconds{"-", {}, {Target::Kind::AtMost, 1e7}, false};
    const Comparison limit{"limit: 10,000 throws", throwMany, {Target::Kind::AtMostTimes, 1.5}, false};
    all.push_back({"CANCEL", "10,000 pending tasks of a group, joined", "ns", cancelTaskGroup,
                   {tenMilliseconds, limit}});
    all.push_back({"CANCEL", "10,000 queued plain calls, finished", "ns", cancelQueued,
                   {tenMilliseconds}});
    add<callsHere>(all, "async call with a limit");
    add<callsOffloaded>(all, "offloaded call");
    return all;
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
