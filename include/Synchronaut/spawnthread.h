#pragma once

#include <Synchronaut/detail/makecall.h>

#include <QtCore/QFuture>

namespace Synchronaut {

/// Runs the plain \a function on a thread of its own, in the caller's context. For work that
/// occupies a thread for long and would fill a pool. Errors are in the future. Any thread.
template <detail::NotOptions F, typename... A>
auto spawnThread(CallOptions options, F &&function, A &&...args)
        -> QFuture<typename detail::UnnamedTraits<F, A...>::Result>
{
    static_assert(!detail::UnnamedTraits<F, A...>::isAsync,
                  "spawnThread() takes a plain function; spawn() and callAny() take async ones");
    options = detail::namedOptions(options, function);
    auto call = detail::makeCall(std::forward<F>(function), std::forward<A>(args)...);
    auto future = call->makeFuture();
    if (call->begin(options, detail::typeText<std::remove_cvref_t<F>>(), true)) {
        call->watchDeadline();
        call->runOnOwnThread();
    }
    return future;
}

/// The same without options.
template <detail::NotOptions F, typename... A>
auto spawnThread(F &&function, A &&...args)
        -> QFuture<typename detail::UnnamedTraits<F, A...>::Result>
{
    return spawnThread(detail::optionsWithoutPlace(), std::forward<F>(function),
                       std::forward<A>(args)...);
}

} // namespace Synchronaut
