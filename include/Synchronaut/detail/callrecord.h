#pragma once

#include <Synchronaut/calloptions.h>
#include <Synchronaut/detail/contextmap.h>
#include <Synchronaut/detail/refptr.h>
#include <Synchronaut/errors.h>
#include <Synchronaut/export.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <source_location>
#include <stop_token>

namespace Synchronaut::detail {

/// Why a call is to stop. The first reason given stays.
enum class StopReason : std::uint8_t { None, Canceled, TimedOut, LoopEnded };

/// What messages say about a call. \c typeName is a __PRETTY_FUNCTION__, looked at only on error.
struct SYNCHRONAUT_EXPORT CallSite
{
    const char *name = nullptr;
    const char *typeName = nullptr;
    std::source_location where = {};

    QString displayName() const;
};

inline constexpr std::int64_t noDeadline = std::numeric_limits<std::int64_t>::max();

/// Steady clock in ns: the time base of all deadlines in here.
SYNCHRONAUT_EXPORT std::int64_t steadyNow() noexcept;

class CallRecord;
class TimeLimit;

/*!
    A part of a call's code for which stopping has rules of its own: a shield, inside of which
    nothing from outside counts, or a time limit. Lives in a frame or on the stack of the call, and is
    touched by the thread that runs the call only. Frames that are destroyed may leave in any order.
*/
class SYNCHRONAUT_EXPORT StopScope
{
public:
    enum class Kind : std::uint8_t {
        Shield,
        AwaitLimit, ///< of withTimeout(): it turns CallCanceled into CallTimeout itself
        CodeLimit,  ///< of a DeadlineScope: awaits of the frame that made it throw CallTimeout
    };

    explicit StopScope(Kind k) noexcept : kind(k) { }
    StopScope(const StopScope &) = delete;
    StopScope &operator=(const StopScope &) = delete;
    ~StopScope() { leave(); }

    void enter(CallRecord *call) noexcept;
    void leave() noexcept;

    StopScope *outer = nullptr;
    CallRecord *record = nullptr; ///< null: not entered
    const Kind kind;
    bool expired = false;         ///< of a limit: it is why this code is to stop
    int tasksBelow = 0;           ///< tasks awaiting one another between its frame and what runs
};

/*!
    What travels with a call: context, cancellation, deadline, and who called.

    Shared by reference count. The context pointer and the mode belong to the thread that runs
    the call at that time; stop reason and stop source may be touched by any thread; the rest is
    written before the call starts and constant afterwards.
*/
class SYNCHRONAUT_EXPORT CallRecord
{
public:
    CallRecord() noexcept = default;
    CallRecord(const CallRecord &) = delete;
    CallRecord &operator=(const CallRecord &) = delete;

