#pragma once

#include <Synchronaut/calloptions.h>
#include <Synchronaut/detail/callrecord.h>
#include <Synchronaut/detail/suspension.h>
#include <Synchronaut/task.h>

#include <QtCore/QDeadlineTimer>

#include <chrono>

namespace Synchronaut {

namespace detail {

/// Waits in a task for a time on the steady clock; no QTimer, no allocation.
class SYNCHRONAUT_EXPORT SleepAwaiter : public Suspension, private DeadlineEntry
{
public:
    template <typename Awaitable>
    explicit SleepAwaiter(const Awaitable &source) noexcept : m_until(source.until())
    {
    }
    ~SleepAwaiter();

    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        m_caller = frame.promise().call;
        return suspend(frame);
    }
    void await_resume() const
    {
        if (isCanceled())
            m_caller->throwStopped();
    }

private:
    bool suspend(std::coroutine_handle<> frame);

    std::int64_t m_until;
    CallState *m_caller = nullptr;
};

} // namespace detail

/// What sleepFor(), sleepUntil() and yieldNow() give; awaited in a task, or in any coroutine.
class Sleep
{
public:
    using TaskAwaiter = detail::SleepAwaiter; ///< internal: how a Task awaits it

    /// Internal; see until().
    explicit Sleep(std::int64_t until) noexcept : m_until(until) { }
    std::int64_t until() const noexcept { return m_until; } ///< ns on the steady clock; 0: no wait

    /// For coroutines of other libraries.
    auto operator co_await() const { return asTask(*this).operator co_await(); }

private:
    static Task<void> asTask(Sleep sleep) { co_await sleep; }

    std::int64_t m_until;
};

/// Suspends the task for \a duration (negative or zero: only until the loop comes round).
/// Cancellation ends it with CallCanceled.
template <typename Rep, typename Period>
Sleep sleepFor(std::chrono::duration<Rep, Period> duration)
{
    const std::int64_t ns = detail::saturated(duration).count();
    if (ns <= 0)
        return Sleep(0);
    const std::int64_t now = detail::steadyNow();
    return Sleep(ns >= detail::noDeadline - now ? detail::noDeadline : now + ns);
}

/// Suspends the task until \a deadline; Forever means until it is cancelled.
SYNCHRONAUT_EXPORT Sleep sleepUntil(QDeadlineTimer deadline);

/// Suspends the task until a time of any clock. The clock is read once, now.
template <typename Clock, typename Duration>
Sleep sleepUntil(std::chrono::time_point<Clock, Duration> time)
{
    const auto now = Clock::now();
    return time <= now ? Sleep(0) : sleepFor(time - now); // what lies before cannot be subtracted
}

/// Lets everything else that is ready on this loop run first.
inline Sleep yieldNow()
{
    return Sleep(0);
}

} // namespace Synchronaut
