#include <Synchronaut/detail/callstate.h>

#include <Synchronaut/detail/timelimit.h>

#include "callentered_p.h"
#include "cancelpoll_p.h"
#include "functionmessage_p.h"
#include "observing_p.h"
#include "ownerwatch_p.h"
#include "spin_p.h"
#include "unobserved_p.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QEventLoop>
#include <QtCore/QFutureInterface>

namespace Synchronaut::detail {

CallState::Outcome CallState::outcomeOf(StopReason reason) noexcept
{
    switch (reason) {
    case StopReason::TimedOut:
        return CallState::Outcome::TimedOut;
    case StopReason::LoopEnded:
        return CallState::Outcome::LoopEnded;
    case StopReason::Canceled:
    case StopReason::None:
        break;
    }
    return CallState::Outcome::Canceled;
}

CallState::CallState(Kind kind) noexcept : m_kind(kind)
{
    StartMessage::deliver = &CallState::deliverStart;
    WakeMessage::deliver = &CallState::deliverWake;
    DeadlineEntry::expire = &CallState::expireTimer;
    DeadlineEntry::at = noDeadline;
}

CallState::~CallState()
{
    for (Mailbox *const mailbox : {m_home.load(), m_waitMailbox, m_timerMailbox}) {
        if (mailbox)
            mailbox->deref();
    }
}

void CallState::setHome(Mailbox *mailbox) noexcept
{
    if (m_home)
        return;
    mailbox->ref();
    m_home.store(mailbox, std::memory_order_release);
}

void CallState::setWaitMailbox(Mailbox *mailbox) noexcept
{
    mailbox->ref();
    if (Mailbox *const old = std::exchange(m_waitMailbox, mailbox))
        old->deref();
}

bool CallState::settleError(std::exception_ptr error)
{
    if (!claim())
        return false;
    m_error = std::move(error);
    storeError(m_error);
    publish(Outcome::Error);
    return true;
}

bool CallState::settleStopped(Outcome outcome)
{
    if (!claim())
        return false;
    publishStopped(outcome);
    return true;
}

void CallState::publishStopped(Outcome outcome)
{
    m_outcome = outcome;
    if (const QFutureInterfaceBase *const facade = future(); facade && !facade->isCanceled())
        storeError(error()); // Qt drops the error of a future that the user has cancelled
    publish(outcome);
}

void CallState::publish(Outcome outcome)
{
    const RefPtr<CallState> self(this);
    m_outcome = outcome;
    Observing::settled(*this, outcome);
    if (m_watched)
        OwnerWatch::unwatch(this);
    if (isPolled() && m_polls.exchange(Polls::Ended) == Polls::Yes)
        const SpinGuard guard(m_blockedLock); // nobody looks while the future is taken apart
    bool observed = true;
    {
        const Entered outside(nullptr, false); // continuations are no part of this call
        observed = finishFuture();
    }
    const Waiter waiter = m_waiter.exchange(Waiter::Done, std::memory_order_acq_rel);
    wakeWaiter(waiter);
    if (!observed && outcome != Outcome::Value && outcome != Outcome::Canceled)
        reportUnobserved(error(), origin());
}

void CallState::wakeWaiter(Waiter waiter)
{
    switch (waiter) {
    case Waiter::Thread:
        m_waitMailbox->unpark();
        return;
    case Waiter::None:
        if (!m_timerMailbox)
            return;
        if (m_timerMailbox->isCurrent()) {
            m_timerMailbox->disarm(this);
            return;
        }
        break;
    case Waiter::Coroutine:
    case Waiter::EventLoop:
    case Waiter::Outside:
        break;
    case Waiter::Done:
        Q_UNREACHABLE();
    }
    Mailbox *const target = waiter == Waiter::None ? m_timerMailbox : m_waitMailbox;
    m_wake = waiter;
    ref(); // for the message
    if (waiter != Waiter::Outside && target->isCurrent()) // an outside frame may be right below us
        deliverWake(static_cast<WakeMessage *>(this), Delivery::Run);
    else if (!target->post(static_cast<WakeMessage *>(this)))
        deliverWake(static_cast<WakeMessage *>(this), Delivery::Dropped);
}

void CallState::deliverWake(Message *message, Delivery how)
{
    const auto call = RefPtr<CallState>::adopt(
            static_cast<CallState *>(static_cast<WakeMessage *>(message)));
    if (how == Delivery::Dropped)
        return;
    call->disarm();
    Observing::woken(*call, Observing::Arrow::Resumption);
    if (call->m_wake == Waiter::Coroutine) {
        if (call->m_awaiter)
            call->m_awaiter->wake();
    } else if (call->m_wake == Waiter::EventLoop) {
        if (call->m_execs)
            QCoreApplication::exit(0);
        else if (call->m_loop)
            call->m_loop->quit();
    } else if (call->m_wake == Waiter::Outside && call->m_outside) {
        std::coroutine_handle<>::from_address(std::exchange(call->m_outside, nullptr)).resume();
    }
}

void CallState::requestStop(StopReason reason)
{
    const RefPtr<CallState> self(this);
    // before a plain function can see that it is to stop, and return: its result is late then
    const bool settles = m_kind == Kind::Plain && claim();
    const bool first = setStopReason(reason);
    if (first) {
        const bool loopEnds = reason == StopReason::LoopEnded;
        stopBlocked(loopEnds ? Outcome::LoopEnded : Outcome::Canceled, !loopEnds);
    }
    if (settles)
        publishStopped(outcomeOf(stopReason()));
    if (!first || m_kind == Kind::Plain)
        return;
    Mailbox *const home = m_home.load(std::memory_order_acquire);
    if (!home) {
        settleStopped(outcomeOf(reason)); // its start finds that
    } else if (home->isCurrent()) {
        deliverStop();
    } else {
        const std::uint64_t onBehalf = std::atomic_ref(chain).load(std::memory_order_relaxed);
        postFunction(*home, onBehalf, [self](Delivery how) {
            if (how == Delivery::Run)
                self->deliverStop();
        });
    }
}

RefPtr<CallState> CallState::blockedOn() noexcept
{
    const SpinGuard guard(m_blockedLock);
    return RefPtr<CallState>(m_blocked.inner);
}

void CallState::stopBlocked(Outcome outcome, bool shieldHolds)
{
    RefPtr<CallState> inner;
    {
        const SpinGuard guard(m_blockedLock);
        if (!m_blocked.shielded || !shieldHolds)
            inner = RefPtr<CallState>(m_blocked.inner);
    }
    if (!inner)
        return;
    // whoever blocks in this call's code waits for `inner`: let go of it
    inner->settleStopped(outcome);
    inner->requestStop(StopReason::Canceled);
}

void CallState::interrupt()
{
    const RefPtr<CallState> self(this);
    if (!isStopRequested())
        return; // its code is shielded
    stopBlocked(Outcome::Canceled, false); // by what is inside of a shield, if there is one
    if (m_suspension)
        m_suspension->cancel();
}

void CallState::deliverStop()
{
    if (!m_root) {
        if (!m_running)
            settleStopped(outcomeOf(stopReason())); // not launched yet; its start finds that
    } else if (m_suspension && isStopRequested()) {
        m_suspension->cancel();
    }
}

bool CallState::stopPolled() const noexcept
{
    const auto *const iface = const_cast<CallState *>(this)->future();
    return (iface && iface->isCanceled()) || (m_inCaller && m_inCaller->isCallStopped());
}

std::stop_token CallState::giveStopToken()
{
    CancelPoll::start(this);
    return currentStopToken();
}

bool CallState::pollCancel()
{
    {
        const SpinGuard guard(m_blockedLock);
        if (isClaimed() || m_polls.load() != Polls::Yes)
            return true;
        if (!stopPolled())
            return false;
    }
    if (m_kind == Kind::Home)
        requestStop(StopReason::Canceled);
    else if (setStopReason(StopReason::Canceled)) // its future is finished when it returns
        stopBlocked(Outcome::Canceled, true);
    return true;
}

bool CallState::calleeIsQuiet() const noexcept
{
    return m_outcome == Outcome::Error || (m_kind == Kind::Home && home() && home()->isCurrent());
}

std::exception_ptr CallState::error() const
{
    switch (m_outcome) {
    case Outcome::Error:
        return m_error;
    case Outcome::TimedOut:
        return std::make_exception_ptr(timeoutError(origin(), m_granted));
    case Outcome::Canceled:
        return std::make_exception_ptr(canceledError());
    case Outcome::LoopEnded:
        return std::make_exception_ptr(LoopStopped(
                QStringLiteral("Function %1 cannot go on: the event loop it belongs to has stopped; "
                               "call it again after shutdown(), or keep its thread alive")
                        .arg(displayName()),
                origin()));
    case Outcome::Pending:
    case Outcome::Value:
        break;
    }
    return {};
}

void CallState::throwError()
{
    if (m_outcome == Outcome::Canceled)
        currentRecord().throwIfLimitPassed(); // that is why, for the frame that set the limit
    const std::exception_ptr thrown = m_outcome == Outcome::Error ? std::exchange(m_error, {}) : error();
    std::rethrow_exception(thrown);
}

void CallState::throwStopped() const
{
    throwIfLimitPassed();
    throw canceledError();
}

CallCanceled CallState::canceledError() const
{
    const CallErrorOrigin from = origin();
    return CallCanceled(QStringLiteral("Function ") + from.functionName + QStringLiteral(" was cancelled"),
                        from);
}

} // namespace Synchronaut::detail
