#pragma once

#include <Synchronaut/detail/refptr.h>
#include <Synchronaut/detail/suspension.h>
#include <Synchronaut/detail/typedcall.h>

#include <coroutine>

namespace Synchronaut::detail {

/// The part of CallAwaiter that knows no type.
class SYNCHRONAUT_EXPORT CallAwaiterBase : public Suspension
{
public:
    bool await_ready() const noexcept { return false; }

protected:
    explicit CallAwaiterBase(RefPtr<CallState> call) noexcept : m_callee(std::move(call)) { }
    ~CallAwaiterBase();

    /// Waits for the call, which has been started. True: suspended.
    bool suspendFor(CallState *caller, std::coroutine_handle<> frame);

    RefPtr<CallState> m_callee;
    CallState *m_caller = nullptr;
};

template <typename T>
class CallAwaiterSource;

/*!
    Waits in a task for a call of another kind: on a pool, on another loop, or of something
    foreign. Cancellation of the task goes on to the call: a plain function is let go of at once, a
    coroutine is waited for until it has unwound.
*/
template <typename T>
class CallAwaiter : public CallAwaiterBase
{
public:
    explicit CallAwaiter(RefPtr<TypedCall<T>> call) noexcept
        : CallAwaiterBase(RefPtr<CallState>(std::move(call)))
    {
    }

    explicit CallAwaiter(const CallAwaiterSource<T> &source) noexcept
        : CallAwaiter(RefPtr<TypedCall<T>>(source.call()))
    {
    }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        return suspendFor(frame.promise().call, frame);
    }

    T await_resume()
    {
        if (isCanceled()) [[unlikely]] {
            if (!m_callee->isSettled())
                m_caller->throwStopped();
            if (m_callee->outcome() == CallState::Outcome::Canceled)
                m_caller->throwIfLimitPassed();
        }
        return static_cast<TypedCall<T> *>(m_callee.get())->take();
    }
};

/// Names the call to wait for; what co_await makes a CallAwaiter of.
template <typename T>
class CallAwaiterSource
{
public:
    using TaskAwaiter = CallAwaiter<T>;
    explicit CallAwaiterSource(TypedCall<T> *call) noexcept : m_call(call) { }
    TypedCall<T> *call() const noexcept { return m_call; }

private:
    TypedCall<T> *m_call;
};

} // namespace Synchronaut::detail
