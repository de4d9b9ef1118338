// Does nothing, and prints what it costs: threads and open files of this process.
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <iterator>

static std::ptrdiff_t entries(const char *folder)
{
    return std::distance(std::filesystem::directory_iterator(folder), {});
}

int main()
{
    std::printf("threads %td\n", entries("/proc/self/task"));
    std::printf("files %td\n", entries("/proc/self/fd"));
}
