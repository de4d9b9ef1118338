// P12: awaiting signals. P13, the part within one thread: items of generators.
#include "support/allocations.h"
#include "support/cases.h"
#include "support/manual.h"
#include "support/peers_qcoro.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QBuffer>
#include <QtCore/QCoreApplication>

#include <vector>

namespace Benchmarks {

namespace {

using Synchronaut::AsyncGenerator;
using Synchronaut::Generator;
using Synchronaut::Task;

constexpr int senderCount = 200;
constexpr int signalRounds = 50;

Task<void> awaitSignals(QBuffer *sender, int count, qint64 *sum, int *open)
{
    for (int i = 0; i < count; ++i)
        *sum += co_await Synchronaut::fromSignal(sender, &QIODevice::bytesWritten);
    --*open;
}

// Tasks that each await their own sender again and again; all emit, then the loop comes round once.
double signalAwaits(int rounds)
{
    std::vector<QBuffer> senders(senderCount);
    qint64 sum = 0;
    int open = senderCount;
    for (QBuffer &sender : senders)
        startTask(awaitSignals(&sender, rounds, &sum, &open));
    const CpuStopwatch watch;
    for (int i = 0; i < rounds; ++i) {
        for (QBuffer &sender : senders)
            Q_EMIT sender.bytesWritten(1);
        // on a busy machine the tasks may take more than one pass
        for (int pass = 0; pass < 1000 && sum < qint64(i + 1) * senderCount; ++pass)
            QCoreApplication::processEvents();
    }
    const double time = watch.ns();
    if (open != 0 || sum != qint64(rounds) * senderCount)
        throw Failed("an emission was missed");
    return time / (rounds * senderCount);
}

double signals()
{
    return signalAwaits(signalRounds);
}

double signalAllocations()
{
    signalAwaits(2); // first use
    std::vector<QBuffer> senders(1);
    qint64 sum = 0;
    int open = 1;
    constexpr int rounds = 100;
    startTask(awaitSignals(senders.data(), rounds, &sum, &open));
    const AllocationCount count;
    for (int i = 0; i < rounds; ++i) {
        Q_EMIT senders.front().bytesWritten(1);
        QCoreApplication::processEvents();
    }
    return double(count.soFar().blocks) / rounds;
}

constexpr int itemCount = 1'000'000;

Generator<int> numbers(int count)
{
    for (int i = 0; i < count; ++i)
        co_yield int(i);
}

AsyncGenerator<int> asyncNumbers(int count)
{
    for (int i = 0; i < count; ++i)
        co_yield int(i);
}

double generatorItems()
{
    qint64 sum = 0;
    const CpuStopwatch watch;
    for (const int i : numbers(itemCount))
        sum += i;
    keep(sum);
    return watch.ns() / itemCount;
}

Task<double> takeAll(int count)
{
    qint64 sum = 0;
    const CpuStopwatch watch;
    AsyncGenerator<int> items = asyncNumbers(count);
    while (auto item = co_await items.next())
        sum += *item;
    const double time = watch.ns();
    keep(sum);
    co_return time;
}

double asyncGeneratorItems()
{
    return Synchronaut::run(takeAll(itemCount)) / itemCount;
}

Cases cases()
{
    using Kind = Target::Kind;
    return {{"P12", "co_await fromSignal(sender, signal)", "ns", signals,
             {{"qCoro(sender, signal)", [] { return QCoroPeer::signalAwaits(senderCount, signalRounds); },
               {Kind::AtMostTimes, 0.5}}}},
            {"P12", "the same, allocations", "blocks", signalAllocations,
             {{"limit", {}, {Kind::AtMost, 5}}}},
            {"P13", "item of a generator", "ns", generatorItems,
             {{"QCoro::Generator", [] { return QCoroPeer::generatorItems(itemCount); },
               {Kind::AtMostTimes, 1.0}}}},
            {"P13", "item of an async generator", "ns", asyncGeneratorItems,
             {{"QCoro::AsyncGenerator", [] { return QCoroPeer::asyncGeneratorItems(itemCount); },
               {Kind::AtMostTimes, 1.0}}}}};
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
