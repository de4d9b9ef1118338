#pragma once

#include "logging_p.h"

#include <Synchronaut/detail/callstate.h>

#include <atomic>
#include <cstdint>

namespace Synchronaut::detail {

/*!
    Tells stats(), Trace and the debug output of synchronaut.calls what happens to calls. Nobody pays for
    more than a look at CallState::m_observed, which is set where a call begins: whoever begins to look
    later does not see that call.
*/
class Observing
{
public:
    enum Who : std::uint8_t {
        Counting = 1,
        Tracing = 2,
        Logging = 4,
        HasStarted = 8, ///< no observer: this call's code has begun to run
    };

    static void turn(Who who, bool on) noexcept;

    /// The call is about to be sent to where it runs; the caller's thread.
    static void begun(CallState &call)
    {
        const QLoggingCategory *const log = s_log.load(std::memory_order_relaxed);
        if (s_who.load(std::memory_order_relaxed) || !log || log->isDebugEnabled()) [[unlikely]]
            tellBegun(call);
    }
    /// Its code is about to run for the first time, here.
    static void started(CallState &call)
    {
        if (call.m_observed.load(std::memory_order_relaxed)) [[unlikely]]
            tellStarted(call);
    }
    /// Somebody settles it, before others can know; any thread.
    static void settled(CallState &call, CallState::Outcome outcome)
    {
        if (call.m_observed.load(std::memory_order_relaxed)) [[unlikely]]
            tellSettled(call, outcome);
    }
    /// Where an arrow of the trace ends that comes from the beginning of a call, or from its end.
    enum class Arrow : std::uint8_t {
        Start,      ///< the call's code begins
        Resumption, ///< the coroutine that awaited the call is about to be resumed
        Wait,       ///< a thread that waited for it goes on
    };
    /// Whoever waited for it goes on, on this thread.
    static void woken(CallState &call, Arrow end)
    {
        if (isTraced(call)) [[unlikely]]
            traceArrow(call, end);
    }
    static bool isTraced(const CallState &call) noexcept
    {
        return call.m_observed.load(std::memory_order_relaxed) & Tracing;
    }

    /// A thread runs code of a call, or is blocked in one (then \a waits), while this lives.
    class Slice
    {
    public:
        explicit Slice(CallState *call, bool waits = false) noexcept
        {
            if (call && isTraced(*call)) [[unlikely]]
                begin(call, waits);
        }
        ~Slice()
        {
            if (m_call) [[unlikely]]
                end();
        }
        Slice(const Slice &) = delete;
        Slice &operator=(const Slice &) = delete;

    private:
        void begin(CallState *call, bool waits) noexcept;
        void end() noexcept;

        CallState *m_call = nullptr; ///< whoever makes the slice keeps it; null: not traced
        std::int64_t m_since;        ///< this and what follows only if traced: each call pays for stores
        bool m_waits;
    };

    /// Threads of ours that are there now.
    static inline constinit std::atomic<int> threads{0};
    /// The GUI thread was blocked \a since then, a time of the steady clock.
    static void guiWasBlocked(std::int64_t since) noexcept;

private:
    static const char *textOf(CallState::Outcome outcome) noexcept;
    static void tellBegun(CallState &call);
    static void tellStarted(CallState &call);
    static void tellSettled(CallState &call, CallState::Outcome outcome);

    // in trace.cpp
    static void traceBegun(CallState &call);
    static void traceSettled(CallState &call, CallState::Outcome outcome);
    static void traceArrow(CallState &call, Arrow end);

    static constinit std::atomic<std::uint8_t> s_who;
    /// lcCalls(), which costs a call; null before the first one.
    static constinit std::atomic<const QLoggingCategory *> s_log;
};

/// One of our threads, for as long as it runs.
class CountedThread
{
public:
    /// Counts the current thread until it ends, once.
    static void countThis();
    CountedThread() noexcept { Observing::threads.fetch_add(1, std::memory_order_relaxed); }
    ~CountedThread() { Observing::threads.fetch_sub(1, std::memory_order_relaxed); }
    CountedThread(const CountedThread &) = delete;
    CountedThread &operator=(const CountedThread &) = delete;
};

} // namespace Synchronaut::detail
