#pragma once

#include <Synchronaut/calloptions.h>
#include <Synchronaut/detail/signalcall.h>
#include <Synchronaut/task.h>

#include <source_location>
#include <utility>

namespace Synchronaut {

/// What fromSignal() gives: awaited once. Moving it keeps the subscription, destroying it ends it.
template <typename T>
class [[nodiscard]] SignalEmission
{
public:
    using TaskAwaiter = detail::SignalAwaiter<T>; ///< internal: how a Task awaits it

    /// Internal: fromSignal() makes one.
    SignalEmission(detail::RefPtr<detail::SignalCall<T>> call,
                   detail::SignalSubscription subscription) noexcept
        : m_subscription(std::move(subscription)), m_call(std::move(call))
    {
    }
    SignalEmission(SignalEmission &&) noexcept = default; ///< leaves one that cannot be awaited
    SignalEmission &operator=(SignalEmission &&) = delete;
    ~SignalEmission()
    {
        if (m_call)
            m_call->settleStopped(detail::CallState::Outcome::Canceled);
    }

    /// For coroutines of other libraries; this is moved from.
    auto operator co_await() { return asTask(std::move(*this)).operator co_await(); }

private:
    friend TaskAwaiter;

    static Task<T> asTask(SignalEmission emission) { co_return co_await emission; }
    detail::SignalSubscription takeSubscription() noexcept { return std::move(m_subscription); }
    detail::RefPtr<detail::TypedCall<T>> takeCall()
    {
        if (!m_call)
            detail::throwAwaitedTwice();
        return std::move(m_call);
    }

    detail::SignalSubscription m_subscription;
    detail::RefPtr<detail::SignalCall<T>> m_call;
};

/*!
    co_await waits for the next emission of \a signal: nothing for a signal without arguments, the
    argument's value for one, a std::tuple for several. Private signals and senders in other threads
    are fine; the task resumes at home, from its loop, not inside of the emission. Overloaded signals
    need qOverload.

    It subscribes when it is called, not when it is awaited: call, start what will emit, then
    await. The first emission counts; see emissions() for all of them.

    Throws SenderDestroyed when the sender dies first, or the connection is cut by a disconnect() of
    others; CallCanceled when the task is cancelled (withTimeout() works); CallError if \a sender is
    null or \a signal is no signal. \a sender must be alive at the call. Arguments are copied
    in the emitting thread. Any thread with an event loop.
*/
template <typename Sender, typename Signal>
auto fromSignal(Sender *sender, Signal signal,
                std::source_location where = std::source_location::current())
        -> SignalEmission<detail::Emission<Signal>>
{
    using T = detail::Emission<Signal>;
    using Call = detail::SignalCall<T>;
    detail::RefPtr<Call> call(new Call); // owned by the references to it
    detail::SignalSubscription subscription;
    call->flaw = sender ? nullptr : detail::nullSender;
    if (call->begin(CallOptions{.name = "fromSignal", .where = where}, nullptr, false)) {
        subscription = detail::subscribe<Call>(sender, signal, call);
        call->connected(subscription.isValid());
    }
    return SignalEmission<T>(std::move(call), std::move(subscription));
}

} // namespace Synchronaut
