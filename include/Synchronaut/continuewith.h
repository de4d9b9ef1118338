#pragma once

#include <Synchronaut/detail/childcall.h>
#include <Synchronaut/detail/invocation.h>
#include <Synchronaut/detail/storedargument.h>
#include <Synchronaut/task.h>

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace Synchronaut {

namespace detail {

/// The call of F with a value of type V, or with nothing where that is void, and with A...
template <typename V, typename F, typename... A>
struct Continuation
{
    using Work = StoredWorkFor<Invocation, F, V, A...>;
    using Traits = CallTraits<F, V, A...>;
};
template <typename F, typename... A>
struct Continuation<void, F, A...>
{
    using Work = StoredWorkFor<Invocation, F, A...>;
    using Traits = CallTraits<F, A...>;
};

// A coroutine template keeps its parameters in its frame; GCC warns here where their types are local
// to the user's file.
QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage")
template <typename V, typename C, typename H, typename F, typename... A>
Task<typename C::Traits::Result> continueAwaited(H awaitable, F function, A... args)
{
    std::optional<typename C::Work> work; // keeps all that the function refers to (G14)
    if constexpr (std::is_void_v<V>) {
        co_await std::move(awaitable);
        work.emplace(std::in_place, std::move(function), std::move(args)...);
    } else {
        V value = co_await std::move(awaitable);
        work.emplace(std::in_place, std::move(function), std::move(value), std::move(args)...);
    }
    if constexpr (C::Traits::isAsync)
        co_return co_await (*work)();
    else
        co_return (*work)();
}
QT_WARNING_POP

} // namespace detail

/*!
    Applies \a function to what \a value comes to, followed by \a args. To a value it is applied at once,
    and its result is given back as it is. Of an awaitable it makes a Task that awaits it, once,
    applies \a function to the result (to \a args only, if that is void), and awaits what that gives if
    it is an async function. So code that does not know whether it was handed a value need not ask.
*/
template <typename V, typename F, typename... A>
auto continueWith(V &&value, F &&function, A &&...args)
{
    if constexpr (detail::Awaitable<V>) {
        using Value = typename detail::AwaitResult<V>::Type;
        using C = detail::Continuation<Value, std::decay_t<F>, std::decay_t<A>...>;
        return detail::continueAwaited<Value, C>(detail::Held<V>(std::forward<V>(value)),
                                                 std::decay_t<F>(std::forward<F>(function)),
                                                 std::decay_t<A>(std::forward<A>(args))...);
    } else {
        return std::invoke(std::forward<F>(function), std::forward<V>(value), std::forward<A>(args)...);
    }
}

} // namespace Synchronaut
