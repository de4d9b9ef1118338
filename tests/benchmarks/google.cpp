// Raw rows of one subject through Google Benchmark: no peers left out, no targets.
#include "support/cases.h"

#include <QtCore/QCoreApplication>

#include <benchmark/benchmark.h>

namespace {

void add(const std::string &name, const std::string &unit, const Benchmarks::Work &work)
{
    constexpr int rounds = 9;
    const auto body = [unit, work](benchmark::State &state) {
        double last = 0;
        for ([[maybe_unused]] auto _ : state) {
            try {
                last = work();
            } catch (const std::exception &e) {
                state.SkipWithError(e.what());
                break;
            }
            // the time of one operation, as measured inside
            state.SetIterationTime(unit == "ns" ? last * 1e-9 : unit == "ms" ? last * 1e-3 : 0);
        }
        if (unit != "ns" && unit != "ms")
            state.counters[unit] = last;
    };
    benchmark::RegisterBenchmark(name.c_str(), body)
            ->UseManualTime()
            ->Iterations(1)
            ->Repetitions(rounds)
            ->ReportAggregatesOnly();
}

} // namespace

int main(int argc, char *argv[])
{
    if (const int status = Benchmarks::runAsChild(argc, argv); status >= 0)
        return status;
    const QCoreApplication app(argc, argv);
    for (const Benchmarks::Case &c : Benchmarks::allCases()) {
        const std::string name = c.id + '/' + c.what;
        add(name + "/ours", c.unit, c.ours);
        for (const Benchmarks::Comparison &comparison : c.comparisons) {
            if (comparison.work)
                add(name + '/' + comparison.peer, c.unit, comparison.work);
        }
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
