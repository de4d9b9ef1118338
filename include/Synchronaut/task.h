#pragma once

#include <Synchronaut/detail/awaitforeign.h>
#include <Synchronaut/detail/awaitfuture.h>
#include <Synchronaut/detail/callawaiter.h>
#include <Synchronaut/detail/callconcepts.h>
#include <Synchronaut/detail/taskpromise.h>

#include <coroutine>
#include <type_traits>
#include <utility>

namespace Synchronaut {

/*!
    A coroutine that gives one T.

    Lazy: nothing runs until it is awaited, given to run() or spawn(), or called through a verb.
    Awaited once, as an rvalue. It runs, and resumes, on the thread it was started on, whatever
    thread completed what it awaits (home rule). Inside, everything can be awaited: tasks, QFutures,
    timers, calls, and awaitables of other libraries.

    Destroying a task destroys its frame with all locals; do so on its home thread. T is no
    reference; a move-only T is fine.

    With GCC 12, name lambdas with captures before the \c co_await expression; see
    src/doc/gcc12.md.
*/
template <typename T>
class [[nodiscard]] Task
{
public:
    static_assert(!std::is_reference_v<T>, "A task gives a value; return a pointer or a std::ref");

    using promise_type = detail::TaskPromise<T>; ///< for the compiler

    /// An empty task; awaiting it is an error.
    Task() noexcept = default;
    /// Leaves \a other empty.
    Task(Task &&other) noexcept : m_frame(std::exchange(other.m_frame, {})) { }
    /// Destroys the coroutine that this task had, leaves \a other empty.
    Task &operator=(Task &&other) noexcept
    {
        Task old(std::move(*this));
        m_frame = std::exchange(other.m_frame, {});
        return *this;
    }
    ~Task()
    {
        if (m_frame)
            detail::destroyFrame(m_frame, m_frame.promise());
    }

    /// Lets coroutines of other libraries await it: starts it on this thread's loop.
    /// (Not &&-qualified, because QCoro asks an lvalue whether it can; awaiting moves from it.)
    auto operator co_await() { return detail::OutsideAwaiter<T>(std::move(*this)); }

private:
    friend class detail::TaskPromise<T>;
    friend class detail::TaskAwaiter<T>;
    template <typename U, typename Work, typename Frame>
    friend class detail::TaskCall;

    explicit Task(std::coroutine_handle<promise_type> frame) noexcept : m_frame(frame) { }

    std::coroutine_handle<promise_type> m_frame;
};

} // namespace Synchronaut

#include <Synchronaut/detail/taskpromise_impl.h>
