#pragma once

#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/detail/suspension.h>
#include <Synchronaut/export.h>

#include <QtCore/qglobal.h>

#include <coroutine>
#include <exception>
#include <vector>

namespace Synchronaut::detail {

class ChildCalls;

/// What a child call knows of those it belongs to.
class ChildLink
{
public:
    ChildLink(const ChildLink &) = delete;
    ChildLink &operator=(const ChildLink &) = delete;
    qsizetype index() const noexcept { return m_index; }

protected:
    ChildLink(CallState *call, qsizetype index) noexcept : m_call(call), m_index(index) { }
    ~ChildLink() = default;

    ChildCalls *m_siblings = nullptr; ///< null: not started, ended, or nobody waits any more

private:
    friend class ChildCalls;

    CallState *m_call;
    qsizetype m_index;
    ChildLink *m_previous = nullptr;
    ChildLink *m_next = nullptr;
};

/*!
    Calls that a task has started on its own thread and waits for together; lives in the frame of that
    task. What becomes of the others when one has ended is for the derived class to say.

    A child is started -> ended, when it has an outcome and its frame is gone. The list holds the ones
    that have not ended; they are kept alive by their thread's list of calls. All of it is touched on
    the home thread only. A frame that is destroyed while it waits takes its children with it.
*/
class SYNCHRONAUT_EXPORT ChildCalls
{
public:
    ChildCalls(const ChildCalls &) = delete;
    ChildCalls &operator=(const ChildCalls &) = delete;

    /// Starts \a child as a part of the task that this belongs to, whoever asks for it.
    void start(ChildLink &child);
    /// False: what has not been started yet is not to be.
    bool isOpen() const noexcept { return !m_canceled && !m_owner->isDoomed(); }
    /// A child that is counted as cancelled, because it came too late.
    void skip() noexcept { m_stopped = true; }
    /// Asks all to stop, once and for all.
    void cancel();
    qsizetype running() const noexcept { return m_running; }
    /// For the child: it has ended, with a failure, a value, or because it was stopped.
    void ended(ChildLink &child, const std::exception_ptr &failure, bool stopped);

protected:
    /// For the task that runs now; \a name is for messages.
    explicit ChildCalls(const char *name) noexcept;
    virtual ~ChildCalls();

    virtual void childEnded(const ChildLink &child, const std::exception_ptr &failure) = 0;
    /// A failure that nobody will hear of otherwise (G16).
    static void report(const ChildLink &child, const std::exception_ptr &failure);
    bool isJoined() const noexcept { return m_joiner; }
    /// True when \a call is one of the children, or was called by one.
    bool isBelow(const CallRecord *call) const noexcept;

    CallState *m_owner;      ///< the task that this belongs to
    bool m_stopped = false;  ///< a child has ended with neither value nor failure

private:
    friend class JoinAwaiter;
    friend class GroupJoinAwaiter;

    std::vector<RefPtr<CallState>> runningCalls() const;

    const char *m_name;
    StopScope *m_scopes; ///< those around the owner's frame
    ChildLink *m_first = nullptr; ///< in the order in which they were started
    ChildLink *m_last = nullptr;
    qsizetype m_running = 0;
    Suspension *m_joiner = nullptr;
    bool m_canceled = false;
};

/// The children of whenAll(): the first failure counts, and cancels the others.
class SYNCHRONAUT_EXPORT AllCalls final : public ChildCalls
{
public:
    explicit AllCalls(const char *name) noexcept : ChildCalls(name) { }
    ~AllCalls() override;
    /// When all have ended.
    void throwUnlessAllSucceeded();

protected:
    void childEnded(const ChildLink &child, const std::exception_ptr &failure) override;

private:
    std::exception_ptr m_failure;
};

/// The children of whenAny() and race(): the first to end counts, and cancels the others.
class SYNCHRONAUT_EXPORT AnyCalls final : public ChildCalls
{
public:
    explicit AnyCalls(const char *name) noexcept : ChildCalls(name) { }
    ~AnyCalls() override;
    /// When all have ended: who was first. Throws what it has thrown.
    qsizetype takeWinner();
    [[noreturn]] void throwEmpty() const;

protected:
    void childEnded(const ChildLink &child, const std::exception_ptr &failure) override;

private:
    qsizetype m_winner = -1;
    std::exception_ptr m_failure;
};

/// co_await of this: until all children have ended. When the task is told to stop, so are they, and
/// they are waited for all the same. Throws nothing.
class Join
{
public:
    using TaskAwaiter = class JoinAwaiter;
    explicit Join(ChildCalls &children) noexcept : m_children(&children) { }
    ChildCalls &children() const noexcept { return *m_children; }

private:
    ChildCalls *m_children;
};

class SYNCHRONAUT_EXPORT JoinAwaiter : public Suspension
{
public:
    explicit JoinAwaiter(const Join &join) noexcept
        : m_children(join.children()), m_shield(StopScope::Kind::Shield)
    {
    }
    ~JoinAwaiter();

    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        return suspend(frame.promise().call, frame);
    }
    void await_resume() noexcept { m_shield.leave(); }

private:
    bool suspend(CallState *caller, std::coroutine_handle<> frame);

    ChildCalls &m_children;
    StopScope m_shield; ///< while we wait in spite of being told to stop
};

} // namespace Synchronaut::detail
