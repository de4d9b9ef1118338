// P9, P10: time limits that are armed and hardly ever fire. Only the await and its limit count where
// a row is enforced; what the tasks themselves cost is reported with "whole task".
#include "support/allocations.h"
#include "support/cases.h"
#include "support/manual.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QCoreApplication>
#include <QtCore/QEventLoop>
#include <QtCore/QTimer>

#include <memory>
#include <random>
#include <vector>

namespace Benchmarks {

namespace {

using namespace std::chrono_literals;
using Synchronaut::Task;
using Synchronaut::withTimeout;

/// 30…60 s, the same for both sides.
std::vector<std::chrono::milliseconds> limits(int count)
{
    std::mt19937 random(1);
    std::uniform_int_distribution<int> ms(30'000, 60'000);
    std::vector<std::chrono::milliseconds> all;
    for (int i = 0; i < count; ++i)
        all.emplace_back(ms(random));
    return all;
}

Task<void> operation(Manual *manual, std::chrono::milliseconds limit, int *open)
{
    co_await withTimeout(ManualWait(manual), limit);
    --*open;
}

Task<void> foreignOperation(ForeignManual *manual, std::chrono::milliseconds limit, int *open)
{
    co_await withTimeout(ForeignWait(manual), limit);
    --*open;
}

/// Turns the loop until \a open is 0.
void turn(const int *open)
{
    while (*open > 0)
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
}

// n whole operations: a task each is started, without a QFuture, awaits something pending with a
// limit, is completed, in the order of the starts, and ends.
template <typename M, Task<void> (*operationOf)(M *, std::chrono::milliseconds, int *)>
double wholeOperations(int count)
{
    const auto all = limits(count);
    std::vector<M> manuals(static_cast<std::size_t>(count));
    int open = count;
    const CpuStopwatch watch;
    for (std::size_t i = 0; i < manuals.size(); ++i)
        startTask(operationOf(&manuals[i], all[i], &open));
    for (M &manual : manuals)
        manual.complete();
    turn(&open);
    return watch.ns() / count;
}

// A task that exists before and after the await.
template <typename M, typename Wait>
Task<void> around(Manual *gate, M *manual, std::chrono::milliseconds limit, int *open)
{
    co_await ManualWait(gate);
    --*open;
    co_await withTimeout(Wait(manual), limit);
    --*open;
    co_await ManualWait(gate);
    --*open;
}

// n awaits alone, in tasks that are there: all come to the await, which arms, from their loop; all
// are completed, in the order of the starts, and resumed from their loop.
template <typename M, typename Wait>
double awaitsAlone(int count)
{
    const auto all = limits(count);
    std::vector<Manual> gates(static_cast<std::size_t>(count));
    std::vector<M> manuals(gates.size());
    int open = count;
    for (std::size_t i = 0; i < gates.size(); ++i)
        startTask(around<M, Wait>(&gates[i], &manuals[i], all[i], &open));

    const CpuStopwatch watch;
    for (Manual &gate : gates)
        gate.complete();
    turn(&open);
    open = count;
    for (M &manual : manuals)
        manual.complete();
    turn(&open);
    const double time = watch.ns();

    open = count;
    for (Manual &gate : gates)
        gate.complete();
    turn(&open);
    return time / count;
}

// A QTimer each that is connected to what would cancel, started, stopped in the same order, and
// destroyed. What awaits is not in it, which favours the peer. It has to be a precise timer: a coarse
// one of 30 s and more comes up to a second off, where G6 allows 50 ms.
double qtimers(int count)
{
    const auto all = limits(count);
    const CpuStopwatch watch;
    std::vector<std::unique_ptr<QTimer>> timers;
    timers.reserve(all.size());
    int canceled = 0;
    for (const auto limit : all) {
        auto timer = std::make_unique<QTimer>();
        timer->setSingleShot(true);
        timer->setTimerType(Qt::PreciseTimer);
        QObject::connect(timer.get(), &QTimer::timeout, timer.get(), [&canceled] { ++canceled; });
        timer->start(limit);
        timers.push_back(std::move(timer));
    }
    for (const auto &timer : timers)
        timer->stop();
    timers.clear();
    return watch.ns() / count;
}

/// Rounds of few operations are repeated, so that the clock sees enough of them.
template <typename Measure>
double repeated(int count, Measure measure)
{
    const int times = std::max(1, 20'000 / count);
    double sum = 0;
    for (int i = 0; i < times; ++i)
        sum += measure(count);
    return sum / times;
}

double native(int count)
{
    return repeated(count, awaitsAlone<Manual, ManualWait>);
}

double foreign(int count)
{
    return repeated(count, awaitsAlone<ForeignManual, ForeignWait>);
}

double nativeWhole(int count)
{
    return repeated(count, wholeOperations<Manual, operation>);
}

double foreignWhole(int count)
{
    return repeated(count, wholeOperations<ForeignManual, foreignOperation>);
}

// -- P10 ------------------------------------------------------------------------------------------

constexpr int pendingCount = 10'000;

Task<void> waitOnce(Manual *manual)
{
    co_await ManualWait(manual);
}

enum class Awaited { Native, OwnTask, Foreign };

// A task that exists and is suspended, without anything allocated, before it comes to the await
// that is counted.
template <Awaited awaited>
Task<void> existing(Manual *gate, Manual *manual, ForeignManual *foreignManual, int *open)
{
    co_await ManualWait(gate);
    --*open;
    if constexpr (awaited == Awaited::Native)
        co_await withTimeout(ManualWait(manual), 30s);
    else if constexpr (awaited == Awaited::OwnTask)
        co_await withTimeout(waitOnce(manual), 30s);
    else
        co_await withTimeout(ForeignWait(foreignManual), 30s);
    --*open;
}

// What 10,000 tasks allocate, divided, to come from one suspended state to a pending await with a
// limit. So many are pending at once that no recycled memory is left after the first few.
template <Awaited awaited>
Allocations perPendingAwait()
{
    constexpr auto size = static_cast<std::size_t>(pendingCount);
    std::vector<Manual> gates(size);
    std::vector<Manual> manuals(size);
    std::vector<ForeignManual> foreignManuals(size);
    int open = pendingCount;
    for (std::size_t i = 0; i < size; ++i)
        startTask(existing<awaited>(&gates[i], &manuals[i], &foreignManuals[i], &open));
    Allocations all;
    {
        const AllocationCount count;
        for (Manual &gate : gates)
            gate.complete();
        turn(&open);
        all = count.soFar();
    }
    open = pendingCount;
    for (std::size_t i = 0; i < size; ++i) {
        if constexpr (awaited == Awaited::Foreign)
            foreignManuals[i].complete();
        else
            manuals[i].complete();
    }
    turn(&open);
    return all;
}

template <Awaited awaited>
double pendingBytes()
{
    return static_cast<double>(perPendingAwait<awaited>().bytes) / pendingCount;
}

template <Awaited awaited>
double pendingBlocks()
{
    return static_cast<double>(perPendingAwait<awaited>().blocks) / pendingCount;
}

Work of(double (*measure)(int), int count)
{
    return [measure, count] { return measure(count); };
}

/// The peer takes 20 s for 100,000, hence is asked for it once only.
void addGrowth(Cases &cases, const char *what, double (*measure)(int), bool enforced, bool dearest)
{
    using Kind = Target::Kind;
    const auto name = [what](const char *count) {
        return std::string("limit 30-60 s, ") + what + ", n = " + count;
    };
    cases.push_back({"P9", name("1,000"), "ns", of(measure, 1000),
                     {{"QTimer each", of(qtimers, 1000), {Kind::TimesFaster, 1}, false}}});
    cases.push_back({"P9", name("10,000"), "ns", of(measure, 10'000),
                     {{"QTimer each", of(qtimers, 10'000), {Kind::TimesFaster, 50}, enforced}}});
    cases.push_back({"P9", name("100,000"), "ns", of(measure, 100'000),
                     {{"the same, n = 1,000", of(measure, 1000), {Kind::AtMostTimes, 2}, enforced}}});
    if (dearest) {
        cases.back().comparisons.push_back(
                {"QTimer each", of(qtimers, 100'000), {Kind::TimesFaster, 1000}, enforced});
    }
}

Cases cases()
{
    using Kind = Target::Kind;
    Cases all;
    addGrowth(all, "await of our own kind", native, true, true);
    addGrowth(all, "await of a foreign kind", foreign, true, false);
    addGrowth(all, "whole task, own kind", nativeWhole, false, false);
    addGrowth(all, "whole task, foreign kind", foreignWhole, false, false);
    const auto add = [&all](const char *what, Work bytes, Work blocks) {
        const std::string text = std::string("pending await with a limit, ") + what;
        all.push_back({"P10", text, "B", std::move(bytes), {{"-", {}, {Kind::AtMost, 400}}}});
        all.push_back({"P10", text, "blocks", std::move(blocks), {{"-", {}, {Kind::AtMost, 3}}}});
    };
    add("own kind", pendingBytes<Awaited::Native>, pendingBlocks<Awaited::Native>);
    add("Task that waits", pendingBytes<Awaited::OwnTask>, pendingBlocks<Awaited::OwnTask>);
    add("foreign kind", pendingBytes<Awaited::Foreign>, pendingBlocks<Awaited::Foreign>);
    return all;
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
