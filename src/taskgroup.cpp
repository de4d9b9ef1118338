#include <Synchronaut/taskgroup.h>

#include "mailbox_p.h"
#include "unobserved_p.h"

namespace Synchronaut::detail {

GroupCalls::GroupCalls() noexcept : ChildCalls("TaskGroup"), m_body(StopScope::Kind::AwaitLimit)
{
    m_body.name = "TaskGroup";
}

GroupCalls::~GroupCalls() = default;

void GroupCalls::checkThread() const
{
    if (!m_owner->home()->isCurrent())
        throw CallError(QStringLiteral("TaskGroup::spawn() was called in another thread than that of the "
                                       "group's task; use callOn() to get there"),
                        m_owner->origin());
}

void GroupCalls::childEnded(const ChildLink &, const std::exception_ptr &failure)
{
    if (!failure)
        return;
    failures += failure;
    if (failures.size() > 1)
        return;
    cancel();
    if (!isJoined())
        interruptBody(); // who joins is told by that, and may go on
}

void GroupCalls::interruptBody()
{
    if (m_body.record)
        m_body.expireNow();
}

void GroupCalls::leaveBody(const std::exception_ptr &error)
{
    m_interrupted = m_body.expired && isCallCanceled(error);
    m_body.leave();
    if (error)
        cancel();
}

void GroupCalls::throwFirst(const std::exception_ptr &bodyError)
{
    std::exception_ptr thrown = bodyError;
    if (m_interrupted || (!bodyError && told == 0 && !failures.isEmpty()))
        thrown = failures.first();
    for (qsizetype i = told; i < failures.size(); ++i) {
        if (failures.at(i) != thrown)
            reportUnobserved(failures.at(i), m_owner->origin());
    }
    if (thrown)
        std::rethrow_exception(thrown);
    if (m_stopped && m_owner->isStopRequested())
        m_owner->throwStopped(); // children were cut short, and not by the body
}

GroupJoinAwaiter::~GroupJoinAwaiter()
{
    if (m_group.m_joiner == this)
        m_group.m_joiner = nullptr;
}

bool GroupJoinAwaiter::suspend(CallState *caller, std::coroutine_handle<> frame)
{
    m_caller = caller;
    if (caller->isDoomed())
        return true; // to be destroyed here
    if (!m_group.failures.isEmpty())
        m_group.m_body.expired = false; // the body is about to be told
    if (m_group.running() == 0)
        return false;
    if (m_group.isBelow(caller)) {
        throw DeadlockError(QStringLiteral("TaskGroup::join() was called in one of the group's children, "
                                           "which would wait for itself; join in the body"),
                            caller->origin());
    }
    if (m_group.m_joiner) {
        throw CallError(QStringLiteral("TaskGroup::join() is awaited by another coroutine already; join "
                                       "in one place"),
                        caller->origin());
    }
    if (!begin(caller, frame))
        return false;
    m_group.m_joiner = this;
    return true;
}

void GroupJoinAwaiter::await_resume()
{
    if (m_group.m_joiner == this)
        m_group.m_joiner = nullptr;
    if (m_group.running() > 0) {
        if (!m_group.failures.isEmpty())
            m_group.interruptBody(); // which was to hear of it from us
        m_caller->throwStopped();
    }
    if (m_group.failures.isEmpty())
        return;
    m_group.told = m_group.failures.size();
    std::rethrow_exception(m_group.failures.first());
}

} // namespace Synchronaut::detail
