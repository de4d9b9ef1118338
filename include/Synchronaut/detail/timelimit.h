#pragma once

#include <Synchronaut/detail/callrecord.h>
#include <Synchronaut/detail/message.h>

#include <chrono>
#include <memory>
#include <source_location>

namespace Synchronaut::detail {

class CallState;

/*!
    A deadline for a part of a call's code. When it expires, what that code awaits or blocks for is
    cancelled; nothing is allocated, no call is made.

    idle -> entered -> expired, by the deadline queue of the call's home (a task's limit), or found
    out when looked at (a plain function's). Leaving goes back to idle. An expiry counts only when nothing
    else has told the code to stop before: the earliest of several limits is the one reported.
*/
class SYNCHRONAUT_EXPORT TimeLimit : public StopScope, public DeadlineEntry
{
public:
    explicit TimeLimit(Kind k) noexcept;
    ~TimeLimit() { leave(); }

    /// Begins now, for the code that \a call runs on this thread, with \a limit ns to go.
    void enter(CallRecord *call, std::int64_t limit);
    void leave() noexcept;
    /// Marks it as the reason to stop, unless there is another one; stops what the code waits for.
    void expireNow();
    /// A plain function's limit has nobody who would look at the clock for it.
    bool hasPassed() const noexcept { return expired || (index < 0 && at <= steadyNow()); }
    /// A CallTimeout of this name and place, in the call that is running.
    [[noreturn]] void throwTimeout() const;
    /// Is stopped with the limit or with what surrounds it.
    std::stop_token stopToken();
    std::int64_t granted() const noexcept { return m_granted; }

    const char *name = nullptr; ///< for messages
    std::source_location where = {};

private:
    struct Token;
    struct DeleteToken
    {
        void operator()(Token *token) const;
    };
    std::int64_t m_granted = 0; ///< ns
    std::unique_ptr<Token, DeleteToken> m_token; ///< where user code has asked for one
};

/// Finds out whether a limit of the code that \a call runs has passed, ahead of its timer.
SYNCHRONAUT_EXPORT void expireLimits(CallRecord *call);

} // namespace Synchronaut::detail
