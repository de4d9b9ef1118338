#pragma once

#include <Synchronaut/detail/batch.h>

#include <atomic>

namespace Synchronaut::detail {

/// Numbers of one block that were taken; on a cache line of its own.
struct alignas(64) Batch::Block
{
    std::atomic<std::uint32_t> taken{0};
};

/// A call of its own; under m_lock.
struct Batch::Child
{
    RefPtr<CallState> call; ///< while it can be stopped
    bool inRunner = false;
    bool settled = false;
};

/// Where a runner takes its numbers from.
struct Batch::Place
{
    static constexpr std::uint32_t none = 0xffff'ffff;
    std::uint32_t block = none;
};

} // namespace Synchronaut::detail
