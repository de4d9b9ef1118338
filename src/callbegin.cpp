#include <Synchronaut/detail/callstate.h>

#include <Synchronaut/detail/timelimit.h>

#include "engine_p.h"
#include "observing_p.h"
#include "ownerwatch_p.h"

namespace Synchronaut::detail {

namespace {

std::uint64_t nextChain() noexcept
{
    constinit static std::atomic<std::uint64_t> counter{0};
    return counter.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::int64_t saturatingAdd(std::int64_t a, std::int64_t b) noexcept
{
    return b >= noDeadline - a ? noDeadline : a + b;
}

} // namespace

bool CallState::begin(const CallOptions &options, const char *typeName, bool needsApplication)
{
    site = {options.name, typeName, options.where};
    m_copyContextOut = options.contextFlow == ContextFlow::CopyInOut;
    const ThreadBlock &block = threadBlock();
    std::int64_t inherited = noDeadline;
    bool callerStops = false;
    const TimeLimit *limit = nullptr; // the calling frame set it and is to see CallTimeout
    if (CallRecord *const caller = block.current ? block.current : block.own) {
        context = caller->context;
        callerStops = caller->isStopRequested();
        inherited = caller->currentDeadline();
        limit = caller->limitOfFrame([inherited](const TimeLimit &each) { return each.at == inherited; });
    }
    if (block.current) {
        parent = RefPtr<CallRecord>(block.current);
        chain = parent->chain;
    } else {
        chain = nextChain();
    }
    joinChain(chain);

    const bool hasOwn = options.timeout != std::chrono::nanoseconds::max()
            || !options.deadline.isForever();
    std::int64_t now = 0;
    std::int64_t own = noDeadline;
    if (hasOwn || inherited != noDeadline) {
        now = steadyNow();
        if (options.timeout != std::chrono::nanoseconds::max())
            own = saturatingAdd(now, options.timeout.count());
        if (!options.deadline.isForever()) {
            const std::int64_t left = options.deadline.remainingTimeNSecs();
            own = std::min(own, saturatingAdd(now, left));
        }
    }
    deadline = std::min(own, inherited);
    m_granted = own == noDeadline ? 0 : std::max<std::int64_t>(own - now, 0);
    if (own >= inherited && limit) {
        own = inherited;
        m_granted = limit->granted();
        callerStops = callerStops && !limit->hasPassed();
    }
    if (own < inherited || limit)
        DeadlineEntry::at = own;

    if (!isSettled())
        Observing::begun(*this); // what ends right here counts, too
    if (flaw) {
        reject(QStringLiteral("Synchronaut cannot call %1: %2").arg(displayName(), QString::fromUtf8(flaw)));
    } else if (options.timeout.count() < 0) {
        reject(QStringLiteral("Synchronaut cannot call %1: its timeout is negative (%2 ns); use "
                              "nanoseconds::max() for none")
                       .arg(displayName())
                       .arg(static_cast<qlonglong>(options.timeout.count())));
    } else if (callerStops) {
        settleStopped(Outcome::Canceled);
    } else if (own <= now && own != noDeadline) {
        settleStopped(Outcome::TimedOut);
    } else if (inherited <= now && inherited != noDeadline) {
        expireCallers();
        settleStopped(Outcome::Canceled);
    } else if (needsApplication) {
        if (const QString obstacle = Engine::instance().obstacle(); !obstacle.isEmpty())
            reject(QStringLiteral("Synchronaut cannot call %1: %2").arg(displayName(), obstacle));
    }
    if (isSettled())
        return false;
    if (options.context)
        OwnerWatch::watch(this, options.context);
    return !isSettled();
}

void CallState::joinChain(std::uint64_t newChain) noexcept
{
    std::atomic_ref(chain).store(newChain, std::memory_order_relaxed); // requestStop() may look
    StartMessage::onBehalf = WakeMessage::onBehalf = DeadlineEntry::onBehalf = newChain;
}

void CallState::expireCallers()
{
    // Their timers have not come round yet, but what is cancelled now must say why.
    if (parent)
        expireLimits(parent.get());
    for (CallRecord *caller = parent.get(); caller; caller = caller->parent.get()) {
        auto *const call = static_cast<CallState *>(caller);
        if (call->DeadlineEntry::at <= deadline)
            call->onDeadline();
    }
}

void CallState::checkRunning()
{
    if (isStopRequested())
        throwStopped();
    const std::int64_t earliest = currentDeadline();
    if (earliest == noDeadline || earliest > steadyNow())
        return;
    expireLimits(this);
    if (DeadlineEntry::at <= deadline && deadline == earliest)
        onDeadline();
    expireCallers();
    throwStopped();
}

void CallState::reject(const QString &message)
{
    settleError(std::make_exception_ptr(CallError(message, origin())));
}

} // namespace Synchronaut::detail
