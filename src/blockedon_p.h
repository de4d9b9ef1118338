#pragma once

#include "spin_p.h"

#include <Synchronaut/detail/callstate.h>

#include <utility>

namespace Synchronaut::detail {

/// Tells the running call (if any) what its code blocks for, so that a stop gets through.
class CallState::BlockedOn
{
public:
    explicit BlockedOn(CallState *inner) : m_caller(static_cast<CallState *>(threadBlock().current))
    {
        if (!m_caller)
            return;
        m_outer = exchange({inner, m_caller->isShielded()});
        if (m_caller->isStopRequested())
            stop(inner);
    }
    ~BlockedOn()
    {
        if (!m_caller)
            return;
        exchange(m_outer);
        // a stop that came meanwhile has been told to the inner one only
        if (m_outer.inner && !m_outer.shielded && m_caller->isCallStopped())
            stop(m_outer.inner);
    }
    BlockedOn(const BlockedOn &) = delete;
    BlockedOn &operator=(const BlockedOn &) = delete;

private:
    static void stop(CallState *inner)
    {
        inner->settleStopped(Outcome::Canceled);
        inner->requestStop(StopReason::Canceled);
    }
    Blocked exchange(Blocked blocked)
    {
        const SpinGuard guard(m_caller->m_blockedLock);
        return std::exchange(m_caller->m_blocked, blocked);
    }

    CallState *m_caller;
    Blocked m_outer;
};

} // namespace Synchronaut::detail
