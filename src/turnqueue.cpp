#include "turnqueue_p.h"

#include "waitgraph_p.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace Synchronaut::detail {

TurnQueue::TurnQueue(SynchronizerCore &core) : m_core(core)
{
    Message::deliver = &TurnQueue::deliverNext;
    const std::lock_guard lock(waitGraphLock());
    enlistTurns(this);
}

TurnQueue::~TurnQueue()
{
    const std::lock_guard lock(waitGraphLock());
    delistTurns(this);
}

bool TurnQueue::needsWake()
{
    return !m_holder && !m_waiting.empty() && !std::exchange(m_wakeUnderWay, true);
}

std::function<void()> TurnQueue::takeWhenDone()
{
    return !m_holder && m_waiting.empty() ? std::exchange(m_whenDone, {}) : std::function<void()>();
}

void TurnQueue::add(CallState *call)
{
    bool closed = false;
    bool wakes = false;
    std::vector<RefPtr<CallState>> seen;
    QStringList circle;
    {
        const std::lock_guard lock(waitGraphLock());
        closed = m_closed;
        if (!closed) {
            *call->turn() = {this, true};
            m_waiting.emplace_back(call);
            if (m_holder)
                circle = waitCircle(call, seen);
            if (!circle.isEmpty()) {
                call->turn()->waits = false;
                m_waiting.pop_back();
            }
            wakes = needsWake();
        }
    }
    if (closed)
        call->settleStopped(CallState::Outcome::LoopEnded);
    else if (!circle.isEmpty())
        settleDeadlocked(call, circle);
    else if (wakes)
        wake();
}

void TurnQueue::wake()
{
    m_core.ref(); // for the message
    if (!m_core.post(this))
        deliverNext(this, Delivery::Dropped);
}

void TurnQueue::deliverNext(Message *message, Delivery how)
{
    auto *const queue = static_cast<TurnQueue *>(message);
    const auto core = RefPtr<SynchronizerCore>::adopt(&queue->m_core);
    if (how == Delivery::Run)
        queue->runNext();
    else
        queue->dropAll();
}

void TurnQueue::runNext()
{
    RefPtr<CallState> call;
    {
        const std::lock_guard lock(waitGraphLock());
        m_wakeUnderWay = false;
        if (m_holder || m_waiting.empty())
            return; // a call made on this thread was faster
        call = std::move(m_waiting.front());
        m_waiting.pop_front();
        call->turn()->waits = false;
        m_holder = call;
    }
    call->sendHere();
    if (call->isPlain())
        end(call.get());
}

void TurnQueue::runNow(CallState *call)
{
    const RefPtr<CallState> self(call);
    {
        const std::lock_guard lock(waitGraphLock());
        if (!m_holder)
            m_holder = self;
    }
    call->sendInCaller();
    if (call->isPlain())
        end(call);
}

void TurnQueue::end(CallState *call)
{
    RefPtr<CallState> ended; // let go of without the lock
    bool wakes = false;
    std::function<void()> whenDone;
    {
        const std::lock_guard lock(waitGraphLock());
        if (m_holder.get() != call)
            return;
        std::swap(ended, m_holder);
        wakes = needsWake();
        whenDone = takeWhenDone();
    }
    if (wakes)
        wake();
    if (whenDone)
        whenDone();
}

void TurnQueue::close(std::function<void()> whenDone)
{
    std::vector<RefPtr<CallState>> coroutines;
    {
        const std::lock_guard lock(waitGraphLock());
        m_closed = true;
        m_whenDone = std::move(whenDone);
        std::copy_if(m_waiting.begin(), m_waiting.end(), std::back_inserter(coroutines),
                     [](const RefPtr<CallState> &call) { return !call->isPlain(); });
        if (m_holder && !m_holder->isPlain())
            coroutines.push_back(m_holder);
        whenDone = takeWhenDone();
    }
    for (const RefPtr<CallState> &call : coroutines)
        call->requestStop(StopReason::Canceled);
    if (whenDone)
        whenDone();
}

void TurnQueue::dropAll()
{
    std::deque<RefPtr<CallState>> dropped;
    {
        const std::lock_guard lock(waitGraphLock());
        m_wakeUnderWay = false;
        std::swap(dropped, m_waiting);
        for (const RefPtr<CallState> &call : dropped)
            call->turn()->waits = false;
    }
    for (const RefPtr<CallState> &call : dropped)
        call->settleStopped(CallState::Outcome::LoopEnded);
}

} // namespace Synchronaut::detail
