// What a subject offers: cases (ours and whom it is compared with), run by Google Benchmark for
// raw rows and by synchronaut_report for the table.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace Benchmarks {

/// Does the work once and gives the figure, in the unit of its case. Throws Failed or Missing.
using Work = std::function<double()>;

/// The work could not be finished: crashed, hung, gave a wrong result.
class Failed : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// The peer is not installed.
class Missing : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// What ours is held to, against a peer.
struct Target
{
    enum class Kind {
        AtMostTimes, ///< ours / peer <= bound
        TimesFaster, ///< peer / ours >= bound
        AtMostMore,  ///< ours - peer <= bound
        AtMost,      ///< ours <= bound; the peer is there to be looked at
        Completes,   ///< ours does not fail
    };
    Kind kind;
    double bound = 0;
};

/// One line of the table.
struct Comparison
{
    std::string peer;
    Work work; ///< empty: the target needs no peer
    Target target;
    bool enforced = true; ///< false: reported only
};

struct Case
{
    std::string id;   ///< P1…, as in design/performance.md
    std::string what;
    std::string unit;
    Work ours;
    std::vector<Comparison> comparisons;
};

using Cases = std::vector<Case>;

/// Makes a subject known to the program it is linked into; one static object a subject.
class Subject
{
public:
    explicit Subject(Cases (*cases)());
};

/// A part that needs a process of its own: what it prints is not looked at, its exit status is.
class ChildProgram
{
public:
    ChildProgram(const char *name, int (*program)());
};

/// Cases of all subjects in this program, sorted by id.
Cases allCases();

/// Runs the child program that the command line asks for; -1: none was asked for.
int runAsChild(int argc, char **argv);

/// Starts this program again to run a child program with a main stack of 8 MiB (ulimit -s 8192).
/// Gives its wall-clock time in ms; throws Failed when it crashes or exits with another status than 0.
double runInChild(const std::string &name);

/// Keeps the optimiser from leaving out what computes \a value.
template <typename T>
inline void keep(T &value)
{
    asm volatile("" : "+m"(value) : : "memory");
}

/// Hides from the optimiser what a pointer points to.
template <typename T>
inline T *opaque(T *pointer)
{
    asm volatile("" : "+r"(pointer));
    return pointer;
}

class Stopwatch
{
public:
    double ns() const
    {
        return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - m_start)
                .count();
    }

private:
    std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
};

/// Time this thread has been running, by itself and in the kernel: for work that never waits. Other
/// programs on the machine do not count then.
class CpuStopwatch
{
public:
    double ns() const { return now() - m_start; }

private:
    static double now();

    double m_start = now();
};

/// The middle one, sorted; NaN if there are none.
double median(std::vector<double> values);

} // namespace Benchmarks
