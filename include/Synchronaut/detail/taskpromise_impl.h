#pragma once

#include <Synchronaut/detail/taskcall.h>
#include <Synchronaut/task.h>

namespace Synchronaut::detail {

template <typename T>
Task<T> TaskPromise<T>::get_return_object() noexcept
{
    return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

inline Task<void> TaskPromise<void>::get_return_object() noexcept
{
    return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

/// What a task's co_await makes of its operand. Our own awaiters pass; all else is wrapped, so
/// that it resumes at home.
template <typename A>
decltype(auto) transformAwaitable(A &&awaitable)
{
    using D = std::remove_cvref_t<A>;
    if constexpr (IsTask<D>::value) {
        static_assert(!std::is_lvalue_reference_v<A>,
                      "A task is awaited once, as an rvalue: co_await std::move(task)");
        return TaskAwaiter<typename IsTask<D>::Value>(std::move(awaitable));
    } else if constexpr (IsFuture<D>::value) {
        return FutureAwaiter<typename IsFuture<D>::Value>(awaitable, !std::is_lvalue_reference_v<A>);
    } else if constexpr (requires { typename D::TaskAwaiter; }) {
        return typename D::TaskAwaiter(awaitable);
    } else {
        static_assert(ForeignAwaitable<A>, "This type cannot be awaited");
        return ForeignAwaiter<typename AwaitResult<A>::Type, A>(std::forward<A>(awaitable));
    }
}

template <typename T>
template <typename A>
decltype(auto) TaskPromise<T>::await_transform(A &&awaitable)
{
    return transformAwaitable(std::forward<A>(awaitable));
}

template <typename A>
decltype(auto) TaskPromise<void>::await_transform(A &&awaitable)
{
    return transformAwaitable(std::forward<A>(awaitable));
}

} // namespace Synchronaut::detail

namespace Synchronaut::detail {

template <typename T>
OutsideAwaiter<T>::OutsideAwaiter(Task<T> &&task)
    : m_call(new TaskCall<T, Handed<Task<T>>>(std::in_place, std::move(task)))
{
}

} // namespace Synchronaut::detail
