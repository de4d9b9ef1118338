#pragma once

#include <Synchronaut/context.h>
#include <Synchronaut/parallelmap.h>

#include <QtCore/QFuture>
#include <QtCore/QList>

#include <tuple>

namespace Synchronaut {

namespace detail {

inline Batch::Order callMapOrder()
{
    return inAsyncContext() ? Batch::Order::Parallel : Batch::Order::InTurn;
}

} // namespace detail

/*!
    Calls each of \a functions with copies of the same \a args: \c callMap(std::tuple{&f, &g}, 1, 2).

    In an async context as parallelMap() does; in a sync one the calls are made one after the other,
    in order: plain functions directly, until an async one comes, which runs on the background loop;
    what follows that is offloaded. The future gets a tuple of the results, in order, or the first
    failure; nothing is thrown. Any thread.
*/
template <typename... F, typename... A>
auto callMap(std::tuple<F...> functions, const A &...args)
{
    return std::apply(
            [&args...](F &...function) {
                return detail::startBatch<
                        detail::BatchTuple<false, typename detail::UnnamedTraits<F, A...>::Result...>>(
                        "callMap", detail::batchOptionsWithoutPlace(), detail::callMapOrder(),
                        call(std::move(function), args...)...);
            },
            functions);
}

/// The same for functions of one type; the future gets a QList.
template <typename F, typename... A>
auto callMap(const QList<F> &functions, const A &...args)
{
    using T = typename detail::UnnamedTraits<F, A...>::Result;
    static_assert(detail::fitsInList<T>,
                  "QList cannot hold this type of result; use the form without a list");
    QList<Call<T>> calls;
    calls.reserve(functions.size());
    for (const F &function : functions)
        calls.append(call(function, args...));
    return detail::startBatch<detail::BatchList<T, false>>(
            "callMap", detail::batchOptionsWithoutPlace(), detail::callMapOrder(), std::move(calls));
}

} // namespace Synchronaut
