#pragma once

#include <Synchronaut/context.h>
#include <Synchronaut/detail/makecall.h>

#include <QtCore/QFuture>

namespace Synchronaut {

/*!
    Starts \a function with copies of \a args, wherever the calling code stands, and never waits for
    anything asynchronous.

    In a sync context (no event loop running in this thread, not in a task) a plain function is
    called directly, unless a timeout, deadline, executor or forceOffload sends it to the pool, and
    an async one starts on the background loop. In an async context a plain function goes to the pool
    and an async one starts here, on this thread's loop. inAsyncContext() tells which it is.

    Nothing is thrown: errors, also those of bad arguments, are in the future. Function and
    arguments are kept until the call has finished. Any thread.
*/
template <detail::NotOptions F, typename... A>
auto callAny(CallOptions options, F &&function, A &&...args)
        -> QFuture<typename detail::UnnamedTraits<F, A...>::Result>
{
    options = detail::namedOptions(options, function);
    auto call = detail::makeCall(std::forward<F>(function), std::forward<A>(args)...);
    auto future = call->makeFuture();
    const char *const type = detail::typeText<std::remove_cvref_t<F>>();
    if constexpr (detail::UnnamedTraits<F, A...>::isAsync) {
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
            call->runHere();
        }
    }
    return future;
}

template <detail::NotOptions F, typename... A>
auto callAny(F &&function, A &&...args)
        -> QFuture<typename detail::UnnamedTraits<F, A...>::Result>
{
    return callAny(detail::optionsWithoutPlace(), std::forward<F>(function), std::forward<A>(args)...);
}

} // namespace Synchronaut
