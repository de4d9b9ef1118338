#pragma once

#include <Synchronaut/detail/makecall.h>
#include <Synchronaut/detail/streamcalls.h>

namespace Synchronaut {

namespace detail {

/// Throws what speaks against starting anything now: cancellation, an expired deadline.
SYNCHRONAUT_EXPORT void checkRunningCall();

/// The result is made before the copies of the arguments die, to which it may refer.
template <typename F, typename... A>
auto callDirectly(ThreadBlock &block, F &&function, A &&...args) ->
        typename CallTraits<F, A...>::Result
{
    const DirectCallScope isolate(block);
    return std::invoke(std::forward<F>(function), std::decay_t<A>(std::forward<A>(args))...);
}

/// callSync() of a function that needs a call of its own: another thread, a limit, a coroutine.
template <typename F, typename... A>
auto callAndWait(const CallOptions &options, F &&function, A &&...args) ->
        typename UnnamedTraits<F, A...>::Result
{
    auto call = makeCall(std::forward<F>(function), std::forward<A>(args)...);
    const char *const type = typeText<std::remove_cvref_t<F>>();
    if constexpr (UnnamedTraits<F, A...>::isAsync) {
        if (call->begin(options, type, true))
            call->startAndWait(options.waitMode, [&call] { call->startForBlockingCall(); });
    } else {
        const bool offload = hasTimeLimit(options) || options.executor || options.forceOffload;
        if (!offload)
            call->setPolled(); // for the caller's stop
        if (call->begin(options, type, offload)) {
            if (offload)
                call->startAndWait(options.waitMode, [&] { call->submit(options.executor); });
            else
                call->runInCaller();
            call->awaitPublished();
        }
    }
    return call->take();
}

/// True when a plain function may be called with nothing but a function call.
inline bool isDirect(const CallOptions &options)
{
    return !hasTimeLimit(options) && !options.executor && !options.forceOffload && !options.context
            && options.contextFlow == ContextFlow::CopyIn;
}

} // namespace detail

/*!
    Calls \a function with copies of \a args and waits for its result; from any thread, also from a
    slot, a task or a pool thread, without deadlock (G1, G3, G4).

    A plain function is called directly, on the pool if a timeout, deadline, executor or
    forceOffload is given. An async one runs on the background loop.

    Of a function that returns a Generator<T> it gives a Generator<T>, that returns an AsyncGenerator<T>
    a BlockingRange<T>. These keep function and arguments, run in the same places, item by item from
    the first one on, and in the context of this call. A generator with \a context is run on the pool.

    Throws what the function
    throws, unchanged, and CallError's descendants: CallTimeout, CallCanceled, LoopStopped,
    DeadlockError, CallError for bad arguments.
*/
template <detail::NotOptions F, typename... A>
auto callSync(CallOptions options, F &&function, A &&...args) ->
        typename detail::VerbTypes<F, A...>::Sync
{
    options = detail::namedOptions(options, function);
    using Traits = detail::UnnamedTraits<F, A...>;
    if constexpr (detail::StreamTraits<F, A...>::isStream) {
        return detail::syncStream(options, detail::isDirect(options), std::forward<F>(function),
                                  std::forward<A>(args)...);
    } else if constexpr (!Traits::isAsync && !Traits::takesPromise) {
        if (detail::isDirect(options)) {
            if (!detail::callFlaw<std::decay_t<decltype(detail::unnamed(function))>>(
                        detail::unnamed(function), args...)) {
                detail::ThreadBlock &block = detail::threadBlock();
                if (block.current || (block.own && block.own->scopes))
                    detail::checkRunningCall();
                using Function = std::decay_t<decltype(detail::unnamed(function))>;
                return detail::callDirectly(block,
                                            Function(detail::unnamed(std::forward<F>(function))),
                                            std::forward<A>(args)...);
            }
        }
    }
    if constexpr (!detail::StreamTraits<F, A...>::isStream)
        return detail::callAndWait(options, std::forward<F>(function), std::forward<A>(args)...);
}

/// The same without options.
template <detail::NotOptions F, typename... A>
auto callSync(F &&function, A &&...args) -> typename detail::VerbTypes<F, A...>::Sync
{
    return callSync(detail::optionsWithoutPlace(), std::forward<F>(function), std::forward<A>(args)...);
}

} // namespace Synchronaut
