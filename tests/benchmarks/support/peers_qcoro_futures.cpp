#include "../../auto/support/finishedfuture.h"
#include "peers_qcoro.h"

#include "cases.h"

#if defined(BENCHMARKS_HAVE_QCORO)

#include <QCoroFuture>
#include <QCoroTask>

#include <QtCore/QEventLoop>
#include <QtCore/QFuture>

#include <utility>

namespace Benchmarks::QCoroPeer {

namespace {

QCoro::Task<double> awaitReadyFuture(int count)
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

QCoro::Task<> awaitPending(QFuture<int> future, int *open, QEventLoop *loop)
{
    const int value = co_await future; // not in the condition: GCC 12 loses such a body
    if (value != 1)
        throw Failed("wrong result");
    if (--*open == 0)
        loop->quit();
}

} // namespace

double readyFutures(int count)
{
    return QCoro::waitFor(awaitReadyFuture(count)) / count;
}

void awaitOneFuture(QFuture<int> future, int *open, QEventLoop *loop)
{
    awaitPending(std::move(future), open, loop);
}

} // namespace Benchmarks::QCoroPeer

#else

namespace Benchmarks::QCoroPeer {

double readyFutures(int)
{
    throw Missing("QCoro is not installed");
}

void awaitOneFuture(QFuture<int>, int *, QEventLoop *)
{
    throw Missing("QCoro is not installed");
}

} // namespace Benchmarks::QCoroPeer

#endif
