#include "waitgraph_p.h"

#include "immortal_p.h"
#include "turnqueue_p.h"

#include <algorithm>
#include <vector>

namespace Synchronaut::detail {

namespace {

std::vector<TurnQueue *> &allTurns()
{
    return immortal<std::vector<TurnQueue *>>();
}

/// Those of one thread stand in the order in which they began.
std::vector<const StackedWait *> &allWaits()
{
    return immortal<std::vector<const StackedWait *>>();
}

/// Calls that a circle was found from, until they have ended for it: that circle is broken already.
std::vector<const CallState *> &allDeadlocked()
{
    return immortal<std::vector<const CallState *>>();
}

bool waitsNoMore(const CallState &call)
{
    const auto &deadlocked = allDeadlocked();
    return call.isClaimed() || std::find(deadlocked.begin(), deadlocked.end(), &call) != deadlocked.end();
}

/// Whether \a call runs, or has run, as a function called by the code of \a parent.
bool isInside(const CallState &call, const CallState &parent)
{
    return call.isPlain() && parent.isPlain() && call.home() && call.home() == parent.home()
            && !parent.isSettled();
}

/// Whether \a waiter, further up, waits for \a call through nothing but waits that we see.
bool waitsThrough(const CallState *waiter, const CallState *call)
{
    while (call != waiter) {
        const auto *const parent = call ? static_cast<const CallState *>(call->parent.get()) : nullptr;
        if (!parent || !(call->isAwaited() || isInside(*call, *parent)))
            return false;
        call = parent;
    }
    return true;
}

class CircleSearch
{
public:
    CircleSearch(CallState *start, std::vector<RefPtr<CallState>> &seen) : m_start(start), m_seen(seen) { }

    /// Follows what \a call waits for; true: that is the start.
    bool closesFrom(const RefPtr<CallState> &call)
    {
        constexpr std::size_t longest = 100; // what is deeper than that is another problem
        m_seen.push_back(call);
        if (waitsNoMore(*call) || m_path.size() >= longest
            || std::find(m_path.begin(), m_path.end(), call.get()) != m_path.end())
            return false;
        m_path.push_back(call.get());
        if (follow(*call))
            return true;
        m_path.pop_back();
        return false;
    }
    QStringList names() const
    {
        QStringList names;
        for (const CallState *call : m_path)
            names += call->displayName();
        return names;
    }

private:
    bool reaches(const RefPtr<CallState> &next)
    {
        if (!next)
            return false;
        if (next.get() != m_start)
            return closesFrom(next);
        m_seen.push_back(next);
        return !next->isClaimed();
    }

    /// Through what has to end before the wait for \a inner can.
    bool reachesFromAbove(const CallState &inner)
    {
        const Mailbox *thread = nullptr;
        for (const StackedWait *const wait : allWaits()) {
            if (thread == &wait->thread() && reaches(RefPtr<CallState>(wait->call())))
                return true;
            if (wait->call() == &inner)
                thread = &wait->thread();
        }
        return false;
    }

    bool follow(CallState &call)
    {
        if (const RefPtr<CallState> inner = call.blockedOn())
            return reaches(inner) || reachesFromAbove(*inner);
        if (const Turn *const turn = call.turn(); turn && turn->waits) {
            const RefPtr<CallState> holder = turn->queue->holder();
            return reaches(holder ? holder : RefPtr<CallState>(turn->queue->home().waitsFor.load()));
        }
        const Mailbox *const home = call.home();
        if (!home)
            return false;
        if (!home->takesOthers()) {
            CallState *const inTheWay = home->waitsFor.load();
            if (inTheWay && inTheWay->chain != call.chain)
                return reaches(RefPtr<CallState>(inTheWay));
        }
        return followDown(call);
    }

    /// What a coroutine awaits, or runs inside of a plain call, is only known from those calls
    /// further down that cannot go on.
    bool followDown(const CallState &call)
    {
        for (const TurnQueue *const turns : allTurns()) {
            for (const RefPtr<CallState> &queued : turns->waiting()) {
                if (waitsThrough(&call, queued.get()) && reaches(queued))
                    return true;
            }
        }
        for (const StackedWait *const wait : allWaits()) {
            auto *const blocked = static_cast<CallState *>(wait->call()->parent.get());
            if (blocked != &call && waitsThrough(&call, blocked) && reaches(RefPtr<CallState>(blocked)))
                return true;
        }
        return false;
    }

    CallState *m_start;
    std::vector<RefPtr<CallState>> &m_seen;
    std::vector<const CallState *> m_path;
};

} // namespace

std::mutex &waitGraphLock()
{
    return immortal<std::mutex>();
}

StackedWait::StackedWait(Mailbox &waiter, CallState *call) : m_waiter(waiter), m_call(call)
{
    const std::lock_guard lock(waitGraphLock());
    allWaits().push_back(this);
}

StackedWait::~StackedWait()
{
    const std::lock_guard lock(waitGraphLock());
    std::erase(allWaits(), this);
}

QStringList waitCircle(CallState *call, std::vector<RefPtr<CallState>> &seen)
{
    CircleSearch search(call, seen);
    if (!search.closesFrom(RefPtr<CallState>(call)))
        return {};
    allDeadlocked().push_back(call);
    return search.names();
}

void settleDeadlocked(CallState *call, const QStringList &circle)
{
    call->settleError(std::make_exception_ptr(DeadlockError(
            QStringLiteral("Waiting for %1 would never end: it waits, through %2, for itself; make one "
                           "of the calls asynchronous")
                    .arg(circle.first(), circle.mid(1).join(QStringLiteral(" -> "))),
            call->origin())));
    const std::lock_guard lock(waitGraphLock());
    std::erase(allDeadlocked(), call);
}

void enlistTurns(TurnQueue *queue)
{
    allTurns().push_back(queue);
}

void delistTurns(TurnQueue *queue)
{
    std::erase(allTurns(), queue);
}

std::uint64_t chainWaitedForBy(Mailbox &mailbox)
{
    const std::lock_guard lock(waitGraphLock());
    const CallState *const call = mailbox.waitsFor.load();
    return call ? call->chain : 0;
}

} // namespace Synchronaut::detail