    void ref() noexcept { m_refs.fetch_add(1, std::memory_order_relaxed); }
    void deref() noexcept
    {
        if (m_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
            destroy();
    }

    StopReason stopReason() const noexcept
    {
        return static_cast<StopReason>(m_stop.load(std::memory_order_acquire) & ~polledBit);
    }
    /// True when the code that runs now is to stop, by whomever; shielded code sees false. The
    /// thread that runs the call.
    bool isStopRequested() const noexcept
    {
        if (scopes) [[unlikely]]
            return isStopRequestedInScope();
        return isCallStopped();
    }
    /// False: nothing at all speaks against going on.
    bool needsAttention() const noexcept
    {
        return scopes || m_stop.load(std::memory_order_acquire) != 0;
    }
    /// isStopRequested() without counting the limit \a except.
    bool isStopRequestedInScope(const StopScope *except = nullptr) const noexcept;
    /// No stop of the call reaches the code that runs now. The thread that runs the call.
    bool isShielded() const noexcept;
    /// isStopRequested() for the call as a whole. Any thread.
    bool isCallStopped() const noexcept
    {
        const std::uint8_t stop = m_stop.load(std::memory_order_acquire);
        return stop != 0 && (stop != polledBit || stopPolled());
    }
    /// The innermost DeadlineScope that the frame which runs has set itself and that fits.
    template <typename Condition>
    const TimeLimit *limitOfFrame(Condition fits) const noexcept
    {
        const StopScope *scope = scopes;
        while (scope && scope->kind == StopScope::Kind::CodeLimit && scope->tasksBelow == 0) {
            if (fits(asLimit(*scope)))
                return &asLimit(*scope);
            scope = scope->outer;
        }
        return nullptr;
    }
    /// Throws CallTimeout where the frame that runs has set a DeadlineScope that has expired.
    void throwIfLimitPassed() const;
    /// The earliest deadline that holds for the code that runs now.
    std::int64_t currentDeadline() const noexcept;
    /// stopPolled() has something to look at. Before the call starts.
    void setPolled() noexcept { m_stop.store(polledBit, std::memory_order_relaxed); }
    bool isPolled() const noexcept { return m_stop.load(std::memory_order_relaxed) & polledBit; }
    /// Sets the reason unless there is one; tells stop tokens. True for the first. Any thread.
    bool setStopReason(StopReason reason);
    /// The token that user code sees; its source is made on first use. Any thread.
    std::stop_token stopToken();
    /// The one for the code that runs now: of its innermost limit, or stopToken().
    std::stop_token currentStopToken();

    CallErrorOrigin origin() const;
    /// As one of the callers in a message: "name (file:line)".
    QString callerText() const;
    QString displayName() const { return site.displayName(); }

private:
    // what every resumption looks at comes first, in one cache line with the virtual table's pointer
    std::atomic<int> m_refs{0};
    static constexpr std::uint8_t polledBit = 0x80;
    std::atomic<std::uint8_t> m_stop{0}; ///< a StopReason, and whether there is something to poll

public:
    std::int8_t mode = -1;              ///< CallModeScope in force, -1: none
    StopScope *scopes = nullptr;        ///< innermost first; for the thread that runs the call
    RefPtr<ContextMap> context;
    std::uint64_t chain = 0;            ///< equal for all calls made on behalf of one another
    std::int64_t deadline = noDeadline; ///< the earliest of its own and its callers'
    RefPtr<CallRecord> parent;          ///< the call that made this one
    CallSite site;

protected:
    virtual ~CallRecord();
    virtual void destroy() noexcept { delete this; }
    /// A stop request that only shows when looked at: the user's QFuture::cancel().
    virtual bool stopPolled() const noexcept { return false; }

private:
    static const TimeLimit &asLimit(const StopScope &scope) noexcept;

    std::atomic<std::stop_source *> m_stopSource{nullptr};
};

/// Sets aside the context while a plain function is called directly: saved only when it changes.
struct ContextGuard
{
    ContextGuard *outer = nullptr;
    CallRecord *record = nullptr; ///< whose context was saved; null: nothing changed so far
    RefPtr<ContextMap> saved;
};

/// What a thread knows about itself. Trivial, so that it costs nothing to reach or to leave.
struct ThreadBlock
{
    CallRecord *current = nullptr; ///< the call whose code runs now; null: the thread's own code
    CallRecord *own = nullptr;     ///< record of the thread's own code, made on first use
    ContextGuard *guard = nullptr;
    class Mailbox *mailbox = nullptr;
    QThreadPool *pool = nullptr;   ///< the pool for which our runner works on this thread
    class PoolWorkers *workers = nullptr; ///< ... as one of these
    int depth = 0;                 ///< calls running inside one another on this stack
    bool isTask = false;           ///< a coroutine of ours is running
    bool dead = false;             ///< the thread is ending: nothing is made any more
};

/// "Function f timed out after 0.5s".
SYNCHRONAUT_EXPORT CallTimeout timeoutError(const CallErrorOrigin &origin, std::int64_t granted);

/// This thread's block. Never kept across a suspension.
SYNCHRONAUT_EXPORT ThreadBlock &threadBlock() noexcept;
/// The running call's record, else the thread's own.
SYNCHRONAUT_EXPORT CallRecord &currentRecord();
/// Context of the running code; may be null.
SYNCHRONAUT_EXPORT ContextMap *currentContext() noexcept;
/// Changes the context of the running code, honouring guards.
SYNCHRONAUT_EXPORT void setCurrentContext(RefPtr<ContextMap> context);
/// Puts back what a guard has saved. Called when \c saved is set, out of line to keep callers small.
SYNCHRONAUT_EXPORT void restoreContext(ContextGuard &guard) noexcept;

/// Isolates the context of a direct call (G17) at the price of two stores.
class DirectCallScope
{
public:
    explicit DirectCallScope(ThreadBlock &block) noexcept : m_block(block)
    {
        m_guard.outer = m_block.guard;
        m_block.guard = &m_guard;
    }
    ~DirectCallScope()
    {
        m_block.guard = m_guard.outer;
        if (m_guard.record)
            restoreContext(m_guard);
    }
    DirectCallScope(const DirectCallScope &) = delete;
    DirectCallScope &operator=(const DirectCallScope &) = delete;

private:
    ThreadBlock &m_block;
    ContextGuard m_guard;
};

} // namespace Synchronaut::detail
