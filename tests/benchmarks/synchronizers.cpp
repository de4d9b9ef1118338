// P18: calls of an object on a Synchronizer's loop, beside calls to the background loop.
#include "support/cases.h"
#include "support/plainthread.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QObject>

namespace Benchmarks {

namespace {

using Synchronaut::Synchronized;
using Synchronaut::Synchronizer;
using Synchronaut::Task;

class Counter
{
public:
    int add(int i) { return m_sum += i; }
    Task<int> addLater(int i) { co_return m_sum += i; }

private:
    int m_sum = 0;
};

Task<int> trivial(int i)
{
    co_return i + 1;
}

template <Synchronizer::Mode mode, auto method>
double sync()
{
    const Synchronizer io("benchmark", mode);
    const auto counter = io.make<Counter>();
    return inPlainThread([&counter](int i) { counter.sync(method, i); });
}

double callSyncOfTask()
{
    return inPlainThread([](int i) { Synchronaut::callSync(trivial, i); });
}

// -- the same, awaited by a task of this thread --------------------------------------------------------

constexpr int inTurnCount = 2000;

Task<> awaitMethods(Synchronized<Counter> counter)
{
    for (int i = 0; i < inTurnCount; ++i)
        co_await counter.async(&Counter::add, i);
}

Task<> awaitCallOn(QObject *target)
{
    const auto add = [sum = 0](int i) mutable { return sum += i; };
    for (int i = 0; i < inTurnCount; ++i)
        co_await Synchronaut::callOn(target, add, i);
}

Task<> awaitPool()
{
    const auto add = [](int i) { return i + 1; };
    for (int i = 0; i < inTurnCount; ++i)
        co_await Synchronaut::callAsync(add, i);
}

double async()
{
    const Synchronizer io("benchmark");
    const auto counter = io.make<Counter>();
    const Stopwatch watch;
    Synchronaut::run(awaitMethods(counter));
    return watch.ns() / inTurnCount;
}

double callAsyncOnPool()
{
    const Stopwatch watch;
    Synchronaut::run(awaitPool());
    return watch.ns() / inTurnCount;
}

double callOnBackground()
{
    auto *const target = new QObject; // deleted in its thread
    target->moveToThread(Synchronaut::backgroundLoop().thread());
    const Stopwatch watch;
    Synchronaut::run(awaitCallOn(target));
    const double time = watch.ns() / inTurnCount;
    target->deleteLater();
    return time;
}

Cases cases()
{
    using Kind = Target::Kind;
    const Comparison background{"callSync(trivial task)", callSyncOfTask, {Kind::AtMostTimes, 1.1}};
    return {{"P18", "object.sync(method) from a plain thread", "ns",
             sync<Synchronizer::Interleaved, &Counter::add>, {background}},
            {"P18", "object.sync(async method)", "ns",
             sync<Synchronizer::Interleaved, &Counter::addLater>, {background}},
            {"P18", "object.sync(method), thread-affine", "ns",
             sync<Synchronizer::ThreadAffine, &Counter::add>, {background}},
            {"P18", "co_await object.async(method), in turn", "ns", async,
             {{"callAsync(plain), on the pool", callAsyncOnPool, {Kind::AtMostTimes, 1.1}, false},
              {"callOn(object of the background loop)", callOnBackground, {Kind::AtMostTimes, 1.1}}}}};
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
