#include "cancelpoll_p.h"

#include "engine_p.h"
#include "functionmessage_p.h"

#include <QtCore/QThread>

#include <algorithm>
#include <iterator>
#include <utility>

namespace Synchronaut::detail {

namespace {

constexpr int interval = 10; // ms
constinit thread_local QObject *t_poll = nullptr; // the background loop's

} // namespace

void CallState::CancelPoll::start(CallState *call)
{
    Engine &engine = Engine::instance();
    if (!engine.obstacle().isEmpty())
        return; // no application, or a child of fork(): nobody is there to look
    for (; call; call = static_cast<CallState *>(call->parent.get())) {
        Polls no = Polls::No;
        if (!call->isPolled() || !call->m_polls.compare_exchange_strong(no, Polls::Yes))
            continue;
        if (const RefPtr<Mailbox> background = engine.backgroundMailbox()) {
            postFunction(*background, 0, [kept = RefPtr<CallState>(call)](Delivery how) {
                if (how == Delivery::Run)
                    look(kept);
            });
        }
    }
}

void CallState::CancelPoll::look(const RefPtr<CallState> &call)
{
    if (!t_poll) {
        t_poll = new CancelPoll; // deleted when the loop's thread ends
        connect(QThread::currentThread(), &QThread::finished, t_poll, &QObject::deleteLater);
    }
    auto *const poll = static_cast<CancelPoll *>(t_poll);
    poll->m_calls.push_back(call);
    if (!poll->m_timer.isActive())
        poll->m_timer.start(interval, Qt::CoarseTimer, poll);
}

CallState::CancelPoll::~CancelPoll()
{
    t_poll = nullptr;
}

void CallState::CancelPoll::timerEvent(QTimerEvent *)
{
    // stop callbacks are the user's code: they may turn this loop, and add calls
    std::vector<RefPtr<CallState>> calls = std::exchange(m_calls, {});
    std::erase_if(calls, [](const RefPtr<CallState> &call) { return call->pollCancel(); });
    std::move(calls.begin(), calls.end(), std::back_inserter(m_calls));
    if (m_calls.empty())
        m_timer.stop();
}

} // namespace Synchronaut::detail
