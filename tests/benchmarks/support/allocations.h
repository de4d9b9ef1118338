// Counts what is allocated, by all threads, through malloc and thereby operator new.
#pragma once

#include <cstdint>

namespace Benchmarks {

struct Allocations
{
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0; ///< as asked for, without the heap's overhead
};

/// Counts from its construction on. One at a time. Frees are not subtracted.
class AllocationCount
{
public:
    AllocationCount();
    ~AllocationCount();
    AllocationCount(const AllocationCount &) = delete;
    AllocationCount &operator=(const AllocationCount &) = delete;

    Allocations soFar() const;
};

} // namespace Benchmarks
