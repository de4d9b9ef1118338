// P8: many trivial calls in one batch.
#include "support/allocations.h"
#include "support/cases.h"

#include <Synchronaut/Synchronaut>

#include <QtConcurrent/QtConcurrentMap>
#include <QtConcurrent/QtConcurrentRun>

#include <vector>

namespace Benchmarks {

namespace {

using Synchronaut::Call;
using Synchronaut::parallelMap;

constexpr int callCount = 10'000;

[[gnu::noinline]] int plain(int i)
{
    return i + 1;
}

void check(bool right)
{
    if (!right)
        throw Failed("wrong result");
}

QList<Call<int>> makeCalls()
{
    QList<Call<int>> calls;
    calls.reserve(callCount);
    for (int i = 0; i < callCount; ++i)
        calls.append(Synchronaut::call(plain, i));
    return calls;
}

void runCalls(const QList<Call<int>> &calls)
{
    const QList<int> results = parallelMap(calls).result();
    check(results.size() == callCount && results.last() == callCount);
}

// The making of the calls included, since QtConcurrent::run makes its own, too.
double batch()
{
    const Stopwatch watch;
    runCalls(makeCalls());
    return watch.ns() / callCount;
}

// blockingMapped is given a list that is there.
double batchOfReadyCalls()
{
    const QList<Call<int>> calls = makeCalls();
    const Stopwatch watch;
    runCalls(calls);
    return watch.ns() / callCount;
}

double batchBlocks()
{
    const QList<Call<int>> calls = makeCalls();
    const AllocationCount count;
    runCalls(calls);
    return static_cast<double>(count.soFar().blocks);
}

double concurrentRun()
{
    const Stopwatch watch;
    std::vector<QFuture<int>> futures;
    futures.reserve(callCount);
    for (int i = 0; i < callCount; ++i)
        futures.push_back(QtConcurrent::run(plain, i));
    for (const QFuture<int> &future : futures)
        check(future.result() > 0);
    return watch.ns() / callCount;
}

double blockingMapped()
{
    QList<int> numbers(callCount);
    for (int i = 0; i < callCount; ++i)
        numbers[i] = i;
    const Stopwatch watch;
    const QList<int> results = QtConcurrent::blockingMapped(numbers, plain);
    check(results.size() == callCount && results.last() == callCount);
    return watch.ns() / callCount;
}

Cases cases()
{
    using Kind = Target::Kind;
    const char *const map = "QtConcurrent::blockingMapped";
    return {{"P8", "parallelMap of 10,000 x call(plain, i)", "ns", batch,
             {{"QtConcurrent::run, result() of each", concurrentRun, {Kind::TimesFaster, 10}},
              {map, blockingMapped, {Kind::AtMostTimes, 4}}}},
            {"P8", "parallelMap of 10,000 calls that are there", "ns", batchOfReadyCalls,
             {{map, blockingMapped, {Kind::AtMostTimes, 4}}}},
            {"P8", "parallelMap of 10,000 calls that are there", "blocks", batchBlocks,
             {{"", {}, {Kind::AtMost, 500}}}}};
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
