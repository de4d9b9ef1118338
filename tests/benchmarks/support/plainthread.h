// Calls made by a thread that has nothing to do with Qt.
#pragma once

#include "cases.h"

#include <thread>
#include <utility>
#include <vector>

namespace Benchmarks {

/// Makes \a call often there. Gives the median time of a call, so that what else the machine does is
/// left out.
template <typename Call>
double inPlainThread(Call call)
{
    constexpr int callCount = 3000;
    constexpr int warmUp = 100;
    std::vector<double> times;
    times.reserve(callCount);
    std::thread([&times, &call] {
        for (int i = 0; i < warmUp; ++i)
            call(i);
        for (int i = 0; i < callCount; ++i) {
            const Stopwatch watch;
            call(i);
            times.push_back(watch.ns());
        }
    }).join();
    return median(std::move(times));
}

} // namespace Benchmarks
