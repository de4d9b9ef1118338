#pragma once

#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/detail/message.h>
#include <Synchronaut/detail/refptr.h>
#include <Synchronaut/detail/synchronizercore.h>

#include <deque>
#include <functional>

namespace Synchronaut::detail {

/*!
    The calls of a thread-affine Synchronizer: one has the turn, the others wait in order.

    waiting -> holder (on the loop, which runs it then) -> gone: a plain call with its return, a
    coroutine with its frame. One message is under way to the loop whenever there is no holder and
    somebody waits; it belongs to no chain, so that no blocked call lets the next one in.
    All is guarded by waitGraphLock().
*/
class TurnQueue : private Message
{
public:
    explicit TurnQueue(SynchronizerCore &core);
    ~TurnQueue();
    TurnQueue(const TurnQueue &) = delete;
    TurnQueue &operator=(const TurnQueue &) = delete;

    /// Lets \a call wait for its turn, or settles it if that would never come. Any thread.
    void add(CallState *call);
    /// Runs \a call now; it has the turn if that is free. Loop thread.
    void runNow(CallState *call);
    /// The frame of \a call has gone. Loop thread.
    void end(CallState *call);
    /// Nothing is let in any more; coroutines are cancelled. Calls \a whenDone, on whatever thread,
    /// when the last call has gone.
    void close(std::function<void()> whenDone);

    Mailbox &home() const noexcept { return m_core.mailbox(); }

    // with the lock held
    RefPtr<CallState> holder() const { return m_holder; }
    const std::deque<RefPtr<CallState>> &waiting() const { return m_waiting; }

private:
    static void deliverNext(Message *message, Delivery how);
    void runNext();
    void wake();
    void dropAll();
    /// With the lock held: true when the loop has to be told that somebody waits.
    bool needsWake();
    std::function<void()> takeWhenDone();

    SynchronizerCore &m_core;
    RefPtr<CallState> m_holder;
    std::deque<RefPtr<CallState>> m_waiting;
    bool m_wakeUnderWay = false;
    bool m_closed = false;
    std::function<void()> m_whenDone;
};

} // namespace Synchronaut::detail
