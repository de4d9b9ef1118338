#include "blockedon_p.h"
#include "engine_p.h"
#include "mailbox_p.h"
#include "observing_p.h"
#include "spin_p.h"
#include "unobserved_p.h"
#include "waitgraph_p.h"

#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/lifecycle.h>

#include <QtCore/QAbstractEventDispatcher>
#include <QtCore/QCoreApplication>
#include <QtCore/QEventLoop>
#include <QtCore/QThread>
#include <QtCore/QThreadPool>

#include <optional>

namespace Synchronaut::detail {

// A thread that waits for a call is in one of two modes:
//  - blocked: asleep on its parker; wakes for the call's end, for messages of the call's chain
//    (which it runs: G3), for its own deadline. All else stays in its mailbox for later. A pool
//    thread gives its place in the pool back (G4), and may be lent to plain calls of the chain.
//  - turning an event loop: where WaitMode::ProcessEvents asks for it.
// A loop of ours blocks first, its callee being on a spare loop, so that waits do not pile up on
// its stack and end in the wrong order; a wait that lasts turns the loop then, because what it
// waits for may need other work of that loop. A thread-affine one does so only for a coroutine of
// its own.
// The caller's own cancellation reaches it through CallState::m_blockedOn of the running call.

namespace {

bool isGuiThread()
{
    const QCoreApplication *const app = QCoreApplication::instance();
    return app && app->thread() == QThread::currentThread();
}

} // namespace

namespace {

/// Puts a blocked thread into the graph of who waits for whom, where others may have to find it, and
/// ends a wait that would close a circle.
class WaitEdge
{
public:
    WaitEdge(Mailbox &waiter, CallState *call) : m_waiter(waiter), m_outer(waiter.waitsFor.load())
    {
        ++m_waiter.blockedWaits;
        m_counts = waiter.ownLoop || call->turn() || (call->home() && !call->home()->takesOthers());
        if (!m_counts)
            return;
        std::vector<RefPtr<CallState>> seen;
        QStringList circle;
        {
            const std::lock_guard lock(waitGraphLock());
            waiter.waitsFor = call;
            circle = waitCircle(call, seen);
        }
        if (!circle.isEmpty())
            settleDeadlocked(call, circle);
    }
    ~WaitEdge()
    {
        --m_waiter.blockedWaits;
        if (!m_counts)
            return;
        const std::lock_guard lock(waitGraphLock());
        m_waiter.waitsFor = m_outer;
    }
    WaitEdge(const WaitEdge &) = delete;
    WaitEdge &operator=(const WaitEdge &) = delete;

private:
    Mailbox &m_waiter;
    CallState *m_outer;
    bool m_counts = false;
};

/// A pool thread that waits gives its place to others while it does.
class PoolPlace
{
public:
    void giveBack()
    {
        if (m_pool || m_asked)
            return;
        m_asked = true;
        m_pool = threadBlock().pool;
        if (!m_pool && QThreadPool::globalInstance()->contains(QThread::currentThread()))
            m_pool = QThreadPool::globalInstance(); // QtConcurrent::run that calls us
        if (!m_pool)
            return;
        m_pool->releaseThread();
        m_workers = threadBlock().workers;
        if (m_workers)
            m_workers->giveBackPlace();
    }
    PoolPlace() = default;
    ~PoolPlace()
    {
        if (m_workers)
            m_workers->takeBackPlace();
        if (m_pool)
            m_pool->reserveThread();
    }
    PoolPlace(const PoolPlace &) = delete;
    PoolPlace &operator=(const PoolPlace &) = delete;

private:
    QThreadPool *m_pool = nullptr;
    PoolWorkers *m_workers = nullptr;
    bool m_asked = false;
};

} // namespace

void CallState::waitBlocking(WaitMode waitMode, void (*start)(void *), void *argument)
{
    Mailbox &mailbox = Mailbox::current();
    constexpr int deepest = 1000; // waits inside one another: the stack ends
    if (mailbox.ownLoop && mailbox.loopWaits.load() >= deepest) {
        settleError(std::make_exception_ptr(DeadlockError(
                QStringLiteral("callSync() of %1 is nested too deeply inside other callSync() on one "
                               "event loop; await it instead")
                        .arg(displayName()),
                origin())));
        return;
    }
    const BlockedOn blockedOn(this);
    Observing::Slice slice(this, true);
    const bool turning = !mailbox.ownLoop && waitMode == WaitMode::ProcessEvents
            && QThread::currentThread()->loopLevel() > 0;
    if (turning) {
        start(argument);
        waitInEventLoop();
        return;
    }
    setWaitMailbox(&mailbox);
    Waiter none = Waiter::None;
    if (!m_waiter.compare_exchange_strong(none, Waiter::Thread, std::memory_order_acq_rel))
        return;
    if (isLendable())
        mailbox.setLendable(this);
    if (!mailbox.ownLoop) {
        start(argument);
        blockThread(mailbox, noDeadline);
        return;
    }
    constexpr std::int64_t patience = 100'000'000; // ns, less the deeper: all of them less than 0.2 s
    const StackedWait stacked(mailbox, this);
    const int depth = std::min(mailbox.loopWaits++, 30);
    start(argument);
    const bool blocksOnly = mailbox.inTurn && home() != &mailbox;
    blockThread(mailbox, blocksOnly ? noDeadline : steadyNow() + (patience >> depth));
    if (!isSettled())
        waitInEventLoop();
    --mailbox.loopWaits;
}

bool CallState::isLendable() const noexcept
{
    // without any deadline we may run a plain call of the chain: it cannot make us late
    return threadBlock().pool && deadline == noDeadline;
}

void CallState::blockThread(Mailbox &mailbox, std::int64_t limit)
{
    const bool gui = isGuiThread();
    if (!gui)
        spinUntil([this] { return isSettled(); }, std::chrono::microseconds(2));
    std::optional<WaitEdge> edge; // not for a wait that is over already
    if (!isSettled())
        edge.emplace(mailbox, this);
    PoolPlace place;
    const std::int64_t since = gui ? steadyNow() : 0;
    const std::int64_t warning = std::chrono::nanoseconds(guiBlockWarning()).count();
    std::int64_t warnAt = gui && warning > 0 ? since + warning : noDeadline;
    std::int64_t own = DeadlineEntry::at;
    const bool lendable = isLendable();
    // a QFuture::cancel() of the call that runs here only shows when looked at
    constexpr std::int64_t lookAgain = 20'000'000; // ns
    const CallRecord *const caller = threadBlock().current;
    const bool looks = caller && caller->isPolled();

    while (!isSettled()) {
        if (mailbox.serveOne(chain)) {
            if (lendable)
                mailbox.setLendable(this); // it was taken by what we have just run
            continue;
        }
        if (!mailbox.goIdle())
            continue;
        const std::int64_t until =
                std::min({own, warnAt, limit, mailbox.earliestDeadlineOf(chain)});
        if (until != noDeadline) {
            const std::int64_t now = steadyNow();
            if (now >= own) {
                onDeadline(); // or whoever was faster is about to publish
                own = noDeadline;
                continue;
            }
            if (now >= limit)
                break;
            if (now >= warnAt) {
                warnAt = noDeadline;
                reportGuiBlock(origin());
                continue;
            }
        }
        place.giveBack();
        if (looks && caller->isStopRequested()) {
            settleStopped(Outcome::Canceled);
            requestStop(StopReason::Canceled);
        }
        if (!isSettled())
            mailbox.park(looks ? std::min(until, steadyNow() + lookAgain) : until);
    }
    if (gui)
        Observing::guiWasBlocked(since);
    Observing::woken(*this, Observing::Arrow::Wait);
    if (lendable) {
        mailbox.setLendable(nullptr);
        // what was lent to us after all must not lie about in a thread without a loop
        while (mailbox.serveOne(chain)) { }
    }
    if (mailbox.hasNews() && (!mailbox.goIdle() || mailbox.hasSetAside()))
        mailbox.resumeLoop();
}

void CallState::waitInEventLoop()
{
    Mailbox &mailbox = Mailbox::current();
    mailbox.attachLoop();
    QEventLoop loop;
    m_loop = &loop;
    Waiter before = m_waiter.load(std::memory_order_acquire); // None, or Thread after blockThread()
    if (before == Waiter::None)
        setWaitMailbox(&mailbox);
    if (before == Waiter::Done
        || !m_waiter.compare_exchange_strong(before, Waiter::EventLoop, std::memory_order_acq_rel))
        return;
    armDeadlineHere();
    loop.exec();
    if (!isSettled()) {
        // the application or the thread is quitting
        settleStopped(mailbox.ownLoop ? Outcome::LoopEnded : Outcome::Canceled);
        requestStop(StopReason::Canceled);
        while (!isSettled()) // as above
            QThread::yieldCurrentThread();
    }
    m_loop = nullptr;
}

void CallState::waitAsMain()
{
    Mailbox &mailbox = Mailbox::current();
    if (isSettled())
        return;
    const BlockedOn blockedOn(this);
    const bool application = isGuiThread() && QThread::currentThread()->loopLevel() == 0;
    QEventLoop loop;
    m_loop = &loop;
    m_execs = application;
    setWaitMailbox(&mailbox);
    Waiter none = Waiter::None;
    if (!m_waiter.compare_exchange_strong(none, Waiter::EventLoop, std::memory_order_acq_rel))
        return;
    if (application)
        QCoreApplication::exec(); // a bare QEventLoop would not see QCoreApplication::quit()
    else
        loop.exec();
    m_execs = false;
    m_loop = nullptr;
    if (isSettled())
        return;
    // quit: let the task unwind, with its cleanup, for a bounded time
    requestStop(StopReason::Canceled);
    constexpr std::int64_t grace = 5'000'000'000;
    const std::int64_t end = steadyNow() + grace;
    while (!isSettled() && steadyNow() < end) {
        mailbox.drain();
        if (isSettled())
            break;
        QCoreApplication::processEvents(QEventLoop::AllEvents);
        mailbox.park(std::min(steadyNow() + 1'000'000, mailbox.earliestDeadline()));
    }
    destroyNow(Outcome::Canceled);
}

} // namespace Synchronaut::detail
