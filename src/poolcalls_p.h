#pragma once

#include <Synchronaut/detail/callstate.h>

namespace Synchronaut::detail {

/// The plain calls that are queued for or running on pools: what shutdown() has to reach.
class PoolCalls
{
public:
    static void add(CallState *call);
    static void remove(CallState *call);
    /// Runs one that was added, on this thread of \a pool; its reference is given back.
    static void run(CallState *call, QThreadPool *pool);
    /// The link by which a call is queued for a pool.
    static Message *linkOf(CallState *call) noexcept { return static_cast<StartMessage *>(call); }
    static CallState *callOf(Message *link) noexcept
    {
        return static_cast<CallState *>(static_cast<StartMessage *>(link));
    }
    /// Settles all of them as cancelled; running functions see isCanceled().
    static void stopAll();
};

} // namespace Synchronaut::detail
