#pragma once

#include <Synchronaut/detail/signalcall.h>

#include <QtCore/QVarLengthArray>

namespace Synchronaut::detail {

/// Waits for the first of several signals, whatever they carry: co_await any.source(). Fails with
/// SenderDestroyed when one of the senders dies before. A variable of the awaiting coroutine.
class AnySignal
{
public:
    explicit AnySignal(const char *name) : m_call(new Call) // owned by the references to it
    {
        CallOptions options;
        options.name = name;
        m_begun = m_call->begin(options, nullptr, false);
        m_call->connected(true);
    }
    AnySignal(const AnySignal &) = delete;
    AnySignal &operator=(const AnySignal &) = delete;
    ~AnySignal() { m_call->settleStopped(CallState::Outcome::Canceled); }

    template <typename Sender, typename Signal>
    void add(Sender *sender, Signal signal)
    {
        if (m_begun)
            m_subscriptions.push_back(subscribe<Call>(sender, signal, m_call));
    }
    CallAwaiterSource<void> source() const noexcept { return CallAwaiterSource<void>(m_call.get()); }

private:
    using Call = SignalCall<void>;

    RefPtr<Call> m_call;
    QVarLengthArray<SignalSubscription, 6> m_subscriptions;
    bool m_begun = false;
};

} // namespace Synchronaut::detail
