#pragma once

#include <cstdint>

namespace Synchronaut::detail {

enum class Delivery : std::uint8_t {
    Run,     ///< on the mailbox's own thread
    Dropped, ///< the mailbox has closed; on whatever thread found out
};

/// An intrusive node of a mailbox. Its owner keeps it alive until it was delivered, exactly once.
struct Message
{
    Message *next = nullptr;
    void (*deliver)(Message *, Delivery) = nullptr;
    std::uint64_t onBehalf = 0; ///< see CallRecord::chain
};

/// An entry of a thread's deadline queue, embedded in what waits. Home thread only.
struct DeadlineEntry
{
    std::int64_t at = 0; ///< ns, steady clock
    std::int32_t index = -1; ///< place in the heap, -1: not armed
    std::uint64_t onBehalf = 0;
    void (*expire)(DeadlineEntry *) = nullptr;
};

} // namespace Synchronaut::detail
