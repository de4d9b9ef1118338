#include <Synchronaut/detail/callstate.h>

#include "engine_p.h"
#include "functionmessage_p.h"

#include <QtCore/QThread>

namespace Synchronaut::detail {

void CallState::armDeadlineHere()
{
    if (DeadlineEntry::at == noDeadline || DeadlineEntry::index >= 0)
        return;
    Mailbox &mailbox = Mailbox::current();
    mailbox.attachLoop();
    if (!m_timerMailbox) {
        mailbox.ref();
        m_timerMailbox = &mailbox;
    }
    mailbox.arm(this);
}

void CallState::disarm() noexcept
{
    // where another loop watches the deadline, settling sends it a message to the same end
    if (m_timerMailbox && m_timerMailbox->isCurrent())
        m_timerMailbox->disarm(this);
}

void CallState::watchDeadline()
{
    if (DeadlineEntry::at == noDeadline)
        return;
    if (threadBlock().isTask || QThread::currentThread()->loopLevel() > 0) {
        armDeadlineHere();
        return;
    }
    const RefPtr<Mailbox> background = Engine::instance().backgroundMailbox();
    if (!background) {
        settleStopped(Outcome::LoopEnded);
        return;
    }
    background->ref();
    m_timerMailbox = background.get(); // before the call can settle, so that it knows whom to tell
    const bool posted = postFunction(*background, chain, [call = RefPtr<CallState>(this)](Delivery how) {
        if (how == Delivery::Run && !call->isSettled())
            call->m_timerMailbox->arm(call.get());
    });
    if (!posted)
        settleStopped(Outcome::LoopEnded);
}

void CallState::expireTimer(DeadlineEntry *entry)
{
    static_cast<CallState *>(entry)->onDeadline();
}

void CallState::onDeadline()
{
    const RefPtr<CallState> self(this);
    if (Mailbox *const mailbox = home(); mailbox && mailbox->isCurrent())
        delete std::exchange(m_cancelWatcher, nullptr); // it would pass for an observer (G16)
    settleStopped(Outcome::TimedOut);
    requestStop(StopReason::TimedOut);
}

bool CallState::attachAwaiter(Suspension *awaiter)
{
    m_awaiter = awaiter;
    setWaitMailbox(&Mailbox::current());
    Waiter none = Waiter::None;
    if (!m_waiter.compare_exchange_strong(none, Waiter::Coroutine, std::memory_order_acq_rel))
        return false;
    armDeadlineHere();
    return true;
}

bool CallState::attachOutside(std::coroutine_handle<> frame)
{
    m_outside = frame.address();
    setWaitMailbox(&Mailbox::current());
    Waiter none = Waiter::None;
    return m_waiter.compare_exchange_strong(none, Waiter::Outside, std::memory_order_acq_rel);
}

void CallState::detachAwaiter() noexcept
{
    const RefPtr<CallState> self(this);
    m_awaiter = nullptr;
    disarm();
    if (isSettled())
        return;
    if (Mailbox *const mailbox = home(); m_kind == Kind::Home && mailbox && mailbox->isCurrent())
        destroyNow(Outcome::Canceled);
    else
        requestStop(StopReason::Canceled);
}

void CallState::detachOutside() noexcept
{
    const RefPtr<CallState> self(this);
    m_outside = nullptr;
    if (!isSettled())
        destroyNow(Outcome::Canceled);
}

void CallState::takeContextBack()
{
    if (m_copyContextOut && (m_outcome == Outcome::Value || m_outcome == Outcome::Error))
        setCurrentContext(context);
}

bool Suspension::begin(CallState *call, std::coroutine_handle<> handle)
{
    if (call->isStopRequested()) {
        m_canceled = true;
        return false;
    }
    m_call = call;
    m_handle = handle;
    call->m_suspension = this;
    return true;
}

void Suspension::detach() noexcept
{
    if (!m_call)
        return;
    if (m_ready)
        m_call->home()->unready(this);
    if (m_call->m_suspension == this)
        m_call->m_suspension = nullptr;
    m_call = nullptr;
}

void Suspension::wake()
{
    if (m_call && !m_ready)
        m_call->home()->ready(this);
}

void Suspension::cancel()
{
    if (!m_call || m_ready || m_canceled)
        return;
    m_canceled = true;
    if (!m_onCancel || m_onCancel(this))
        wake();
}

} // namespace Synchronaut::detail
