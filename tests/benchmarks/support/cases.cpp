#include "cases.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <limits>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace Benchmarks {

namespace {

std::vector<Cases (*)()> &subjects()
{
    static std::vector<Cases (*)()> all;
    return all;
}

std::vector<std::pair<std::string, int (*)()>> &childPrograms()
{
    static std::vector<std::pair<std::string, int (*)()>> all;
    return all;
}

constexpr const char *childOption = "--child";

} // namespace

Subject::Subject(Cases (*cases)())
{
    subjects().push_back(cases);
}

ChildProgram::ChildProgram(const char *name, int (*program)())
{
    childPrograms().emplace_back(name, program);
}

Cases allCases()
{
    Cases all;
    for (const auto subject : subjects()) {
        for (Case &c : subject())
            all.push_back(std::move(c));
    }
    // P9 before P10
    std::stable_sort(all.begin(), all.end(), [](const Case &a, const Case &b) {
        return a.id.size() != b.id.size() ? a.id.size() < b.id.size() : a.id < b.id;
    });
    return all;
}

int runAsChild(int argc, char **argv)
{
    if (argc != 3 || std::strcmp(argv[1], childOption) != 0)
        return -1;
    for (const auto &[name, program] : childPrograms()) {
        if (name == argv[2])
            return program();
    }
    return 2;
}

double runInChild(const std::string &name)
{
    constexpr rlim_t stackSize = 8192 * 1024;
    const Stopwatch watch;
    const pid_t child = fork();
    if (child < 0)
        throw Failed("no child process");
    if (child == 0) {
        // other threads exist: only what is safe after fork() until exec
        rlimit limit{};
        getrlimit(RLIMIT_STACK, &limit);
        limit.rlim_cur = stackSize;
        setrlimit(RLIMIT_STACK, &limit);
        rlimit noCore{0, 0};
        setrlimit(RLIMIT_CORE, &noCore);
        const int null = open("/dev/null", O_WRONLY);
        dup2(null, STDERR_FILENO);
        execl("/proc/self/exe", "benchmark", childOption, name.c_str(), static_cast<char *>(nullptr));
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) { }
    if (WIFSIGNALED(status))
        throw Failed(std::string("crashed: ") + strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0)
        throw Failed("exit status " + std::to_string(WEXITSTATUS(status)));
    return watch.ns() / 1e6;
}

double CpuStopwatch::now()
{
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

double median(std::vector<double> values)
{
    if (values.empty())
        return std::numeric_limits<double>::quiet_NaN();
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

} // namespace Benchmarks
