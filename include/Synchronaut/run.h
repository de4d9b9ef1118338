#pragma once

#include <Synchronaut/detail/makecall.h>
#include <Synchronaut/detail/owner.h>
#include <Synchronaut/task.h>

#include <QtCore/QFuture>

#include <source_location>

namespace Synchronaut {

namespace detail {

/// The call that awaits \a awaitable, a copy of it if it is no temporary.
template <Awaitable A>
auto callOf(A &&awaitable)
{
    using T = typename AwaitResult<A>::Type;
    static_assert(std::is_constructible_v<std::remove_cvref_t<A>, A>,
                  "A task is awaited once, as an rvalue: pass std::move(task)");
    return RefPtr<TypedCall<T>>(new TaskCall<T, Handed<std::remove_cvref_t<A>>>(
            std::in_place, std::forward<A>(awaitable))); // owned by the references to it
}

} // namespace detail

/*!
    Runs \a task, or awaits any other awaitable, on this thread and turns the thread's event loop
    until it is done: what main() calls. On the application's thread, where no loop runs yet, that loop is
    QCoreApplication::exec(); a quit() meanwhile cancels the task, lets it unwind (5 s at most) and
    ends run() with CallCanceled. May nest under a running loop. Throws what the task throws.
*/
template <detail::Awaitable A>
auto run(A &&task, std::source_location where = std::source_location::current()) ->
        typename detail::AwaitResult<A>::Type
{
    const auto call = detail::callOf(std::forward<A>(task));
    if (call->begin(CallOptions{.name = "run", .where = where}, nullptr, true)) {
        call->startHome();
        call->waitAsMain();
    }
    return call->take();
}

/*!
    Starts \a task, or awaits any other awaitable, on this thread's loop, running it at once up to
    its first suspension. It goes on whenever the loop runs. Errors are in the future; if that is dropped, they are logged (G16).
*/
template <detail::Awaitable A>
auto spawn(A &&task, std::source_location where = std::source_location::current()) ->
        QFuture<typename detail::AwaitResult<A>::Type>
{
    const auto call = detail::callOf(std::forward<A>(task));
    auto future = call->makeFuture();
    if (call->begin(CallOptions{.name = "spawn", .where = where}, nullptr, true))
        call->startHome();
    return future;
}

/*!
    The same, destroyed with \a owner, which lives in this thread (else the future has a CallError): when
    ~QObject of the owner has run, the coroutine's locals are gone, no line of it runs any more, what it
    waited for is cancelled, and the future has CallCanceled (G13). An owner that is deleted by its own
    running task is gone before that is: the task dies at its next suspension, without being resumed.
    Cleanup that awaits is therefore not run; where it must be, use CallOptions::context, which only
    cancels. The owner must not be moved to another thread meanwhile.
*/
template <detail::Awaitable A>
auto spawn(QObject *owner, A &&task, std::source_location where = std::source_location::current()) ->
        QFuture<typename detail::AwaitResult<A>::Type>
{
    const auto call = detail::callOf(std::forward<A>(task));
    auto future = call->makeFuture();
    if (call->begin(CallOptions{.name = "spawn", .where = where}, nullptr, true)) {
        detail::setOwner(call.get(), owner);
        call->startHome();
    }
    return future;
}

} // namespace Synchronaut
