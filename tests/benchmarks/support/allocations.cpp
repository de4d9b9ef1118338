#include "allocations.h"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <malloc.h>

// The program's malloc comes before libc's for every library in the process; operator new of
// libstdc++ calls it too, so nothing is counted twice. Works with glibc only.

extern "C" {
void *__libc_malloc(std::size_t size);
void *__libc_calloc(std::size_t count, std::size_t size);
void *__libc_realloc(void *block, std::size_t size);
void *__libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

constinit std::atomic<bool> s_counting{false};
constinit std::atomic<std::uint64_t> s_blocks{0};
constinit std::atomic<std::uint64_t> s_bytes{0};

void count(std::size_t size) noexcept
{
    if (!s_counting.load(std::memory_order_relaxed))
        return;
    s_blocks.fetch_add(1, std::memory_order_relaxed);
    s_bytes.fetch_add(size, std::memory_order_relaxed);
}

} // namespace

extern "C" {

void *malloc(std::size_t size) noexcept
{
    count(size);
    return __libc_malloc(size);
}

void *calloc(std::size_t number, std::size_t size) noexcept
{
    count(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *block, std::size_t size) noexcept
{
    count(size);
    return __libc_realloc(block, size);
}

void *memalign(std::size_t alignment, std::size_t size) noexcept
{
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(std::size_t alignment, std::size_t size) noexcept
{
    count(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, std::size_t alignment, std::size_t size) noexcept
{
    count(size);
    *block = __libc_memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}

} // extern "C"

namespace Benchmarks {

AllocationCount::AllocationCount()
{
    s_blocks = 0;
    s_bytes = 0;
    s_counting = true;
}

AllocationCount::~AllocationCount()
{
    s_counting = false;
}

Allocations AllocationCount::soFar() const
{
    return {s_blocks.load(), s_bytes.load()};
}

} // namespace Benchmarks
