#include "mailbox_p.h"

#include "functionmessage_p.h"
#include "mailboxreceiver_p.h"

#include <QtCore/QAbstractEventDispatcher>
#include <QtCore/QCoreApplication>
#include <QtCore/QThread>

#include <algorithm>
#include <vector>

namespace Synchronaut::detail {

namespace {

constinit Message s_idle{};
constinit Message s_closed{};

constexpr int drainLimit = 256;
constexpr std::int64_t drainTime = 2'000'000; // ns

} // namespace

Message *Mailbox::idleMark() noexcept
{
    return &s_idle;
}

Message *Mailbox::closedMark() noexcept
{
    return &s_closed;
}

Mailbox::~Mailbox() = default;

bool Mailbox::post(Message *message)
{
    Message *head = m_head.load(std::memory_order_acquire);
    do {
        if (head == closedMark())
            return false;
        message->next = head == idleMark() ? nullptr : head;
    } while (!m_head.compare_exchange_weak(head, message, std::memory_order_acq_rel,
                                           std::memory_order_acquire));
    if (head == idleMark())
        wake();
    return true;
}

void Mailbox::wake()
{
    m_parker.unpark();
    const std::lock_guard lock(m_receiverLock);
    if (m_dispatcher)
        m_dispatcher->wakeUp(); // the loop drains when it awakes: half the price of an event
    else if (m_receiver)
        QCoreApplication::postEvent(m_receiver, new QEvent(MailboxReceiver::wakeType()));
}

void Mailbox::awake()
{
    if (!m_loopTellsAwake) {
        m_loopTellsAwake = true;
        if (ownLoop && m_loopTellsBlocking) {
            const std::lock_guard lock(m_receiverLock);
            m_dispatcher = QAbstractEventDispatcher::instance();
        } else {
            m_loopTellsAwake = false;
        }
    }
    if (m_loopTellsAwake && (m_readyFirst || m_first || m_asideFirst || hasPosts()))
        drain();
}

bool Mailbox::lend(const CallState *call, Message *message)
{
    {
        const std::lock_guard lock(m_lendLock);
        if (m_lendableTo != call)
            return false;
        m_lendableTo = nullptr;
        if (!post(message)) // under the lock: whoever ends the wait finds it in the mailbox
            return false;
    }
    m_parker.unpark();
    return true;
}

void Mailbox::setLendable(const CallState *call)
{
    const std::lock_guard lock(m_lendLock);
    m_lendableTo = call;
}

void Mailbox::attachLoop()
{
    if (m_attached)
        return; // the usual case, without the lock that a poster may hold just now
    m_attached = true;
    {
        const std::lock_guard lock(m_receiverLock);
        if (m_receiver || isClosed())
            return;
    }
    auto receiver = std::make_unique<MailboxReceiver>(RefPtr<Mailbox>(this));
    receiver->watch(QThread::currentThread());
    {
        const std::lock_guard lock(m_receiverLock);
        if (!m_receiver) // else another thread was faster, and receiver goes
            m_receiver = receiver.release();
    }
    if (hasNews())
        resumeLoop();
}

bool Mailbox::hasPosts() const noexcept
{
    const Message *const head = m_head.load(std::memory_order_acquire);
    return head && head != idleMark() && head != closedMark();
}

bool Mailbox::hasNews() const noexcept
{
    return m_readyFirst || m_first || m_asideFirst
            || m_head.load(std::memory_order_acquire) != idleMark();
}

void Mailbox::ready(Suspension *suspension) noexcept
{
    suspension->m_ready = true;
    suspension->m_prev = m_readyLast;
    suspension->m_next = nullptr;
    if (m_readyLast)
        m_readyLast->m_next = suspension;
    else
        m_readyFirst = suspension;
    m_readyLast = suspension;
    // outside of drain() nobody may be looking: make the loop come round
    if (m_head.load(std::memory_order_acquire) == idleMark()) {
        Message *idle = idleMark();
        if (m_head.compare_exchange_strong(idle, nullptr, std::memory_order_acq_rel))
            wake();
    }
}

void Mailbox::unready(Suspension *suspension) noexcept
{
    (suspension->m_prev ? suspension->m_prev->m_next : m_readyFirst) = suspension->m_next;
    (suspension->m_next ? suspension->m_next->m_prev : m_readyLast) = suspension->m_prev;
    suspension->m_ready = false;
}

void Mailbox::arm(DeadlineEntry *entry)
{
    m_deadlines.insert(entry);
    if (m_deadlines.earliest() == entry)
        scheduleTimer();
}

std::int64_t Mailbox::earliestDeadline() noexcept
{
    const DeadlineEntry *const entry = m_deadlines.earliest();
    return entry ? entry->at : noDeadline;
}

std::int64_t Mailbox::earliestDeadlineOf(std::uint64_t chain) noexcept
{
    const DeadlineEntry *const entry = m_deadlines.earliest();
    if (!entry || entry->onBehalf == chain)
        return earliestDeadline();
    return m_deadlines.earliestWhere(
            [chain](const DeadlineEntry &candidate) { return candidate.onBehalf == chain; });
}

void Mailbox::scheduleTimer()
{
    const std::int64_t due = earliestDeadline();
    if (due >= m_timerAt || !m_receiver)
        return;
    if (!QAbstractEventDispatcher::instance()) {
        resumeLoop(); // a thread Qt did not start has none before its first event loop runs
        return;
    }
    if (m_timerId)
        m_receiver->killTimer(m_timerId);
    constexpr std::int64_t ms = 1'000'000;
    constexpr std::int64_t longest = 24LL * 3600 * 1000; // QObject's timers take an int
    const std::int64_t wait = std::clamp((due - steadyNow() + ms - 1) / ms, std::int64_t{0}, longest);
    m_timerId = m_receiver->startTimer(static_cast<int>(wait), Qt::PreciseTimer);
    m_timerAt = due;
}

void Mailbox::onTimer(int id)
{
    m_receiver->killTimer(id);
    if (id == m_yieldTimerId) {
        m_yieldTimerId = 0;
    } else if (id == m_timerId) {
        m_timerId = 0;
        m_timerAt = noDeadline;
    }
    drain();
}

void Mailbox::yieldToLoop()
{
    // a timer, not an event: an event posted by a handler is handled in the same pass
    if (m_receiver && !m_yieldTimerId)
        m_yieldTimerId = m_receiver->startTimer(0);
}

bool Mailbox::takeNew() noexcept
{
    Message *head = m_head.load(std::memory_order_acquire);
    if (!head || head == idleMark() || head == closedMark())
        return false;
    head = m_head.exchange(nullptr, std::memory_order_acq_rel);
    Message *first = nullptr;
    Message *const last = head;
    while (head) {
        Message *const next = head->next;
        head->next = first;
        first = head;
        head = next;
    }
    (m_last ? m_last->next : m_first) = first;
    m_last = last;
    return true;
}

bool Mailbox::goIdle() noexcept
{
    Message *none = nullptr;
    return m_head.compare_exchange_strong(none, idleMark(), std::memory_order_acq_rel)
            || none == idleMark() || none == closedMark();
}

void Mailbox::deliverNext()
{
    Message *const message = m_first;
    m_first = message->next;
    if (!m_first)
        m_last = nullptr;
    message->deliver(message, Delivery::Run);
}

bool Mailbox::fireDeadlines(const std::uint64_t *chain)
{
    if (m_deadlines.isEmpty())
        return false;
    const std::int64_t now = steadyNow();
    std::vector<DeadlineEntry *> others;
    bool fired = false;
    while (DeadlineEntry *const entry = m_deadlines.earliest()) {
        if (entry->at > now)
            break;
        m_deadlines.remove(entry);
        if (chain && entry->onBehalf != *chain) {
            others.push_back(entry);
            continue;
        }
        fired = true;
        entry->expire(entry);
    }
    for (DeadlineEntry *const entry : others)
        m_deadlines.insert(entry);
    return fired;
}

void Mailbox::drain()
{
    const RefPtr<Mailbox> self(this);
    std::int64_t start = 0;
    for (int count = 0;; ++count) {
        if (count % 64 == 0)
            fireDeadlines(nullptr);
        if (count % 16 == 15) {
            const std::int64_t now = steadyNow();
            if (start == 0)
                start = now;
            if (count >= drainLimit || now - start > drainTime) {
                scheduleTimer();
                yieldToLoop();
                return;
            }
        }
        // in turn: tasks that only yield to one another must not keep messages waiting
        if (Suspension *const suspension = m_readyFirst;
            suspension && (count % 2 == 0 || !(m_first || takeNew()))) {
            unready(suspension);
            suspension->m_call->drive(suspension->m_handle);
        } else if (m_first) {
            deliverNext();
        } else if (m_asideFirst) {
            std::swap(m_first, m_asideFirst);
            std::swap(m_last, m_asideLast);
        } else if (!takeNew() && !fireDeadlines(nullptr)) {
            // a loop of ours goes idle only just before it sleeps: until then posters need not wake
            if ((spins && m_loopTellsBlocking && m_spinCredit.isLeft()
                 && m_head.load(std::memory_order_acquire) != idleMark())
                || goIdle())
                break;
        }
    }
    scheduleTimer();
}

void Mailbox::aboutToBlock()
{
    m_loopTellsBlocking = true;
    m_spinCredit.beginWait();
    if (!m_readyFirst && !m_first && !m_asideFirst) {
        for (int round = 0; spins && m_spinCredit.isLeft() && round < drainLimit; ++round) {
            if (!m_spinCredit.spin([this] { return hasPosts(); }))
                break;
            drain();
        }
        if (!m_readyFirst && !m_first && !m_asideFirst && goIdle())
            return;
    }
    // A nested event loop runs inside of drain(): what drain() has taken must not wait for it.
    resumeLoop();
}

bool Mailbox::serveOne(std::uint64_t chain)
{
    for (Suspension *s = m_readyFirst; s; s = s->m_next) {
        if (s->m_call->chain == chain) {
            unready(s);
            s->m_call->drive(s->m_handle);
            return true;
        }
    }
    if (!m_deadlines.isEmpty() && fireDeadlines(&chain))
        return true;
    takeNew();
    while (m_first) {
        if (m_first->onBehalf == chain) {
            deliverNext();
            return true;
        }
        Message *const message = m_first;
        m_first = message->next;
        if (!m_first)
            m_last = nullptr;
        message->next = nullptr;
        (m_asideLast ? m_asideLast->next : m_asideFirst) = message;
        m_asideLast = message;
    }
    return false;
}

void Mailbox::resumeLoop()
{
    const std::lock_guard lock(m_receiverLock);
    if (m_receiver)
        QCoreApplication::postEvent(m_receiver, new QEvent(MailboxReceiver::wakeType()));
}

void Mailbox::addCall(CallState *call) noexcept
{
    call->ref();
    call->m_listPrev = nullptr;
    call->m_listNext = m_calls;
    if (m_calls)
        m_calls->m_listPrev = call;
    m_calls = call;
}

void Mailbox::removeCall(CallState *call) noexcept
{
    (call->m_listPrev ? call->m_listPrev->m_listNext : m_calls) = call->m_listNext;
    if (call->m_listNext)
        call->m_listNext->m_listPrev = call->m_listPrev;
    call->m_listPrev = call->m_listNext = nullptr;
    call->deref();
}

void Mailbox::stopAll(StopReason reason)
{
    std::vector<RefPtr<CallState>> calls;
    for (CallState *call = m_calls; call; call = call->m_listNext)
        calls.emplace_back(call);
    for (const auto &call : calls)
        call->requestStop(reason);
}

void Mailbox::postStopAll()
{
    postFunction(*this, 0, [](Delivery how) {
        if (how == Delivery::Run)
            Mailbox::current().stopAll(StopReason::Canceled);
    });
}

void Mailbox::close()
{
    if (isClosed())
        return;
    // unwind what lives here; who refuses is destroyed where it stands
    stopAll(StopReason::LoopEnded);
    for (int round = 0; round < 1000 && m_readyFirst; ++round) {
        Suspension *const suspension = m_readyFirst;
        unready(suspension);
        suspension->m_call->drive(suspension->m_handle);
    }
    Message *head = m_head.exchange(closedMark(), std::memory_order_acq_rel);
    if (head == idleMark())
        head = nullptr;
    Message *first = nullptr;
    while (head) {
        Message *const next = head->next;
        head->next = first;
        first = head;
        head = next;
    }
    for (Message *list : {std::exchange(m_asideFirst, nullptr), std::exchange(m_first, nullptr), first}) {
        while (list) {
            Message *const message = list;
            list = message->next;
            message->deliver(message, Delivery::Dropped);
        }
    }
    m_asideLast = m_last = nullptr;
    while (m_calls) {
        const RefPtr<CallState> call(m_calls);
        call->destroyNow(CallState::Outcome::LoopEnded);
        if (m_calls == call.get())
            break; // it is running on this very stack: it ends with it
    }
    MailboxReceiver *receiver = nullptr;
    {
        const std::lock_guard lock(m_receiverLock);
        receiver = std::exchange(m_receiver, nullptr);
        m_dispatcher = nullptr;
    }
    if (receiver)
        receiver->retire();
}

} // namespace Synchronaut::detail
