#pragma once

#include <Synchronaut/detail/timedawaiter.h>
#include <Synchronaut/task.h>

#include <QtCore/QDeadlineTimer>

#include <chrono>
#include <source_location>
#include <utility>

namespace Synchronaut {

/*!
    What withTimeout() gives: something to await, once, in a task or any other coroutine. A Task can
    be made of it. Move-only if the awaitable is.
*/
template <typename A>
class [[nodiscard]] Timed
{
public:
    using Result = typename detail::AwaitResult<A>::Type; ///< what awaiting it gives
    using TaskAwaiter = detail::TimedAwaiter<A>; ///< internal: how a Task awaits it

    /// Internal: withTimeout() makes one.
    template <typename B>
    Timed(B &&awaitable, const detail::TimeGiven &given)
        : m_awaitable(std::forward<B>(awaitable)), m_given(given)
    {
    }

    /// A task that awaits it; this is moved from.
    operator Task<Result>() { return detail::awaitAny<Result>(std::move(*this)); }
    /// For coroutines of other libraries; this is moved from.
    auto operator co_await() { return Task<Result>(*this).operator co_await(); }

private:
    friend class detail::TimedAwaiter<A>;

    A m_awaitable;
    detail::TimeGiven m_given;
};

/*!
    Awaits \a awaitable for at most \a limit, counted from the await. Then it is cancelled and
    waited for until it has unwound, and CallTimeout is thrown; a task that catches the cancellation
    and returns a value has that value returned. Zero has passed already: nothing is awaited; a
    negative limit is a CallError. Costs no allocation.
*/
template <detail::Awaitable A, typename Rep, typename Period>
auto withTimeout(A &&awaitable, std::chrono::duration<Rep, Period> limit,
                 const std::source_location &where = std::source_location::current())
{
    return Timed<std::remove_cvref_t<A>>(
            std::forward<A>(awaitable),
            detail::TimeGiven{detail::saturated(limit), QDeadlineTimer(QDeadlineTimer::Forever), where});
}

/// The same until a point in time.
template <detail::Awaitable A>
auto withTimeout(A &&awaitable, QDeadlineTimer deadline,
                 const std::source_location &where = std::source_location::current())
{
    return Timed<std::remove_cvref_t<A>>(
            std::forward<A>(awaitable),
            detail::TimeGiven{std::chrono::nanoseconds::max(), deadline, where});
}

} // namespace Synchronaut
