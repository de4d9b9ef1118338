// P16: what including us costs: compile time and size of the object file of a one-liner, with the
// compiler and the flags of this build (compile_command.h, written by CMake), without ccache.
#include "support/cases.h"

#include "compile_command.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sys/resource.h>

namespace Benchmarks {

namespace {

namespace fs = std::filesystem;

double childrensCpuTime()
{
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    const auto ms = [](const timeval &t) {
        return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
    };
    return ms(usage.ru_utime) + ms(usage.ru_stime);
}

struct Compiled
{
    double milliseconds; ///< CPU time of the compiler and what it starts
    double bytes;
};

Compiled compile(const char *source)
{
    const fs::path object = fs::temp_directory_path()
            / ("synchronaut_benchmark_" + fs::path(source).stem().string() + ".o");
    const std::string command = std::string(compileCommand) + " -o '" + object.string() + "' -c '"
            + sourceFolder + '/' + source + '\'';
    const double before = childrensCpuTime();
    if (std::system(command.c_str()) != 0)
        throw Failed("does not compile");
    const double time = childrensCpuTime() - before;
    const auto bytes = static_cast<double>(fs::file_size(object));
    fs::remove(object);
    return {time, bytes};
}

Compiled compileQCoro()
{
#if defined(BENCHMARKS_HAVE_QCORO)
    return compile("qcoro.cpp");
#else
    throw Missing("QCoro is not installed");
#endif
}

double oursTime()
{
    return compile("ours.cpp").milliseconds;
}

double oursSize()
{
    return compile("ours.cpp").bytes / 1e3;
}

// The target is against the dearer of the two.
double peerTime()
{
    return std::max(compile("qtconcurrent.cpp").milliseconds, compileQCoro().milliseconds);
}

double peerSize()
{
    return std::max(compile("qtconcurrent.cpp").bytes, compileQCoro().bytes) / 1e3;
}

double concurrentTime()
{
    return compile("qtconcurrent.cpp").milliseconds;
}

Cases cases()
{
    using Kind = Target::Kind;
    const char *const dearer = "dearer of QtConcurrent, QCoro";
    return {{"P16", "compile time of a file with one callAny", "ms", oursTime,
             {{dearer, peerTime, {Kind::AtMostTimes, 1.2}, false},
              {"<QtConcurrent>", concurrentTime, {Kind::AtMostTimes, 1.2}, false}}},
            {"P16", "object size of a file with one callAny", "kB", oursSize,
             {{dearer, peerSize, {Kind::AtMostTimes, 1.2}, false}}}};
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
