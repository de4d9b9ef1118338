#include "observing_p.h"

#include "logging_p.h"

#include <Synchronaut/detail/taskpromise.h>
#include <Synchronaut/stats.h>

#include <QtCore/QDebug>

#include <algorithm>

namespace Synchronaut {

Q_LOGGING_CATEGORY(lcCalls, "synchronaut.calls", QtInfoMsg)
Q_LOGGING_CATEGORY(lcLoop, "synchronaut.loop", QtInfoMsg)
Q_LOGGING_CATEGORY(lcPool, "synchronaut.pool", QtInfoMsg)

namespace detail {

constinit std::atomic<std::uint8_t> Observing::s_who{0};
constinit std::atomic<const QLoggingCategory *> Observing::s_log{nullptr};

namespace {

/// Sums, never cleared, of which stats() shows the differences: each event touches one of them. Calls that are
/// under way when counting starts again are in all of them, or in none.
struct Counters
{
    std::atomic<qint64> begun{0};
    std::atomic<qint64> started{0};
    std::atomic<qint64> endedUnstarted{0};
    std::atomic<qint64> finished{0};
    std::atomic<qint64> timedOut{0};
    std::atomic<qint64> canceled{0};
};

constinit Counters s_counters;
constinit Counters s_zero; ///< what they were when counting started
constinit std::atomic<qint64> s_longestGuiBlock{0}; ///< ns

void add(std::atomic<qint64> &counter) noexcept
{
    counter.fetch_add(1, std::memory_order_relaxed);
}

} // namespace

const char *Observing::textOf(CallState::Outcome outcome) noexcept
{
    constexpr const char *texts[] = {"pending", "value", "error", "timeout", "cancelled", "loop ended"};
    return texts[static_cast<int>(outcome)];
}

void Observing::turn(Who who, bool on) noexcept
{
    if (on)
        s_who.fetch_or(who, std::memory_order_relaxed);
    else
        s_who.fetch_and(static_cast<std::uint8_t>(~who), std::memory_order_relaxed);
}

void Observing::tellBegun(CallState &call)
{
    s_log.store(&lcCalls(), std::memory_order_relaxed);
    std::uint8_t who = s_who.load(std::memory_order_relaxed);
    if (lcCalls().isDebugEnabled())
        who |= Logging;
    if (!who)
        return;
    call.m_observed.store(who, std::memory_order_relaxed);
    if (who & Counting)
        add(s_counters.begun);
    if (who & Tracing)
        traceBegun(call);
    if (who & Logging)
        qCDebug(lcCalls).noquote().nospace() << call.displayName() << ": begun";
}

void Observing::tellStarted(CallState &call)
{
    const std::uint8_t before = call.m_observed.fetch_or(HasStarted, std::memory_order_acq_rel);
    if (before & HasStarted)
        return;
    if (before & Counting)
        add(s_counters.started);
    if (before & Tracing)
        traceArrow(call, Arrow::Start);
}

void Observing::tellSettled(CallState &call, CallState::Outcome outcome)
{
    const std::uint8_t who = call.m_observed.fetch_or(HasStarted, std::memory_order_acq_rel);
    // a coroutine may have seen the cancel() of its future before anybody else
    if (outcome == CallState::Outcome::Error && isCallCanceled(call.m_error))
        outcome = CallState::Outcome::Canceled;
    if (who & Counting) {
        if (!(who & HasStarted))
            add(s_counters.endedUnstarted);
        if (outcome == CallState::Outcome::TimedOut)
            add(s_counters.timedOut);
        else if (outcome == CallState::Outcome::Value || outcome == CallState::Outcome::Error)
            add(s_counters.finished);
        else
            add(s_counters.canceled);
    }
    if (who & Tracing)
        traceSettled(call, outcome);
    if (who & Logging)
        qCDebug(lcCalls).noquote().nospace() << call.displayName() << ": " << textOf(outcome);
}

void Observing::guiWasBlocked(std::int64_t since) noexcept
{
    if (!(s_who.load(std::memory_order_relaxed) & Counting))
        return;
    const std::int64_t ns = steadyNow() - since;
    qint64 longest = s_longestGuiBlock.load(std::memory_order_relaxed);
    while (longest < ns && !s_longestGuiBlock.compare_exchange_weak(longest, ns)) { }
}

void CountedThread::countThis()
{
    thread_local const CountedThread counted;
}

} // namespace detail

void collectStats(bool on)
{
    using detail::Counters;
    if (on) {
        for (const auto sum : {&Counters::finished, &Counters::timedOut, &Counters::canceled})
            (detail::s_zero.*sum).store((detail::s_counters.*sum).load());
        detail::s_longestGuiBlock.store(0, std::memory_order_relaxed);
    }
    detail::Observing::turn(detail::Observing::Counting, on);
}

Stats stats()
{
    using detail::Counters;
    const auto read = [](std::atomic<qint64> Counters::*sum) {
        return (detail::s_counters.*sum).load(std::memory_order_relaxed);
    };
    const auto sinceZero = [](std::atomic<qint64> Counters::*sum, qint64 value) {
        return std::max<qint64>(value - (detail::s_zero.*sum).load(std::memory_order_relaxed), 0);
    };
    // ends first: what ends meanwhile shows as running, not as a negative number
    const qint64 finished = read(&Counters::finished);
    const qint64 timedOut = read(&Counters::timedOut);
    const qint64 canceled = read(&Counters::canceled);
    const qint64 unstarted = read(&Counters::endedUnstarted);
    const qint64 started = read(&Counters::started);
    const qint64 begun = read(&Counters::begun);
    Stats now;
    now.finished = sinceZero(&Counters::finished, finished);
    now.timedOut = sinceZero(&Counters::timedOut, timedOut);
    now.canceled = sinceZero(&Counters::canceled, canceled);
    now.running = std::max<qint64>(started - (finished + timedOut + canceled - unstarted), 0);
    now.queued = std::max<qint64>(begun - started - unstarted, 0);
    now.begun = now.queued + now.running + now.finished + now.timedOut + now.canceled;
    now.threads = detail::Observing::threads.load(std::memory_order_relaxed);
    now.longestGuiBlock = std::chrono::nanoseconds(detail::s_longestGuiBlock.load(std::memory_order_relaxed));
    return now;
}

QDebug operator<<(QDebug debug, const Stats &stats)
{
    const QDebugStateSaver saver(debug);
    debug.nospace() << "Stats(begun " << stats.begun << ", queued " << stats.queued << ", running "
                    << stats.running << ", finished " << stats.finished << ", timed out "
                    << stats.timedOut << ", cancelled " << stats.canceled << ", threads "
                    << stats.threads << ", longest GUI block "
                    << stats.longestGuiBlock / std::chrono::microseconds(1) << " us)";
    return debug;
}

} // namespace Synchronaut
