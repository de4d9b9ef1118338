#include <Synchronaut/detail/timelimit.h>

#include <Synchronaut/detail/callstate.h>

#include "mailbox_p.h"

#include <algorithm>
#include <stop_token>

namespace Synchronaut::detail {

// -- scopes -----------------------------------------------------------------------------------------

void StopScope::enter(CallRecord *call) noexcept
{
    record = call;
    outer = std::exchange(call->scopes, this);
}

void StopScope::leave() noexcept
{
    if (!record)
        return;
    StopScope **link = &record->scopes;
    while (*link != this)
        link = &(*link)->outer; // frames are being destroyed: outer ones may have left before
    *link = outer;
    record = nullptr;
    expired = false;
}

bool CallRecord::isStopRequestedInScope(const StopScope *except) const noexcept
{
    for (const StopScope *scope = scopes; scope; scope = scope->outer) {
        if (scope->kind == StopScope::Kind::Shield)
            return false;
        if (scope != except && static_cast<const TimeLimit *>(scope)->hasPassed())
            return true;
    }
    return isCallStopped();
}

bool CallRecord::isShielded() const noexcept
{
    const StopScope *scope = scopes;
    while (scope && scope->kind != StopScope::Kind::Shield)
        scope = scope->outer;
    return scope;
}

const TimeLimit &CallRecord::asLimit(const StopScope &scope) noexcept
{
    return static_cast<const TimeLimit &>(scope);
}

void CallRecord::throwIfLimitPassed() const
{
    if (const TimeLimit *const limit =
                limitOfFrame([](const TimeLimit &each) { return each.hasPassed(); }))
        limit->throwTimeout();
}

std::stop_token CallRecord::currentStopToken()
{
    if (scopes && scopes->kind != StopScope::Kind::Shield)
        return static_cast<TimeLimit *>(scopes)->stopToken();
    return stopToken();
}

std::int64_t CallRecord::currentDeadline() const noexcept
{
    std::int64_t earliest = noDeadline;
    for (const StopScope *scope = scopes; scope; scope = scope->outer) {
        if (scope->kind == StopScope::Kind::Shield)
            return earliest;
        earliest = std::min(earliest, static_cast<const TimeLimit *>(scope)->at);
    }
    return std::min(earliest, deadline);
}

// -- limits -----------------------------------------------------------------------------------------

/// A stop source of the limit's own, which the call's also stops.
struct TimeLimit::Token
{
    struct StopToo
    {
        std::stop_source *source;
        void operator()() const { source->request_stop(); }
    };
    explicit Token(const std::stop_token &around) : link(around, StopToo{&source}) { }
    std::stop_source source;
    std::stop_callback<StopToo> link;
};

void TimeLimit::DeleteToken::operator()(Token *token) const
{
    delete token;
}

TimeLimit::TimeLimit(Kind k) noexcept : StopScope(k)
{
    expire = [](DeadlineEntry *entry) { static_cast<TimeLimit *>(entry)->expireNow(); };
}

void TimeLimit::enter(CallRecord *call, std::int64_t limit)
{
    m_granted = limit;
    const std::int64_t now = steadyNow();
    at = limit >= noDeadline - now ? noDeadline : now + limit;
    StopScope::enter(call);
    if (limit == 0)
        expireNow();
    if (limit == 0 || at == noDeadline || !threadBlock().isTask)
        return; // what a plain function calls watches its deadline itself
    onBehalf = call->chain;
    static_cast<CallState *>(call)->home()->arm(this);
}

void TimeLimit::leave() noexcept
{
    if (index >= 0)
        static_cast<CallState *>(record)->home()->disarm(this);
    m_token.reset();
    StopScope::leave();
}

void TimeLimit::expireNow()
{
    if (index >= 0)
        static_cast<CallState *>(record)->home()->disarm(this);
    if (record->isStopRequestedInScope(this))
        return;
    expired = true;
    if (m_token)
        m_token->source.request_stop();
    if (record == threadBlock().own)
        return; // a thread's own code waits for nothing that does not know its deadline
    static_cast<CallState *>(record)->interrupt();
}

void TimeLimit::throwTimeout() const
{
    const CallRecord &call = currentRecord();
    CallErrorOrigin origin = call.origin();
    if (call.site.name || call.site.typeName)
        origin.chain.prepend(call.callerText());
    origin.functionName = QString::fromUtf8(name);
    origin.where = where;
    throw timeoutError(origin, m_granted);
}

std::stop_token TimeLimit::stopToken()
{
    if (!m_token) {
        const bool limited = outer && outer->kind != Kind::Shield;
        m_token.reset(new Token(limited ? static_cast<TimeLimit *>(outer)->stopToken()
                                        : record->stopToken())); // owned
        if (hasPassed())
            m_token->source.request_stop();
    }
    return m_token->source.get_token();
}

void expireLimits(CallRecord *call)
{
    const std::int64_t now = steadyNow();
    TimeLimit *earliest = nullptr;
    for (StopScope *scope = call->scopes; scope && scope->kind != StopScope::Kind::Shield;
         scope = scope->outer) {
        auto *const limit = static_cast<TimeLimit *>(scope);
        if (!limit->expired && limit->at <= now && (!earliest || limit->at < earliest->at))
            earliest = limit;
    }
    if (earliest)
        earliest->expireNow();
}

} // namespace Synchronaut::detail
