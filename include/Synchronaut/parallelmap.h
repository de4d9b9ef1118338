#pragma once

#include <Synchronaut/batchoptions.h>
#include <Synchronaut/call.h>
#include <Synchronaut/detail/batchcall.h>
#include <Synchronaut/outcome.h>

#include <QtCore/QFuture>
#include <QtCore/QList>

#include <initializer_list>

namespace Synchronaut {

namespace detail {

/// The default of BatchOptions where no braces stand: the place is unknown.
inline BatchOptions batchOptionsWithoutPlace()
{
    return BatchOptions{.where = std::source_location()};
}

template <typename T>
inline constexpr bool fitsInList =
        std::is_void_v<T> || (std::is_copy_constructible_v<T> && std::is_move_assignable_v<T>);

} // namespace detail

/*!
    Makes all \a calls at the same time: plain functions on a pool, async ones on this thread's loop
    in an async context, else on the background loop; those hold no pool thread. (The idea is
    synchronaut's parallel_map, for Python.)

    The future gets the results in the order of \a calls. With the first failure it fails at once,
    and the other calls are cancelled: what has not started never does, what runs sees isCanceled().
    Cancelling the future cancels all. Its progress is the number of calls that have finished, of
    \a calls.size(); of more than 511 plain calls, up to 64 may be reported at once.

    Never waits, throws nothing: errors are in the future. A batch may be made inside of another's
    call, on the same pool, however small; wait for it there with result() or co_await. Any thread.
*/
template <typename T>
auto parallelMap(QList<Call<T>> calls, BatchOptions options = detail::batchOptionsWithoutPlace())
{
    static_assert(detail::fitsInList<T>,
                  "QList cannot hold this type of result; use the form without a list");
    return detail::startBatch<detail::BatchList<T, false>>(
            "parallelMap", options, detail::Batch::Order::Parallel, std::move(calls));
}

/// The same, of a list in braces.
template <typename T>
auto parallelMap(std::initializer_list<Call<T>> calls,
                 BatchOptions options = detail::batchOptionsWithoutPlace())
{
    return parallelMap(QList<Call<T>>(calls), options);
}

/// The same, but each call's error stands in its Outcome instead of ending the batch:
/// \c parallelMap(calls, returnExceptions).
template <typename T>
QFuture<QList<Outcome<T>>> parallelMap(QList<Call<T>> calls, ReturnExceptions,
                                       BatchOptions options = detail::batchOptionsWithoutPlace())
{
    static_assert(detail::fitsInList<T>,
                  "QList cannot hold this type of result; use the form without a list");
    return detail::startBatch<detail::BatchList<T, true>>(
            "parallelMap", options, detail::Batch::Order::Parallel, std::move(calls));
}

/// The same, of a list in braces, with an Outcome of each.
template <typename T>
QFuture<QList<Outcome<T>>> parallelMap(std::initializer_list<Call<T>> calls, ReturnExceptions,
                                       BatchOptions options = detail::batchOptionsWithoutPlace())
{
    return parallelMap(QList<Call<T>>(calls), returnExceptions, options);
}

/// The same for calls of different types; std::monostate stands for void. The results may be such
/// as can only be moved: then use takeResult(), or co_await a temporary.
template <typename... T>
auto parallelMap(Call<T>... calls)
{
    return detail::startBatch<detail::BatchTuple<false, T...>>(
            "parallelMap", detail::batchOptionsWithoutPlace(), detail::Batch::Order::Parallel,
            std::move(calls)...);
}

/// The same for calls of different types, with an Outcome of each.
template <typename... T>
QFuture<std::tuple<Outcome<T>...>> parallelMap(ReturnExceptions, Call<T>... calls)
{
    return detail::startBatch<detail::BatchTuple<true, T...>>(
            "parallelMap", detail::batchOptionsWithoutPlace(), detail::Batch::Order::Parallel,
            std::move(calls)...);
}

} // namespace Synchronaut
