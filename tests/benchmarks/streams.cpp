// P13, the part across threads: a blocking range over an async generator on the background loop.
#include "support/cases.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QtGlobal>

#include <atomic>
#include <cstdint>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace Benchmarks {

namespace {

constexpr int itemCount = 3000;
constexpr int warmUp = 100;
constexpr int bufferedCount = 1'000'000;
constexpr int capacity = 64;

Synchronaut::AsyncGenerator<int> numbers(int count)
{
    for (int i = 0; i < count; ++i)
        co_yield int(i);
}

/// Times \a next often in a thread that has nothing to do with Qt. Gives the median, so that what else
/// the machine does is left out.
template <typename Next>
double medianInPlainThread(Next next)
{
    std::vector<double> times;
    times.reserve(itemCount);
    std::thread([&times, &next] {
        for (int i = 0; i < warmUp; ++i)
            next(i);
        for (int i = 0; i < itemCount; ++i) {
            const Stopwatch watch;
            next(warmUp + i);
            times.push_back(watch.ns());
        }
    }).join();
    return median(std::move(times));
}

// Each item is asked for, made on the loop, and brought back.
double lockstep()
{
    auto range = Synchronaut::callSync(numbers, warmUp + itemCount);
    return medianInPlainThread([&range](int i) {
        if (*range.begin() != i)
            throw Failed("wrong item");
    });
}

// What the system can do: one word, two threads that wake each other, and nothing else.
double futexPingPong()
{
    std::atomic<std::uint32_t> word{0}; // 0: idle, 1: asked, 2: answered, 3: the end
    const auto futex = [&word](int operation, std::uint32_t value) {
        syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
    };
    const auto waitWhile = [&](std::uint32_t value) {
        while (word.load() == value)
            futex(FUTEX_WAIT_PRIVATE, value);
    };
    std::thread server([&] {
        for (std::uint32_t idle = 0;; idle = 2) {
            waitWhile(idle);
            if (word.load() == 3)
                return;
            word.store(2);
            futex(FUTEX_WAKE_PRIVATE, 1);
        }
    });
    const double time = medianInPlainThread([&](int) {
        word.store(1);
        futex(FUTEX_WAKE_PRIVATE, 1);
        waitWhile(1);
    });
    word.store(3);
    futex(FUTEX_WAKE_PRIVATE, 1);
    server.join();
    return time;
}

// Time an item, all of it: a million of them, taken out of a buffer.
double bufferedItems()
{
    qint64 sum = 0;
    const Stopwatch watch;
    for (const int item : Synchronaut::buffered(Synchronaut::callSync(numbers, bufferedCount), capacity))
        sum += item;
    const double time = watch.ns() / bufferedCount;
    if (sum != qint64(bufferedCount) * (bufferedCount - 1) / 2)
        throw Failed("items were lost");
    return time;
}

Cases cases()
{
    using Kind = Target::Kind;
    return {{"P13", "item of a blocking range, in lockstep", "ns", lockstep,
             {{"limit: futex ping-pong", futexPingPong, {Kind::AtMostTimes, 1.5}}}},
            {"P13", "item of a blocking range, buffered(64)", "ns", bufferedItems,
             {{"limit: 1 M items a second", {}, {Kind::AtMost, 1000}}}}};
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
