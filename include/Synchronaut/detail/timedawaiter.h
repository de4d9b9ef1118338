#pragma once

#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/detail/taskpromise.h>
#include <Synchronaut/detail/timelimit.h>

#include <QtCore/QDeadlineTimer>

#include <chrono>
#include <coroutine>
#include <source_location>
#include <utility>

namespace Synchronaut::detail {

/// For how long, from the await, or until when; and where that was said.
struct TimeGiven
{
    std::chrono::nanoseconds time;
    QDeadlineTimer deadline;
    std::source_location where;
};

/// The part of TimedAwaiter that knows no type.
class SYNCHRONAUT_EXPORT TimedAwaiterBase
{
public:
    bool await_ready() const noexcept { return false; }

protected:
    TimedAwaiterBase() noexcept;

    /// Starts the clock. Throws when there is no time, or the call is to stop.
    void enter(CallState *caller, const TimeGiven &given);
    /// The awaited has been cancelled: throws CallTimeout if that was our doing.
    void canceled();

    /// The limit, and the context that the awaited has changed (G17), end with the await, not with the
    /// expression around it.
    class Leave
    {
    public:
        explicit Leave(TimedAwaiterBase &awaiter) noexcept : m_awaiter(awaiter) { }
        ~Leave()
        {
            m_awaiter.m_limit.leave();
            std::swap(m_awaiter.m_caller->context, m_awaiter.m_context);
        }
        Leave(const Leave &) = delete;
        Leave &operator=(const Leave &) = delete;

    private:
        TimedAwaiterBase &m_awaiter;
    };

    CallState *m_caller = nullptr;
    RefPtr<ContextMap> m_context; ///< of the caller
    TimeLimit m_limit;
};

template <typename A>
decltype(auto) transformAwaitable(A &&awaitable);

/*!
    co_await of something for a limited time: the limit and the awaiter of what is awaited, both in the
    awaiting frame. No call is made: what runs inside belongs to the same call (see TimeLimit).
*/
template <typename A>
class TimedAwaiter : public TimedAwaiterBase
{
    using Inner = decltype(transformAwaitable(std::declval<A>()));

public:
    /// Refers to \a source, a temporary of the await or a variable of the awaiting coroutine.
    template <typename Source>
    explicit TimedAwaiter(Source &source) noexcept
        : m_awaitable(source.m_awaitable), m_given(source.m_given)
    {
    }
    ~TimedAwaiter()
    {
        if (m_awaits)
            m_inner.~Inner();
    }
    TimedAwaiter(const TimedAwaiter &) = delete;
    TimedAwaiter &operator=(const TimedAwaiter &) = delete;

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        enter(frame.promise().call, m_given);
        new (&m_inner) Inner(transformAwaitable(std::move(m_awaitable)));
        m_awaits = true;
        return !m_inner.await_ready() && m_inner.await_suspend(frame);
    }

    decltype(auto) await_resume()
    {
        const Leave leave(*this);
        try {
            return m_inner.await_resume();
        } catch (const CallCanceled &) {
            canceled();
            throw;
        }
    }

private:
    A &m_awaitable;
    const TimeGiven &m_given;
    bool m_awaits = false;
    union {
        Inner m_inner;
    };
};

} // namespace Synchronaut::detail
