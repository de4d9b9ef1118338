#include "cancelpoll_p.h"

#include "engine_p.h"
#include "functionmessage_p.h"

#include <QtCore/QThread>

namespace Synchronaut::detail {

namespace {

constexpr int interval = 10; // ms

} // namespace

void CallState::CancelPoll::start(CallState *call)
{
    for (; call; call = static_cast<CallState *>(call->parent.get())) {
        if (!call->isPolled() || call->isSettled() || call->m_pollsCancel.exchange(true))
            continue;
        const RefPtr<Mailbox> background = Engine::instance().backgroundMailbox();
        if (!background)
            return; // none without an application
        postFunction(*background, 0, [kept = RefPtr<CallState>(call)](Delivery how) {
            if (how != Delivery::Run)
                return;
            auto *const poll = new CancelPoll(kept); // deletes itself
            QObject::connect(QThread::currentThread(), &QThread::finished, poll, &QObject::deleteLater);
        });
    }
}

CallState::CancelPoll::CancelPoll(const RefPtr<CallState> &call) : m_call(call)
{
    m_timer.start(interval, Qt::CoarseTimer, this);
}

void CallState::CancelPoll::timerEvent(QTimerEvent *)
{
    if (!m_call->pollCancel())
        return;
    m_timer.stop();
    deleteLater();
}

} // namespace Synchronaut::detail
