#pragma once

#include <Synchronaut/detail/childcall.h>
#include <Synchronaut/task.h>

#include <concepts>
#include <optional>
#include <type_traits>
#include <variant>
#include <vector>

namespace Synchronaut {

/// What whenAny() gives: which awaitable was the first to end, counted from 0, and its value.
template <typename T>
struct AnyResult
{
    qsizetype index = 0; ///< counted from 0, in the order given
    T value; ///< what that one gave
};

namespace detail {

/// Types of a list, each once.
template <typename Seen, typename... T>
struct DistinctIn;
template <typename... S>
struct DistinctIn<std::variant<S...>>
{
    using Type = std::variant<S...>;
};
template <typename... S, typename First, typename... T>
struct DistinctIn<std::variant<S...>, First, T...>
    : std::conditional_t<(std::same_as<S, First> || ...), DistinctIn<std::variant<S...>, T...>,
                         DistinctIn<std::variant<S..., First>, T...>>
{
};

/// One of several results: T if all are of type T, else a variant of the types that occur.
template <typename... T>
struct OneOf
{
    using Type = typename DistinctIn<std::variant<>, ItemOf<T>...>::Type;
};
template <typename T, typename... Same>
    requires(std::same_as<T, Same> && ...)
struct OneOf<T, Same...>
{
    using Type = T;
};

/// Room for all results, of which one will be wanted.
template <typename... T>
struct FirstOf : ResultsOf<T...>
{
    using Value = typename OneOf<T...>::Type; ///< may be void
    using One = ItemOf<Value>;

    One take(qsizetype index)
    {
        std::optional<One> one;
        qsizetype i = 0;
        const auto takeIfWinner = [&](auto &slot) {
            if (i++ == index)
                one.emplace(takeItem(slot));
        };
        std::apply([&](auto &...slot) { (takeIfWinner(slot), ...); }, this->results);
        return std::move(*one);
    }
};

// A coroutine template keeps its parameters in its frame; GCC warns here where their types are local
// to the user's file.
QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage")
template <typename Results, typename... A>
Task<AnyResult<typename Results::One>> anyOf(const char *name, std::tuple<A...> awaitables)
{
    Results results;
    AnyCalls children(name);
    results.start(children, awaitables);
    co_await Join(children);
    const qsizetype winner = children.takeWinner();
    AnyResult<typename Results::One> result{winner, results.take(winner)};
    co_return result;
}

template <typename T, typename A>
Task<AnyResult<ItemOf<T>>> anyOf(const char *name, std::vector<A> awaitables)
{
    std::vector<ResultSlot<T>> results(awaitables.size());
    AnyCalls children(name);
    if (awaitables.empty())
        children.throwEmpty();
    for (std::size_t i = 0; i < awaitables.size(); ++i)
        startChild<T>(children, std::move(awaitables[i]), qsizetype(i), &results[i]);
    co_await Join(children);
    const qsizetype winner = children.takeWinner();
    AnyResult<ItemOf<T>> result{winner, takeItem(results[static_cast<std::size_t>(winner)])};
    co_return result;
}

template <typename T>
Task<T> valueOf(Task<AnyResult<ItemOf<T>>> any)
{
    AnyResult<ItemOf<T>> result = co_await std::move(any);
    if constexpr (!std::is_void_v<T>)
        co_return std::move(result.value);
}
QT_WARNING_POP

} // namespace detail

/*!
    Awaits all \a awaitables at the same time, as whenAll() does, until the first has ended, with a
    value or an error; the others are cancelled and, if they are coroutines, waited for. Gives a Task
    of an AnyResult: the value is a T if all results are alike, else a std::variant of the types that
    occur, with std::monostate for void. Throws what the first one has thrown; errors of the others are
    logged (G16). What comes after one that is ready at once is not even started.
*/
template <detail::Awaitable... A>
    requires(sizeof...(A) > 0)
auto whenAny(A &&...awaitables)
{
    return detail::anyOf<detail::FirstOf<typename detail::AwaitResult<A>::Type...>>(
            "whenAny", std::tuple<detail::Held<A>...>(std::forward<A>(awaitables)...));
}

/// The same for the items of a container or view. Of an empty one it throws a CallError.
template <detail::AwaitableRange R>
auto whenAny(R &&range)
{
    return detail::anyOf<detail::RangeResult<R>>("whenAny", detail::heldItems(std::forward<R>(range)));
}

/// whenAny() for who only wants the value: a Task of T, or of a std::variant.
template <detail::Awaitable... A>
    requires(sizeof...(A) > 0)
auto race(A &&...awaitables)
        -> Task<typename detail::FirstOf<typename detail::AwaitResult<A>::Type...>::Value>
{
    using First = detail::FirstOf<typename detail::AwaitResult<A>::Type...>;
    return detail::valueOf<typename First::Value>(detail::anyOf<First>(
            "race", std::tuple<detail::Held<A>...>(std::forward<A>(awaitables)...)));
}

/// The same for the items of a container or view. Of an empty one it throws a CallError.
template <detail::AwaitableRange R>
auto race(R &&range) -> Task<detail::RangeResult<R>>
{
    return detail::valueOf<detail::RangeResult<R>>(detail::anyOf<detail::RangeResult<R>>(
            "race", detail::heldItems(std::forward<R>(range))));
}

} // namespace Synchronaut
