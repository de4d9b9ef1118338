#include "peers_qcoro.h"

#include "cases.h"

#if defined(BENCHMARKS_HAVE_QCORO)

#include <qcoroasyncgenerator.h>
#include <qcorofuture.h>
#include <qcorogenerator.h>
#include <qcorosignal.h>
#include <qcorotask.h>

#include <QtConcurrent/QtConcurrentRun>
#include <QtCore/QBuffer>
#include <QtCore/QCoreApplication>
#include <QtCore/QEventLoop>

#include <vector>

namespace Benchmarks::QCoroPeer {

namespace {

[[gnu::noinline]] QCoro::Task<int> ready(int i)
{
    co_return i;
}

[[gnu::noinline]] int plain(int i)
{
    return i + 1;
}

QCoro::Task<int> awaitReady(int count)
{
    int sum = 0;
    for (int i = 0; i < count; ++i)
        sum += co_await ready(i);
    co_return sum;
}

QCoro::Task<int> awaitInTurn(int count)
{
    int value = 0;
    for (int i = 0; i < count; ++i)
        value = co_await QtConcurrent::run(plain, value);
    co_return value;
}

QCoro::Task<> awaitOne(int i, int &open, QEventLoop &loop)
{
    co_await QtConcurrent::run(plain, i);
    if (--open == 0)
        loop.quit();
}

// Recursion overflows the stack, since a ready task resumes its awaiter from within.
QCoro::Task<int> recurse(int depth)
{
    if (depth == 0)
        co_return 0;
    co_return 1 + co_await recurse(depth - 1);
}

QCoro::Task<> awaitSignals(QBuffer *sender, int count, qint64 &sum, int &open)
{
    for (int i = 0; i < count; ++i)
        sum += co_await qCoro(sender, &QIODevice::bytesWritten);
    --open;
}

QCoro::Generator<int> numbers(int count)
{
    for (int i = 0; i < count; ++i)
        co_yield int(i);
}

QCoro::AsyncGenerator<int> asyncNumbers(int count)
{
    for (int i = 0; i < count; ++i)
        co_yield int(i);
}

QCoro::Task<double> takeAll(int count)
{
    qint64 sum = 0;
    const CpuStopwatch watch;
    auto items = asyncNumbers(count);
    for (auto it = co_await items.begin(), end = items.end(); it != end; co_await ++it)
        sum += *it;
    const double time = watch.ns();
    keep(sum);
    co_return time;
}

constexpr int million = 1'000'000;

const ChildProgram s_loop("qcoro-loop", [] {
    return QCoro::waitFor(awaitReady(million)) != 0 ? 0 : 1;
});
const ChildProgram s_recursion("qcoro-recursion", [] {
    return QCoro::waitFor(recurse(million)) == million ? 0 : 1;
});

} // namespace

double readyAwaits(int count)
{
    constexpr int batch = 1000;
    double time = 0;
    for (int done = 0; done < count; done += batch) {
        const CpuStopwatch watch;
        QCoro::Task<int> task = awaitReady(batch);
        time += watch.ns();
        if (!task.isReady())
            throw Failed("not ready");
    }
    return time / count;
}

double offloadedInTurn(int count)
{
    const Stopwatch watch;
    if (QCoro::waitFor(awaitInTurn(count)) != count)
        throw Failed("wrong result");
    return watch.ns() / count;
}

double offloadedAtOnce(int count)
{
    QEventLoop loop;
    int open = count;
    const Stopwatch watch;
    for (int i = 0; i < count; ++i)
        awaitOne(i, open, loop);
    if (open > 0)
        loop.exec();
    return watch.ns() / count;
}

double signalAwaits(int senders, int rounds)
{
    std::vector<QBuffer> all(static_cast<std::size_t>(senders));
    qint64 sum = 0;
    int open = senders;
    for (QBuffer &sender : all)
        awaitSignals(&sender, rounds, sum, open);
    const CpuStopwatch watch;
    for (int i = 0; i < rounds; ++i) {
        for (QBuffer &sender : all)
            Q_EMIT sender.bytesWritten(1);
        QCoreApplication::processEvents();
    }
    const double time = watch.ns();
    if (open != 0 || sum != qint64(rounds) * senders)
        throw Failed("an emission was missed");
    return time / (rounds * senders);
}

double generatorItems(int count)
{
    qint64 sum = 0;
    const CpuStopwatch watch;
    for (const int i : numbers(count))
        sum += i;
    keep(sum);
    return watch.ns() / count;
}

double asyncGeneratorItems(int count)
{
    return QCoro::waitFor(takeAll(count)) / count;
}

} // namespace Benchmarks::QCoroPeer

#else

namespace Benchmarks::QCoroPeer {

double readyAwaits(int)
{
    throw Missing("QCoro is not installed");
}

double offloadedInTurn(int)
{
    throw Missing("QCoro is not installed");
}

double offloadedAtOnce(int)
{
    throw Missing("QCoro is not installed");
}

double signalAwaits(int, int)
{
    throw Missing("QCoro is not installed");
}

double generatorItems(int)
{
    throw Missing("QCoro is not installed");
}

double asyncGeneratorItems(int)
{
    throw Missing("QCoro is not installed");
}

} // namespace Benchmarks::QCoroPeer

#endif
