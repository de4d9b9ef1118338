#pragma once

#include <Synchronaut/detail/callrecord.h>
#include <Synchronaut/detail/framepool.h>
#include <Synchronaut/detail/message.h>
#include <Synchronaut/detail/suspension.h>

#include <QtCore/QFuture>

#include <coroutine>
#include <exception>
#include <mutex>
#include <stop_token>

QT_BEGIN_NAMESPACE
class QEventLoop;
class QFutureInterfaceBase;
class QRunnable;
QT_END_NAMESPACE

namespace Synchronaut::detail {

class Mailbox;
class PoolRunnable;
class TurnQueue;

/// Of a call on a thread-affine Synchronizer; see TurnQueue.
struct Turn
{
    TurnQueue *queue = nullptr;
    bool waits = false; ///< for its turn; under waitGraphLock()
};

struct StartMessage : Message
{
};
struct WakeMessage : Message
{
};

/*!
    One call: the only thing that caller and callee share.

    Settling is one exchange on m_claimed: exactly one of {finished, failed, timed out, cancelled}
    wins, stores its part and publishes. Publishing is one exchange on m_waiter, against which a
    caller that wants to wait does one compare-exchange: either it finds Done and goes on, or the
    publisher finds who waits and wakes exactly that. Everything a waiter reads was written before
    that exchange (release) and is read after it (acquire).

    A call is run by one of three runners: direct (execute() on the caller's thread), pool
    (execute() on a pool thread) or home (startHome() on the thread of m_home: a coroutine with
    m_root as its outermost frame). References are held by the runner while it may touch the call,
    by the waiter, and by the message while it is under way.
*/
class SYNCHRONAUT_EXPORT CallState : public CallRecord,
                                     private StartMessage,
                                     private WakeMessage,
                                     private DeadlineEntry
{
public:
    enum class Outcome : std::uint8_t { Pending, Value, Error, TimedOut, Canceled, LoopEnded };
    enum class Waiter : std::uint8_t { None, Coroutine, Thread, EventLoop, Outside, Done };

    enum class Kind : std::uint8_t { Plain, Home };

    explicit CallState(Kind kind) noexcept;

    /// How a call ends that was stopped for this reason.
    static Outcome outcomeOf(StopReason reason) noexcept;

    // -- set-up, on the calling thread --------------------------------------------------------
    /// Captures context, deadline, parent. False when it settled at once: expired, negative,
    /// cancelled, a null callable, no application.
    bool begin(const CallOptions &options, const char *typeName, bool needsApplication);
    /// Makes the call one of \a chain, for those who serve that while they wait. Before it starts, or
    /// at home.
    void joinChain(std::uint64_t newChain) noexcept;
    /// What begin() gets to hear of a null function or object; null: nothing wrong.
    const char *flaw = nullptr;
    /// Throws CallCanceled if this call, which is running, is to stop or out of time.
    void checkRunning();
    /// Settles with a CallError of this text.
    void reject(const QString &message);

    // -- runners ------------------------------------------------------------------------------
    /// Runs a plain function here, inside the call's context.
    void runHere();
    /// The same for a call made by the code that runs here, whose stop is the call's, too.
    void runInCaller();
    /// A part of that: the call's code sees the caller's stop where it looks. Before it runs.
    void followCaller() noexcept;
    /// Waits for who has claimed the call, and is about to publish.
    void awaitPublished() const noexcept;
    /// Hands a plain function to \a pool (null: blockingPool()).
    void submit(QThreadPool *pool, bool stealable = false);
    /// submit(), or to a pool thread that is blocked on behalf of the same chain: it is idle anyway.
    void submitOrLend(const CallOptions &options);
    /// Runs a plain function on a thread of its own.
    void runOnOwnThread();
    /// Starts a coroutine on this thread's loop; runs it to its first suspension.
    void startHome();
    /// The background loop, or this one of ours; starts the coroutine there and waits.
    void startForBlockingCall();
    /// On the background loop, without waiting.
    void startOnBackground();
    /// Runs the call, of either kind, on the thread of \a mailbox. Any thread.
    void sendTo(Mailbox *mailbox);
    /// The same for this thread, at once.
    void sendHere();
    /// The same for a call made by the code that runs here; see runInCaller().
    void sendInCaller();

    // -- settling, any thread -----------------------------------------------------------------
    bool isSettled() const noexcept
    {
        return m_waiter.load(std::memory_order_acquire) == Waiter::Done;
    }
    Outcome outcome() const noexcept { return m_outcome; }
    /// True from the moment on at which somebody has begun to settle the call.
    bool isClaimed() const noexcept { return m_claimed.load(); }
    bool claim() noexcept { return !m_claimed.exchange(true, std::memory_order_acq_rel); }
    void publish(Outcome outcome);
    bool settleError(std::exception_ptr error);
    bool settleStopped(Outcome outcome);
    /// Asks the callee to stop; a plain one settles at once, a coroutine when it has unwound.
    void requestStop(StopReason reason);
    /// The error of an unsuccessful outcome.
    std::exception_ptr error() const;
    /// Throws it, keeping none: the exception then dies with the caller's handler.
    [[noreturn]] void throwError();
    [[noreturn]] void throwStopped() const;
    /// A limit inside of the call's code has expired: ends what that code waits for. The thread that
    /// runs the call.
    void interrupt();

    // -- waiting ------------------------------------------------------------------------------
    /// Calls \a start, which starts the call, and blocks this thread until it has settled or the
    /// deadline passed, serving the chain (G1, G3, G4). The thread is registered as waiting before
    /// the start, so that what is started finds it.
    template <typename Start>
    void startAndWait(WaitMode waitMode, Start start)
    {
        waitBlocking(waitMode, [](void *what) { (*static_cast<Start *>(what))(); }, &start);
    }
    /// Turns this thread's event loop until settled.
    void waitInEventLoop();
    /// What run() does: the application's or the thread's event loop until settled.
    void waitAsMain();
    /// With ContextFlow::CopyInOut: makes the callee's context the caller's.
    void takeContextBack();
    /// Lets the deadline be watched by this thread's loop, or the background loop.
    void watchDeadline();
    void armDeadlineHere();
    /// Registers \a awaiter; false: settled already, do not suspend. Home thread of the awaiter.
    bool attachAwaiter(Suspension *awaiter);
    /// The same for a coroutine of another library.
    bool attachOutside(std::coroutine_handle<> frame);
    /// The awaiting frame goes away: whatever was started for it is stopped.
    void detachAwaiter() noexcept;
    /// The awaiter has taken the result: it is not to be touched any more.
    void forgetAwaiter() noexcept { m_awaiter = nullptr; }
    void detachOutside() noexcept;

    // -- the coroutine, home thread -----------------------------------------------------------
    /// Resumes \a handle and what follows from it, iteratively, inside the call's context.
    void drive(std::coroutine_handle<> handle);
    /// Destroys the coroutine where it is suspended and settles the call as cancelled.
    void destroyNow(Outcome outcome);
    /// The coroutine runs, and is to be destroyed at its next suspension.
    bool isDoomed() const noexcept { return m_doomed; }
    bool isPlain() const noexcept { return m_kind == Kind::Plain; }
    Mailbox *home() const noexcept { return m_home.load(std::memory_order_acquire); }

    /// CallRecord's, for the code that runs now, which is told of QFuture::cancel() from now on, too.
    std::stop_token giveStopToken();
    /// What the call's code blocks for now, if anything. Any thread.
    RefPtr<CallState> blockedOn() noexcept;
    /// True while somebody waits for the call whom it knows. Any thread.
    bool isAwaited() const noexcept
    {
        const Waiter waiter = m_waiter.load(std::memory_order_acquire);
        return waiter != Waiter::None && waiter != Waiter::Done;
    }
    /// Null where calls do not take turns.
    virtual Turn *turn() noexcept { return nullptr; }

    virtual QFutureInterfaceBase *future() noexcept { return nullptr; }

    static void *operator new(std::size_t size) { return frameAllocate(size); }
    static void *operator new(std::size_t size, std::align_val_t align)
    {
        return ::operator new(size, align);
    }
    static void operator delete(void *block, std::size_t size) { frameFree(block, size); }
    static void operator delete(void *block, std::size_t, std::align_val_t align)
    {
        ::operator delete(block, align);
    }

protected:
    ~CallState() override;

    /// Calls the plain function and settles. Must not throw.
    virtual void execute() noexcept { }
    /// Calls the async function; gives the frame to run, or null when it settled.
    virtual std::coroutine_handle<> launch() noexcept { return {}; }
    /// The root frame has finished: take its result, destroy it, settle.
    virtual void finishRoot() noexcept { }
    /// Destroy frame and arguments, whatever state they are in.
    virtual void destroyRoot() noexcept { }
    /// Puts the error where the caller looks for it.
    virtual void storeError(const std::exception_ptr &) { }
    /// Finishes the future, if there is one. True when somebody can see an error in it.
    virtual bool finishFuture() { return true; }
    virtual PoolRunnable *runnable() noexcept { return nullptr; }

    bool stopPolled() const noexcept override;
    /// True when no other thread runs the callee now, which could look at the future. A plain
    /// function goes on after a timeout.
    virtual bool calleeIsQuiet() const noexcept;
    /// Another handle to the future, if there is one: to be told of its cancel().
    virtual QFuture<void> futureHandle() { return {}; }

private:
    friend class Mailbox;
    friend class Suspension;
    friend class PoolCalls;
    friend class OwnerWatch;
    friend class Observing;

    class Entered;
    class BlockedOn;
    class CancelPoll;

    static void deliverStart(Message *message, Delivery how);
    static void deliverWake(Message *message, Delivery how);
    static void expireTimer(DeadlineEntry *entry);
    void setHome(Mailbox *mailbox) noexcept;
    void setWaitMailbox(Mailbox *mailbox) noexcept;
    void onDeadline();
    void expireCallers();
    void deliverStop();
    /// Lets go of the wait that the callee's code is in; not if that is shielded and \a shieldHolds.
    void stopBlocked(Outcome outcome, bool shieldHolds);
    void publishStopped(Outcome outcome);
    CallCanceled canceledError() const;
    void wakeWaiter(Waiter waiter);
    void disarm() noexcept;
    void watchFutureCancel();
    /// Stops the call if its future has been cancelled; true when there is no more to look at.
    bool pollCancel();
    void retireRoot();
    void waitBlocking(WaitMode waitMode, void (*start)(void *), void *argument);
    bool isLendable() const noexcept;
    void blockThread(Mailbox &mailbox, std::int64_t limit);

protected:
    std::exception_ptr m_error;

public:
    /// What the trampoline resumes next; set by await and final suspension.
    std::coroutine_handle<> m_nextFrame;

private:
    // what every resumption looks at stands together, with m_nextFrame
    Suspension *m_suspension = nullptr; ///< what the coroutine waits for now
    std::coroutine_handle<> m_root;
    std::atomic<Mailbox *> m_home{nullptr}; ///< where the coroutine runs; a counted reference
    QObject *m_cancelWatcher = nullptr; ///< of a suspended coroutine's future; home thread
    std::atomic<Waiter> m_waiter{Waiter::None};
    std::atomic<bool> m_claimed{false};
    Outcome m_outcome = Outcome::Pending;
    Kind m_kind = Kind::Plain;
    Waiter m_wake = Waiter::None; ///< what the wake message finds
    bool m_running = false;       ///< drive() is on the stack
    bool m_doomed = false;        ///< destroy the frame at its next suspension
    bool m_copyContextOut = false;
    bool m_watched = false;       ///< has an OwnerWatch
    bool m_execs = false;         ///< EventLoop waiter is QCoreApplication::exec()
    std::atomic<std::uint8_t> m_observed{0}; ///< by whom: see Observing
    enum class Polls : std::uint8_t { No, Yes, Ended };
    std::atomic<Polls> m_polls{Polls::No}; ///< whether CancelPoll looks; it does so under m_blockedLock
    std::atomic_flag m_blockedLock;

    /// What the callee's code blocks for, or has called directly, and whether that code is shielded; under m_blockedLock.
    struct Blocked
    {
        CallState *inner = nullptr;
        bool shielded = false;
    } m_blocked;
    const CallState *m_inCaller = nullptr; ///< whose code has called this one directly
    CallState *m_listPrev = nullptr; ///< calls of a home, or of the pool registry
    CallState *m_listNext = nullptr;
    union {
        Suspension *m_awaiter = nullptr; ///< Waiter::Coroutine
        QEventLoop *m_loop;              ///< Waiter::EventLoop
        void *m_outside;                 ///< Waiter::Outside: a foreign coroutine's address
    };
    Mailbox *m_waitMailbox = nullptr; ///< whom to wake; a counted reference
    Mailbox *m_timerMailbox = nullptr; ///< where the deadline is armed; a counted reference
    std::int64_t m_granted = 0;   ///< time the caller gave, for messages
};

} // namespace Synchronaut::detail
