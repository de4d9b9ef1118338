#pragma once

#include <Synchronaut/detail/childcall.h>
#include <Synchronaut/task.h>

#include <tuple>
#include <vector>

namespace Synchronaut {

namespace detail {

/// Of void: nothing to list.
template <typename T>
using ListOf = std::conditional_t<std::is_void_v<T>, std::type_identity<void>,
                                  std::type_identity<std::vector<ItemOf<T>>>>::type;

// A coroutine template keeps its parameters in its frame; GCC warns here where their types are local
// to the user's file.
QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage")
template <typename Results, typename... A>
Task<typename Results::Items> allOf(std::tuple<A...> awaitables)
{
    Results results;
    AllCalls children("whenAll");
    results.start(children, awaitables);
    co_await Join(children);
    children.throwUnlessAllSucceeded();
    co_return results.takeAll();
}

template <typename T, typename A>
Task<ListOf<T>> allOf(std::vector<A> awaitables)
{
    std::vector<ResultSlot<T>> results(awaitables.size());
    AllCalls children("whenAll");
    for (std::size_t i = 0; i < awaitables.size(); ++i)
        startChild<T>(children, std::move(awaitables[i]), qsizetype(i), &results[i]);
    co_await Join(children);
    children.throwUnlessAllSucceeded();
    if constexpr (!std::is_void_v<T>) {
        std::vector<T> values;
        values.reserve(results.size());
        for (ResultSlot<T> &slot : results)
            values.push_back(slot.take());
        co_return values;
    }
}
QT_WARNING_POP

} // namespace detail

/*!
    Awaits all \a awaitables at the same time, each as a child of the awaiting task, on its thread:
    tasks, futures, anything that can be awaited. Gives a Task of a std::tuple of their results in the
    order given, std::monostate for void. Nothing runs before that is awaited.

    The first failure cancels the others and, when these have ended, is thrown; failures that come
    after it are logged (G16). Cancellation goes on to all of them. Coroutines are waited for until they
    have unwound; a plain function that runs on the pool is asked to stop and left. Context and
    deadline are inherited, changes of context stay in the child. A future that was passed as a named
    variable is not cancelled, since somebody else may want it. A child that does not suspend costs no
    allocation. (As in folly::coro::collectAll and Python's TaskGroup.)
*/
template <detail::Awaitable... A>
auto whenAll(A &&...awaitables)
        -> Task<std::tuple<detail::ItemOf<typename detail::AwaitResult<A>::Type>...>>
{
    return detail::allOf<detail::ResultsOf<typename detail::AwaitResult<A>::Type...>>(
            std::tuple<detail::Held<A>...>(std::forward<A>(awaitables)...));
}

/// The same for the items of a container or view, of one type: a Task of a std::vector of results, of
/// nothing for void. The items of a container that is passed as an rvalue are moved from.
template <detail::AwaitableRange R>
auto whenAll(R &&range) -> Task<detail::ListOf<detail::RangeResult<R>>>
{
    return detail::allOf<detail::RangeResult<R>>(detail::heldItems(std::forward<R>(range)));
}

} // namespace Synchronaut
