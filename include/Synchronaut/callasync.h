#pragma once

#include <Synchronaut/detail/makecall.h>
#include <Synchronaut/detail/streamcalls.h>
#include <Synchronaut/task.h>

namespace Synchronaut {

namespace detail {

class SynchronizerCore;

enum class AsyncRunner : std::uint8_t { Pool, Home, Synchronizer };

/// What begins a lazy call when its task is awaited.
struct LazyStart
{
    CallOptions options;
    const char *typeName;
    AsyncRunner runner;
    SynchronizerCore *synchronizer = nullptr; ///< kept by the call's work
};

/// Starts \a call for the task that runs now.
SYNCHRONAUT_EXPORT void startLazily(CallState *call, const LazyStart &start);
/// The same in two steps, where the call must not start before it is known who awaits it: one before
/// the task suspends, false if the call has settled, and one after that.
SYNCHRONAUT_EXPORT bool beginLazily(CallState *call, const LazyStart &start);
SYNCHRONAUT_EXPORT void runLazily(CallState *call, const LazyStart &start);

/// Begins and awaits a lazy call in the awaiting frame: no coroutine in between.
template <typename T>
class LazyCallAwaiter : public CallAwaiter<T>
{
public:
    /// Takes the call from \a source, an AsyncCall.
    template <typename Source>
    explicit LazyCallAwaiter(Source &source) noexcept
        : CallAwaiter<T>(std::move(source.m_call)), m_start(source.m_start)
    {
    }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        if (!this->m_callee)
            throwEmptyTask();
        if (m_start.runner == AsyncRunner::Synchronizer)
            return suspendAndStart(frame); // or a circle might be overlooked
        startLazily(this->m_callee.get(), m_start);
        return CallAwaiter<T>::await_suspend(frame);
    }

private:
    template <typename Promise>
    bool suspendAndStart(std::coroutine_handle<Promise> frame)
    {
        const RefPtr<CallState> call = this->m_callee;
        const LazyStart start = m_start; // the frame may go while the call runs
        const bool starts = beginLazily(call.get(), start);
        const bool suspended = CallAwaiter<T>::await_suspend(frame);
        if (starts && suspended)
            runLazily(call.get(), start);
        return suspended;
    }

    const LazyStart &m_start;
};

} // namespace detail

/*!
    What callAsync() gives: a call to await, once, in a task or any other coroutine. A Task can be
    made of it. Move-only.
*/
template <typename T>
class [[nodiscard]] AsyncCall
{
public:
    using TaskAwaiter = detail::LazyCallAwaiter<T>; ///< internal: how a Task awaits it

    /// Internal: callAsync() makes one.
    AsyncCall(detail::RefPtr<detail::TypedCall<T>> call, const detail::LazyStart &start) noexcept
        : m_call(std::move(call)), m_start(start)
    {
    }
    /// A call that was never awaited is not made; that is logged at debug level.
    ~AsyncCall()
    {
        if (m_call)
            detail::logNeverStarted();
    }
    AsyncCall(AsyncCall &&) noexcept = default; ///< leaves an empty one, which cannot be awaited
    AsyncCall &operator=(AsyncCall &&) noexcept = default; ///< likewise

    /// A task that awaits it; this is moved from.
    operator Task<T>() { return detail::awaitAny<T>(std::move(*this)); }
    /// For coroutines of other libraries; this is moved from.
    auto operator co_await() { return Task<T>(*this).operator co_await(); }

private:
    friend class detail::LazyCallAwaiter<T>;

    detail::RefPtr<detail::TypedCall<T>> m_call;
    detail::LazyStart m_start;
};

/*!
    A call of \a function with copies of \a args, made now, that starts when it is awaited: a plain
    function on the pool, an async one on the awaiting coroutine's own loop.

    Of a function that returns a Generator<T> or an AsyncGenerator<T> it gives an AsyncGenerator<T>. Each
    item of the former is a call on the pool; between items no thread is held. The latter runs on
    the awaiting coroutine's loop.

    Timeouts count from the await, which also takes the context along. Throws, when awaited, what
    the function throws, unchanged, and CallError's descendants. Any thread.
*/
template <detail::NotOptions F, typename... A>
auto callAsync(CallOptions options, F &&function, A &&...args)
        -> typename detail::VerbTypes<F, A...>::Async
{
    using Traits = detail::UnnamedTraits<F, A...>;
    using T = typename Traits::Result;
    options = detail::namedOptions(options, function);
    if constexpr (detail::StreamTraits<F, A...>::isStream) {
        return detail::asyncStream(options, std::forward<F>(function), std::forward<A>(args)...);
    } else {
        const detail::LazyStart start{
                options, detail::typeText<std::remove_cvref_t<F>>(),
                Traits::isAsync ? detail::AsyncRunner::Home : detail::AsyncRunner::Pool};
        return {detail::RefPtr<detail::TypedCall<T>>(
                        detail::makeCall(std::forward<F>(function), std::forward<A>(args)...)),
                start};
    }
}

/// The same without options.
template <detail::NotOptions F, typename... A>
auto callAsync(F &&function, A &&...args)
        -> typename detail::VerbTypes<F, A...>::Async
{
    return callAsync(detail::optionsWithoutPlace(), std::forward<F>(function), std::forward<A>(args)...);
}

} // namespace Synchronaut
