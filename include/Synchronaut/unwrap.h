#pragma once

#include <Synchronaut/detail/childcall.h>
#include <Synchronaut/task.h>

#include <utility>

namespace Synchronaut {

namespace detail {

/// What is left of T when everything that can be awaited has been.
template <typename T>
struct Unwrapped
{
    using Type = T;
};
template <Awaitable T>
struct Unwrapped<T> : Unwrapped<typename AwaitResult<T>::Type>
{
};

// A coroutine template keeps its parameters in its frame; GCC warns here where their types are local
// to the user's file.
QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage")
template <typename Inner, typename A>
Task<typename Unwrapped<Inner>::Type> unwrapHeld(A awaitable)
{
    if constexpr (Awaitable<Inner>) {
        Inner inner = co_await std::move(awaitable);
        co_return co_await unwrapHeld<typename AwaitResult<Inner>::Type>(std::move(inner));
    } else {
        co_return co_await std::move(awaitable);
    }
}
QT_WARNING_POP

} // namespace detail

/*!
    A task that awaits \a awaitable and, as long as what comes out can be awaited, that: tasks, futures
    and awaitables of other libraries in any nesting. Gives the first value that cannot.
*/
template <detail::Awaitable A>
auto unwrap(A &&awaitable) -> Task<typename detail::Unwrapped<std::remove_cvref_t<A>>::Type>
{
    return detail::unwrapHeld<typename detail::AwaitResult<A>::Type>(
            detail::Held<A>(std::forward<A>(awaitable)));
}

} // namespace Synchronaut
