// P2, P3: awaiting tasks that finish without suspending; many and deep.
#include "support/bare_task.h"
#include "support/cases.h"
#include "support/peers_qcoro.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QCoreApplication>

namespace Benchmarks {

namespace {

using Synchronaut::Task;

constexpr int batch = 1000;
constexpr int batches = 200;

[[gnu::noinline]] Task<int> ready(int i)
{
    co_return i;
}

// 1,000 awaits in a loop, timed from within: starting the outer task is not what is measured.
Task<double> awaitReady(int count)
{
    int sum = 0;
    const CpuStopwatch watch;
    for (int i = 0; i < count; ++i)
        sum += co_await ready(i);
    const double time = watch.ns();
    keep(sum);
    co_return time;
}

double ours()
{
    double time = 0;
    for (int i = 0; i < batches; ++i)
        time += Synchronaut::run(awaitReady(batch));
    return time / (batch * batches);
}

[[gnu::noinline]] BareTask bareReady(int i)
{
    co_return i;
}

BareTask bareAwaitReady(int count, double &time)
{
    int sum = 0;
    const CpuStopwatch watch;
    for (int i = 0; i < count; ++i)
        sum += co_await bareReady(i);
    time += watch.ns();
    keep(sum);
    co_return sum;
}

double bare()
{
    double time = 0;
    for (int i = 0; i < batches; ++i)
        bareAwaitReady(batch, time).start();
    return time / (batch * batches);
}

double qcoro()
{
    return QCoroPeer::readyAwaits(batch * batches);
}

// P3 runs in processes of their own with a stack of 8 MiB: the whole process is timed.
constexpr int million = 1'000'000;

Task<int> recurse(int depth)
{
    if (depth == 0)
        co_return 0;
    co_return 1 + co_await recurse(depth - 1);
}

/// Runs \a task in this process as main() would; gives the exit status.
template <typename T>
int runAsMain(Task<T> task)
{
    char name[] = "benchmark";
    char *argv[] = {name, nullptr};
    int argc = 1;
    const QCoreApplication app(argc, argv);
    return Synchronaut::run(std::move(task)) > 0 ? 0 : 1;
}

const ChildProgram s_loop("ours-loop", [] { return runAsMain(awaitReady(million)); });
const ChildProgram s_recursion("ours-recursion", [] { return runAsMain(recurse(million)); });

double qcoroChild([[maybe_unused]] const char *name)
{
#if defined(BENCHMARKS_HAVE_QCORO)
    return runInChild(name);
#else
    throw Missing("QCoro is not installed");
#endif
}

Cases cases()
{
    using Kind = Target::Kind;
    return {{"P2", "await of a task that does not suspend", "ns", ours,
             {{"QCoro::Task", qcoro, {Kind::AtMostTimes, 0.5}},
              {"bare coroutine, recycled frames", bare, {Kind::AtMostTimes, 1.3}}}},
            {"P3", "1,000,000 lazy awaits in one loop, 8 MiB of stack", "ms",
             [] { return runInChild("ours-loop"); },
             {{"QCoro::Task", [] { return qcoroChild("qcoro-loop"); }, {Kind::Completes}}}},
            {"P3", "recursion 1,000,000 deep, 8 MiB of stack", "ms",
             [] { return runInChild("ours-recursion"); },
             {{"QCoro::Task", [] { return qcoroChild("qcoro-recursion"); }, {Kind::Completes}}}}};
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
