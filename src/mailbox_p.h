#pragma once

#include "deadlinequeue_p.h"
#include "parker_p.h"
#include "spin_p.h"

#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/detail/message.h>
#include <Synchronaut/detail/refptr.h>

#include <QtCore/QObject>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

QT_BEGIN_NAMESPACE
class QAbstractEventDispatcher;
class QThread;
QT_END_NAMESPACE

namespace Synchronaut::detail {

class MailboxReceiver;

/*!
    A thread's inbox, its deadlines and its ready coroutines. One a thread, made on first use,
    closed with the thread; shared by reference count, since others may still hold it then.

    m_head is an intrusive stack pushed by any thread and taken whole by its own. Two addresses in
    it are no messages: Idle (the owner sleeps or is elsewhere: the next poster wakes it) and
    Closed (the thread has ended: posting fails). null means empty and awake.
    Waking is a token for a blocked owner and one posted event for one with an event loop.
    Everything but post(), wake(), lend() and close state belongs to the owner thread.
*/
class Mailbox
{
public:
    /// This thread's, made now if need be.
    static Mailbox &current();
    /// This thread's, or null.
    static Mailbox *existing() noexcept { return threadBlock().mailbox; }
    /// Another thread's, made now if need be; null when the thread has ended.
    static RefPtr<Mailbox> of(QThread *thread);
    /// All open ones.
    static std::vector<RefPtr<Mailbox>> all();

    Mailbox() = default;
    Mailbox(const Mailbox &) = delete;
    Mailbox &operator=(const Mailbox &) = delete;

    void ref() noexcept { m_refs.fetch_add(1, std::memory_order_relaxed); }
    void deref() noexcept
    {
        if (m_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    // -- any thread ---------------------------------------------------------------------------
    /// False when the thread has ended; the message is then still the caller's.
    bool post(Message *message);
    void unpark() noexcept { m_parker.unpark(); }
    bool isCurrent() const noexcept { return threadBlock().mailbox == this; }
    /// Runs \a message on the owner, if that is a pool thread blocked in a wait for \a call.
    bool lend(const CallState *call, Message *message);

    // -- owner thread -------------------------------------------------------------------------
    /// Makes this thread's event loop drain the mailbox from now on.
    void attachLoop();
    void adopt();
    void ready(Suspension *suspension) noexcept;
    void unready(Suspension *suspension) noexcept;
    void arm(DeadlineEntry *entry);
    void disarm(DeadlineEntry *entry) noexcept { m_deadlines.remove(entry); }
    void drain();
    /// Runs one thing of \a chain that is due; false when there was none.
    bool serveOne(std::uint64_t chain);
    /// True when nothing came since: the next post wakes. False: look again.
    bool goIdle() noexcept;
    /// Sleeps until woken, the earliest deadline of \a chain, or \a deadline.
    void park(std::int64_t deadline) { m_parker.park(deadline); }
    std::int64_t earliestDeadline() noexcept;
    /// The earliest of one chain; looks at all of them where another chain's is earlier.
    std::int64_t earliestDeadlineOf(std::uint64_t chain) noexcept;
    /// After a blocking wait: what was set aside is seen to by the loop.
    void resumeLoop();
    bool hasNews() const noexcept;
    bool hasSetAside() const noexcept { return m_readyFirst || m_first || m_asideFirst; }
    void close();
    bool isClosed() const noexcept { return m_head.load(std::memory_order_acquire) == closedMark(); }

    void addCall(CallState *call) noexcept;
    void removeCall(CallState *call) noexcept;
    /// Tells all calls at home here to stop.
    void stopAll(StopReason reason);
    /// stopAll() on the owner thread, from any other.
    void postStopAll();
    bool hasCalls() const noexcept { return m_calls != nullptr; }

    /// For lend(): which wait may be served with plain calls now; null: none. Owner thread.
    void setLendable(const CallState *call);

    bool spins = false;       ///< our own loop: look for messages a little before sleeping
    bool ownLoop = false;     ///< the thread is an EventLoopThread's
    bool inTurn = false;      ///< ... on which no call begins while another one blocks
    /// Whether a blocking wait of this thread lets other work in before long.
    bool takesOthers() const noexcept { return ownLoop && !inTurn; }
    std::atomic<int> loopWaits{0}; ///< waits of a loop of ours, inside one another
    int blockedWaits = 0;     ///< waits in which this thread's loop does not turn
    std::atomic<CallState *> waitsFor{nullptr}; ///< guarded by the wait graph's lock

private:
    friend class MailboxReceiver;
    ~Mailbox();

    static Message *idleMark() noexcept;
    static Message *closedMark() noexcept;
    void wake();
    bool takeNew() noexcept;
    bool fireDeadlines(const std::uint64_t *chain);
    void deliverNext();
    void aboutToBlock();
    void awake();
    bool hasPosts() const noexcept;
    void onTimer(int id);
    void scheduleTimer();
    void yieldToLoop();

    std::atomic<Message *> m_head{idleMark()};
    std::atomic<int> m_refs{0};
    Parker m_parker;
    std::mutex m_receiverLock; ///< only ever held for a postEvent
    MailboxReceiver *m_receiver = nullptr;
    std::mutex m_lendLock;
    const CallState *m_lendableTo = nullptr;

    Message *m_first = nullptr; ///< taken, in order
    Message *m_last = nullptr;
    Message *m_asideFirst = nullptr; ///< looked at by a blocking wait, not of its chain
    Message *m_asideLast = nullptr;
    Suspension *m_readyFirst = nullptr;
    Suspension *m_readyLast = nullptr;
    DeadlineQueue m_deadlines;
    std::int64_t m_timerAt = noDeadline; ///< when the OS timer fires
    int m_timerId = 0;
    int m_yieldTimerId = 0;
    SpinCredit m_spinCredit;
    bool m_attached = false;
    bool m_loopTellsBlocking = false; ///< this dispatcher emits aboutToBlock()
    bool m_loopTellsAwake = false;    ///< ... and awake()
    QAbstractEventDispatcher *m_dispatcher = nullptr; ///< to wake one of our loops; under m_receiverLock
    CallState *m_calls = nullptr;
};

} // namespace Synchronaut::detail
