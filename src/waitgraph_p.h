#pragma once

#include "mailbox_p.h"

#include <QtCore/QStringList>

#include <cstdint>
#include <mutex>
#include <vector>

namespace Synchronaut::detail {

class TurnQueue;

// Who waits for whom, as far as we see it (G2). A call waits
//  - for the one that its code blocks for (CallState::blockedOn());
//  - on a loop that turned in that wait, for the waits above it on the stack, which end first;
//  - on a thread-affine Synchronizer, before its turn, for the one that has the turn;
//  - at home in a thread that is blocked, for what that thread waits for, unless the thread serves it
//    (same chain) or takes on other work meanwhile (Mailbox::takesOthers());
//  - after its start, for the calls that it awaits or that run inside of it, of which those are looked
//    at that wait for their turn or block, they or others that they wait for.
// Pools take on other work and are in no circle. Each new wait looks for a circle after it is in the
// graph, under one lock: of those that close a circle at the same time the last one finds it.

/// Guards Mailbox::waitsFor and all TurnQueues. Nothing of the user's runs under it.
std::mutex &waitGraphLock();

/// A wait of a loop of ours, for as long as it stands on that thread's stack.
class StackedWait
{
public:
    StackedWait(Mailbox &waiter, CallState *call);
    ~StackedWait();
    StackedWait(const StackedWait &) = delete;
    StackedWait &operator=(const StackedWait &) = delete;

    Mailbox &thread() const noexcept { return m_waiter; }
    CallState *call() const noexcept { return m_call; }

private:
    Mailbox &m_waiter;
    CallState *m_call;
};

/// The calls of a circle that \a call is in, from it on; empty: in none. With the lock held, without
/// which \a seen, the calls that were looked at, are to be let go of. If there is one, \a call counts as
/// ended, so that no other wait finds the same circle, and settleDeadlocked() has to follow.
QStringList waitCircle(CallState *call, std::vector<RefPtr<CallState>> &seen);

/// What the call that closed the circle ends with. Any thread, without the lock.
void settleDeadlocked(CallState *call, const QStringList &circle);

/// Makes a queue one of those that are looked at, or no more. With the lock held.
void enlistTurns(TurnQueue *queue);
void delistTurns(TurnQueue *queue);

/// The chain for which the thread of \a mailbox, a loop of ours, is blocked now; 0: for none. Any
/// thread.
std::uint64_t chainWaitedForBy(Mailbox &mailbox);

} // namespace Synchronaut::detail
