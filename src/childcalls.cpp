#include <Synchronaut/detail/childcalls.h>

#include "engine_p.h"
#include "nesting_p.h"
#include "unobserved_p.h"

namespace Synchronaut::detail {

ChildCalls::ChildCalls(const char *name) noexcept
    : m_owner(static_cast<CallState *>(threadBlock().current)), m_name(name), m_scopes(m_owner->scopes)
{
}

ChildCalls::~ChildCalls()
{
    if (!m_first)
        return;
    const auto calls = runningCalls();
    for (ChildLink *child = m_first; child; child = child->m_next)
        child->m_siblings = nullptr; // of all, before a local's destructor may end any of them
    for (const auto &call : calls)
        call->destroyNow(CallState::Outcome::Canceled);
}

std::vector<RefPtr<CallState>> ChildCalls::runningCalls() const
{
    std::vector<RefPtr<CallState>> calls;
    calls.reserve(static_cast<std::size_t>(m_running));
    for (const ChildLink *child = m_first; child; child = child->m_next)
        calls.emplace_back(child->m_call);
    return calls;
}

void ChildCalls::start(ChildLink &child)
{
    child.m_siblings = this;
    child.m_previous = m_last;
    (m_last ? m_last->m_next : m_first) = &child;
    m_last = &child;
    ++m_running;

    // A group's child may be started by anybody on this thread, whose context it takes; but limits
    // and shields are those around the group.
    ThreadBlock &block = threadBlock();
    const RefPtr<ContextMap> context(currentContext());
    CallRecord *const starter = std::exchange(block.current, m_owner);
    StopScope *const inner = std::exchange(m_owner->scopes, m_scopes);
    CallState &call = *child.m_call;
    const bool begun = call.begin(CallOptions{.name = m_name, .where = {}}, nullptr, false);
    m_owner->scopes = inner;
    block.current = starter;
    if (!begun)
        return; // it has ended already
    call.context = context;
    startNested(&call);
}

void ChildCalls::ended(ChildLink &child, const std::exception_ptr &failure, bool stopped)
{
    (child.m_previous ? child.m_previous->m_next : m_first) = child.m_next;
    (child.m_next ? child.m_next->m_previous : m_last) = child.m_previous;
    --m_running;
    if (stopped)
        m_stopped = true;
    else
        childEnded(child, failure);
    if (m_running == 0 && m_joiner)
        m_joiner->wake();
}

void ChildCalls::cancel()
{
    if (std::exchange(m_canceled, true))
        return;
    // what runs when a call is stopped (stop callbacks, awaited things) may end any of them
    for (const auto &call : runningCalls())
        call->requestStop(StopReason::Canceled);
}

void ChildCalls::report(const ChildLink &child, const std::exception_ptr &failure)
{
    reportUnobserved(failure, child.m_call->origin());
}

bool ChildCalls::isBelow(const CallRecord *call) const noexcept
{
    for (; call && call != m_owner; call = call->parent.get()) {
        for (const ChildLink *child = m_first; child; child = child->m_next) {
            if (child->m_call == call)
                return true;
        }
    }
    return false;
}

// -- what becomes of the others -----------------------------------------------------------------------

AllCalls::~AllCalls() = default;

void AllCalls::childEnded(const ChildLink &child, const std::exception_ptr &failure)
{
    if (!failure)
        return;
    if (m_failure) {
        report(child, failure);
        return;
    }
    m_failure = failure;
    cancel();
}

void AllCalls::throwUnlessAllSucceeded()
{
    if (m_failure)
        std::rethrow_exception(std::exchange(m_failure, {}));
    if (m_stopped)
        m_owner->throwStopped();
}

AnyCalls::~AnyCalls() = default;

void AnyCalls::childEnded(const ChildLink &child, const std::exception_ptr &failure)
{
    if (m_winner >= 0) {
        if (failure)
            report(child, failure);
        return;
    }
    m_winner = child.index();
    m_failure = failure;
    cancel();
}

qsizetype AnyCalls::takeWinner()
{
    if (m_failure)
        std::rethrow_exception(std::exchange(m_failure, {}));
    if (m_winner < 0)
        m_owner->throwStopped();
    return m_winner;
}

void AnyCalls::throwEmpty() const
{
    throw CallError(QStringLiteral("whenAny() or race() was given an empty range, in which nothing can "
                                   "be first; look before whether it is empty"),
                    m_owner->origin());
}

// -- waiting ------------------------------------------------------------------------------------------

JoinAwaiter::~JoinAwaiter()
{
    if (m_children.m_joiner == this)
        m_children.m_joiner = nullptr;
}

bool JoinAwaiter::suspend(CallState *caller, std::coroutine_handle<> frame)
{
    if (caller->isDoomed())
        return true; // to be destroyed here
    if (m_children.running() == 0)
        return false;
    if (!begin(caller, frame)) {
        m_children.cancel();
        if (m_children.running() == 0)
            return false;
        m_shield.enter(caller);
        begin(caller, frame);
    }
    m_children.m_joiner = this;
    m_onCancel = [](Suspension *self) {
        static_cast<JoinAwaiter *>(self)->m_children.cancel();
        return false; // the last of them wakes us
    };
    return true;
}

} // namespace Synchronaut::detail
