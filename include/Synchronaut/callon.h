#pragma once

#include <Synchronaut/detail/makecall.h>

#include <QtCore/QFuture>
#include <QtCore/QObject>
#include <QtCore/QPointer>

#include <source_location>

namespace Synchronaut {

namespace detail {

/// Runs \a call in the thread of \a target: at once if that is this one.
SYNCHRONAUT_EXPORT void startInThreadOf(CallState *call, QObject *target);
/// Lets a plain \a call look for its caller's stop if it is going to run at once, in this thread. Before it begins.
SYNCHRONAUT_EXPORT void pollIfHere(CallState *call, const QObject *target);
[[noreturn]] SYNCHRONAUT_EXPORT void throwTargetGone();

/// Work that is only done while its target lives; looked at in the target's thread.
template <typename Work>
class GuardedWork
{
public:
    template <typename... A>
    GuardedWork(std::in_place_t, QObject *target, A &&...args)
        : m_target(target), m_work(std::in_place, std::forward<A>(args)...)
    {
    }
    decltype(auto) operator()()
    {
        if (!m_target)
            throwTargetGone();
        return m_work();
    }

private:
    QPointer<QObject> m_target;
    Work m_work;
};

template <typename Target, typename F, typename... A>
auto makeGuardedCall(Target *target, F &&function, A &&...args)
{
    using Function = std::decay_t<decltype(unnamed(std::forward<F>(function)))>;
    if constexpr (std::is_member_pointer_v<Function>) {
        using Traits = CallTraits<Function, Target *, A...>;
        using T = typename Traits::Result;
        using Work = GuardedWork<StoredWorkFor<Invocation, Function, Target *, A...>>;
        using Call = std::conditional_t<Traits::isAsync, TaskCall<T, Work>, PlainCall<T, Work>>;
        RefPtr<Call> call(new Call(std::in_place, target, unnamed(std::forward<F>(function)), target,
                                   std::forward<A>(args)...)); // owned by the references to it
        return call;
    } else {
        using Traits = CallTraits<Function, A...>;
        using T = typename Traits::Result;
        using Work = GuardedWork<StoredWorkFor<Invocation, Function, A...>>;
        using Call = std::conditional_t<Traits::isAsync, TaskCall<T, Work>, PlainCall<T, Work>>;
        RefPtr<Call> call(new Call(std::in_place, target, unnamed(std::forward<F>(function)),
                                   std::forward<A>(args)...)); // owned by the references to it
        return call;
    }
}

template <typename Target, typename F, typename... A>
auto beginOn(const CallOptions &options, Target *target, F &&function, A &&...args)
{
    const CallOptions all = namedOptions(options, function);
    const char *const flaw = !target
            ? "the target object is null; pass a living one"
            : callFlaw<std::decay_t<decltype(unnamed(function))>>(unnamed(function), target);
    auto call = makeGuardedCall(target, std::forward<F>(function), std::forward<A>(args)...);
    call->flaw = flaw;
    return std::pair(std::move(call), all);
}

} // namespace detail

/*!
    Runs \a function in the thread of \a target, at once if that is the calling one. A member
    function pointer is called on \a target. The future gets the result, what the function threw,
    SenderDestroyed if \a target died first, or LoopStopped if its thread has ended or ends.

    While a thread waits in callSync(), it runs what is sent to it on behalf of what it waits for
    (G3). Any thread; \a target must be alive at the call.
*/
template <typename Target, detail::NotOptions F, typename... A>
    requires std::is_base_of_v<QObject, Target>
auto callOn(CallOptions options, Target *target, F &&function, A &&...args)
{
    auto [call, all] = detail::beginOn(options, target, std::forward<F>(function),
                                       std::forward<A>(args)...);
    auto future = call->makeFuture();
    if (call->begin(all, detail::typeText<std::remove_cvref_t<F>>(), true)) {
        call->watchDeadline();
        detail::startInThreadOf(call.get(), target);
    }
    return future;
}

/// The same without options.
template <typename Target, detail::NotOptions F, typename... A>
    requires std::is_base_of_v<QObject, Target>
auto callOn(Target *target, F &&function, A &&...args)
{
    return callOn(detail::optionsWithoutPlace(), target, std::forward<F>(function),
                  std::forward<A>(args)...);
}

/// callOn() that waits. Two threads that wait for each other this way get DeadlockError.
template <typename Target, detail::NotOptions F, typename... A>
    requires std::is_base_of_v<QObject, Target>
auto callOnSync(CallOptions options, Target *target, F &&function, A &&...args)
{
    const auto prepared = detail::beginOn(options, target, std::forward<F>(function),
                                          std::forward<A>(args)...);
    const auto &call = prepared.first;
    detail::pollIfHere(call.get(), target);
    if (call->begin(prepared.second, detail::typeText<std::remove_cvref_t<F>>(), true)) {
        call->startAndWait(options.waitMode,
                           [&] { detail::startInThreadOf(call.get(), target); });
    }
    return call->take();
}

/// The same without options.
template <typename Target, detail::NotOptions F, typename... A>
    requires std::is_base_of_v<QObject, Target>
auto callOnSync(Target *target, F &&function, A &&...args)
{
    return callOnSync(detail::optionsWithoutPlace(), target, std::forward<F>(function),
                      std::forward<A>(args)...);
}

} // namespace Synchronaut
