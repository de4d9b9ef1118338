#pragma once

#include <Synchronaut/asyncresource.h>
#include <Synchronaut/detail/resourceends.h>
#include <Synchronaut/detail/syncscope.h>

#include <type_traits>
#include <utility>

namespace Synchronaut {

/*!
    A task that acquires \a resource, runs \a body with what that gave, and releases it; gives what
    the body gives.

    All three run in the awaiting coroutine's thread and call: what acquire sets in the context is
    seen by the body and by release. The body is called with the value as an lvalue (moved from where
    it takes an rvalue or a move-only value), or without arguments; it may be plain, and then runs on
    the loop, or async. Result and value may be move-only.

    When acquire fails, its error is thrown and release is not called. Else release is called exactly
    once, with the body's error, or null, shielded from cancellation and limits, and has ended before
    the task ends. The body's error then goes on, CallCanceled and CallTimeout included, unless release
    throws, which replaces it, or, for a void body, swallows it: by giving true, or by catching it in a
    generator. An AsyncGenerator that yields never or twice is a CallError. Scopes may be nested; they
    are left in reverse order.

    An lvalue \a resource has to outlive the task; an rvalue is moved in, as the body is. Where the
    task's frame is destroyed instead of unwinding (its owner has died), release is not run, as nothing
    is that awaits; what the value itself destroys, is.

    With GCC 12, name a body that captures before the \c co_await expression; see src/doc/gcc12.md.
*/
template <typename R, typename Body>
    requires AsyncResource<std::remove_reference_t<R>>
auto withResource(R &&resource, Body &&body)
{
    using T = typename detail::ScopeTraits<R, std::decay_t<Body>>::Result;
    return detail::runScope<T, R, std::decay_t<Body>>(std::forward<R>(resource),
                                                      std::forward<Body>(body));
}

/*!
    withResource() for sync code: waits, as callSync() does, and gives what the body gives.

    Both ends run on the background loop (when called on that, on a spare loop of the library), in one
    context. An async body runs there, too, between them. A plain one runs here, in this thread and in
    the context that acquire has left.

    A timeout or deadline in \a options holds for acquire and body together: async code is cancelled, a
    plain body sees isCanceled() and is not interrupted. Unlike callSync(), which may leave a cancelled
    function behind, this returns when everything has unwound, since it refers to \a resource and \a body.
    A context object in \a options cancels acquire and an async body. Any thread.
*/
template <typename R, typename Body>
    requires AsyncResource<std::remove_reference_t<R>>
auto withResourceSync(CallOptions options, R &&resource, Body &&body) ->
        typename detail::ScopeTraits<R, Body>::Result
{
    using Traits = detail::ScopeTraits<R, Body>;
    using T = typename Traits::Result;
    if constexpr (Traits::isAsync) {
        auto work = [&] { return detail::runScope<T, R, Body &>(std::forward<R>(resource), body); };
        return detail::callJoined<T>(options, detail::typeText<std::remove_cvref_t<R>>(), work,
                                     [](detail::CallState *call) { call->startForBlockingCall(); });
    } else {
        detail::SyncScope<std::remove_reference_t<R>> scope(std::forward<R>(resource));
        return scope.template run<T>(options, body);
    }
}

/// The same without options.
template <typename R, typename Body>
    requires AsyncResource<std::remove_reference_t<R>>
auto withResourceSync(R &&resource, Body &&body) -> typename detail::ScopeTraits<R, Body>::Result
{
    return withResourceSync(detail::optionsWithoutPlace(), std::forward<R>(resource), body);
}

} // namespace Synchronaut
