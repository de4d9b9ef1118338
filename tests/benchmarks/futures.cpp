// P11: co_await of QFutures that others finish.
#include "../auto/support/finishedfuture.h"
#include "support/allocations.h"
#include "support/cases.h"
#include "support/manual.h"
#include "support/peers_qcoro.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QEventLoop>
#include <QtCore/QPromise>

#include <utility>
#include <vector>

namespace Benchmarks {

namespace {

using Synchronaut::Task;

constexpr int readyCount = 100'000;
constexpr int pendingCount = 2000;

Task<double> awaitReadyFuture(int count)
{
    const QFuture<int> future = TestSupport::finishedFuture(1);
    int sum = 0;
    const CpuStopwatch watch;
    for (int i = 0; i < count; ++i)
        sum += co_await future;
    const double time = watch.ns();
    if (sum != count)
        throw Failed("wrong result");
    co_return time;
}

Task<void> awaitPending(QFuture<int> future, int *open, QEventLoop *loop)
{
    const int value = co_await future; // not in the condition: GCC 12 loses such a body
    if (value != 1)
        throw Failed("wrong result");
    if (--*open == 0)
        loop->quit();
}

void awaitOneFuture(QFuture<int> future, int *open, QEventLoop *loop)
{
    startTask(awaitPending(std::move(future), open, loop));
}

double ready()
{
    return Synchronaut::run(awaitReadyFuture(readyCount)) / readyCount;
}

// All pending at once, a coroutine each, under a running loop; finished by hand on the same thread.
template <void (*awaitOne)(QFuture<int>, int *, QEventLoop *)>
double pendingFutures(int count)
{
    std::vector<QPromise<int>> promises(static_cast<std::size_t>(count));
    for (QPromise<int> &promise : promises)
        promise.start();
    QEventLoop loop;
    int open = count;
    const auto work = [&] {
        for (QPromise<int> &promise : promises)
            awaitOne(promise.future(), &open, &loop);
        for (QPromise<int> &promise : promises) {
            promise.addResult(1);
            promise.finish();
        }
    };
    QMetaObject::invokeMethod(&loop, work, Qt::QueuedConnection);
    const Stopwatch watch;
    loop.exec();
    return watch.ns() / count;
}

template <double (*measure)(int)>
double pending()
{
    return measure(pendingCount);
}

template <double (*measure)(int)>
double blocksEach()
{
    const AllocationCount count;
    measure(pendingCount);
    return static_cast<double>(count.soFar().blocks) / pendingCount;
}

Cases cases()
{
    using Kind = Target::Kind;
    constexpr auto ours = pendingFutures<awaitOneFuture>;
    constexpr auto qcoro = pendingFutures<QCoroPeer::awaitOneFuture>;
    return {{"P11", "co_await of a ready QFuture", "ns", ready,
             {{"QCoro", [] { return QCoroPeer::readyFutures(readyCount); }, {Kind::AtMostTimes, 1}}}},
            {"P11", "co_await of a pending QFuture", "ns", pending<ours>,
             {{"QCoro", pending<qcoro>, {Kind::AtMostTimes, 0.5}}}},
            {"P11", "co_await of a pending QFuture", "blocks", blocksEach<ours>,
             {{"QCoro", blocksEach<qcoro>, {Kind::AtMostTimes, 1}, false}}}};
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
