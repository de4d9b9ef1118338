#include <Synchronaut/detail/callstate.h>

#include "blockedon_p.h"
#include "callentered_p.h"
#include "engine_p.h"
#include "observing_p.h"

#include <QtCore/QFutureWatcher>
#include <QtCore/QThread>

#include <memory>

namespace Synchronaut::detail {

void CallState::runHere()
{
    const Entered entered(this, threadBlock().isTask);
    if (m_claimed.load(std::memory_order_acquire))
        return; // timed out or cancelled while it was queued
    if (isStopRequested()) {
        settleStopped(outcomeOf(stopReason()));
    } else {
        Observing::started(*this);
        execute();
    }
}

void CallState::followCaller() noexcept
{
    const auto *const caller = static_cast<const CallState *>(threadBlock().current);
    if (caller && !caller->isShielded())
        m_inCaller = caller; // whom `parent` keeps
}

void CallState::runInCaller()
{
    followCaller();
    const BlockedOn blockedOn(this);
    runHere();
}

void CallState::awaitPublished() const noexcept
{
    while (!isSettled())
        QThread::yieldCurrentThread();
}

void CallState::startForBlockingCall()
{
    const RefPtr<Mailbox> home = Engine::instance().homeForBlockingCall();
    if (!home)
        settleStopped(Outcome::LoopEnded);
    else if (home->isCurrent())
        startHome();
    else
        sendTo(home.get());
}

void CallState::startOnBackground()
{
    if (const RefPtr<Mailbox> home = Engine::instance().backgroundMailbox())
        sendTo(home.get());
    else
        settleStopped(Outcome::LoopEnded);
}

void CallState::submitOrLend(const CallOptions &options)
{
    if (!options.executor && !options.forceOffload && deadline == noDeadline) {
        for (CallRecord *caller = parent.get(); caller && caller->chain == chain;
             caller = caller->parent.get()) {
            auto *const call = static_cast<CallState *>(caller);
            if (call->m_waiter.load(std::memory_order_acquire) != Waiter::Thread)
                continue;
            ref(); // for the message
            if (call->m_waitMailbox->lend(call, static_cast<StartMessage *>(this)))
                return;
            deref();
            break;
        }
    }
    submit(options.executor);
}

void CallState::sendHere()
{
    setHome(&Mailbox::current());
    if (m_kind == Kind::Plain)
        runHere();
    else
        startHome();
}

void CallState::sendInCaller()
{
    if (m_kind == Kind::Plain) {
        setHome(&Mailbox::current());
        runInCaller();
    } else {
        sendHere();
    }
}

void CallState::sendTo(Mailbox *mailbox)
{
    setHome(mailbox);
    ref(); // for the message
    if (mailbox->post(static_cast<StartMessage *>(this)))
        return;
    deliverStart(static_cast<StartMessage *>(this), Delivery::Dropped);
}

void CallState::deliverStart(Message *message, Delivery how)
{
    const auto call = RefPtr<CallState>::adopt(
            static_cast<CallState *>(static_cast<StartMessage *>(message)));
    if (how == Delivery::Dropped) {
        call->settleStopped(Outcome::LoopEnded);
        return;
    }
    if (call->m_kind == Kind::Plain)
        call->runHere();
    else
        call->startHome();
}

void CallState::startHome()
{
    const RefPtr<CallState> self(this);
    Mailbox &mailbox = Mailbox::current();
    mailbox.attachLoop();
    setHome(&mailbox);
    if (m_claimed.load(std::memory_order_acquire)) {
        destroyRoot();
        return;
    }
    if (mailbox.isClosed()) {
        destroyRoot();
        settleStopped(Outcome::LoopEnded);
        return;
    }
    if (isStopRequested()) {
        destroyRoot();
        settleStopped(outcomeOf(stopReason()));
        return;
    }
    {
        const Entered entered(this, true);
        Observing::started(*this);
        m_root = launch();
    }
    if (!m_root)
        return;
    mailbox.addCall(this);
    if (future() && !m_timerMailbox)
        armDeadlineHere(); // nobody waits who would watch it
    drive(m_root);
}

void CallState::drive(std::coroutine_handle<> handle)
{
    // the home's list of calls keeps this one until retireRoot()
    {
        const Entered entered(this, true);
        const bool outer = std::exchange(m_running, true);
        m_suspension = nullptr;
        m_nextFrame = handle;
        do {
            std::exchange(m_nextFrame, {}).resume();
        } while (m_nextFrame && !m_doomed);
        m_running = outer;
    }
    if (m_root.done()) {
        const RefPtr<CallState> self(this);
        retireRoot();
        finishRoot();
    } else if (m_doomed) {
        destroyNow(Outcome::Canceled);
    } else if (isPolled() && !m_cancelWatcher && !isSettled()) {
        watchFutureCancel();
    }
}

void CallState::retireRoot()
{
    m_root = {};
    disarm();
    delete std::exchange(m_cancelWatcher, nullptr); // before the future is looked at for observers
    home()->removeCall(this);
}

void CallState::watchFutureCancel()
{
    auto watcher = std::make_unique<QFutureWatcher<void>>();
    QObject::connect(watcher.get(), &QFutureWatcherBase::canceled, watcher.get(),
                     [this] { requestStop(StopReason::Canceled); });
    watcher->setFuture(futureHandle());
    m_cancelWatcher = watcher.release(); // deleted by retireRoot()
}

void CallState::destroyNow(Outcome outcome)
{
    const RefPtr<CallState> self(this);
    if (m_running) {
        m_doomed = true; // drive() sees to it at the next suspension
        return;
    }
    setStopReason(outcome == Outcome::LoopEnded ? StopReason::LoopEnded : StopReason::Canceled);
    if (m_root) {
        retireRoot();
        destroyRoot();
    }
    settleStopped(outcome);
}

} // namespace Synchronaut::detail
