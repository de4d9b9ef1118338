#pragma once

#include <Synchronaut/context.h>
#include <Synchronaut/detail/makecall.h>
#include <Synchronaut/detail/streamcalls.h>

#include <QtCore/QFuture>

namespace Synchronaut {

/*!
    Starts \a function with copies of \a args, wherever the calling code stands, and never waits for
    anything asynchronous.

    In a sync context (no event loop running in this thread, not in a task) a plain function is
    called directly, unless a timeout, deadline, executor or forceOffload sends it to the pool, and
    an async one starts on the background loop. In an async context a plain function goes to the pool
    and an async one starts here, on this thread's loop. inAsyncContext() tells which it is.

    Of a function that returns a Generator<T> or an AsyncGenerator<T> the future gets one result an
    item, in the same places; suspending it holds the generator after the item it is at, which
    direct calls cannot be, and cancelling it ends the generator.

    Nothing is thrown: errors, also those of bad arguments, are in the future. Function and
    arguments are kept until the call has finished. Any thread.
*/
template <detail::NotOptions F, typename... A>
auto callAny(CallOptions options, F &&function, A &&...args)
        -> QFuture<typename detail::VerbTypes<F, A...>::Any>
{
    options = detail::namedOptions(options, function);
    auto call = detail::makeAnyCall(std::forward<F>(function), std::forward<A>(args)...);
    auto future = call->makeFuture();
    const char *const type = detail::typeText<std::remove_cvref_t<F>>();
    if constexpr (detail::VerbTypes<F, A...>::isAsync) {
        if (!call->begin(options, type, true))
            return future;
        if (inAsyncContext())
            call->startHome();
        else
            call->startOnBackground();
    } else {
        const bool asked = detail::hasTimeLimit(options) || options.executor || options.forceOffload;
        const bool offload = asked || inAsyncContext();
        if (!call->begin(options, type, offload))
            return future;
        if (offload) {
            call->watchDeadline();
            call->submit(options.executor, !asked);
        } else {
            call->runInCaller();
        }
    }
    return future;
}

/// The same without options.
template <detail::NotOptions F, typename... A>
auto callAny(F &&function, A &&...args)
        -> QFuture<typename detail::VerbTypes<F, A...>::Any>
{
    return callAny(detail::optionsWithoutPlace(), std::forward<F>(function), std::forward<A>(args)...);
}

} // namespace Synchronaut
