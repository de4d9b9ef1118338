#pragma once

#include <Synchronaut/callasync.h>
#include <Synchronaut/detail/childcall.h>
#include <Synchronaut/detail/timelimit.h>
#include <Synchronaut/task.h>

#include <QtCore/QList>

#include <concepts>
#include <exception>
#include <type_traits>
#include <utility>

namespace Synchronaut {

class TaskGroup;

namespace detail {

template <typename R, typename Body>
Task<R> runGroup(Body body);

/*!
    The children of a TaskGroup, and the code of the group's body: a limit without a time, which a
    failure expires, so that what the body awaits is cancelled like the other children.
*/
class SYNCHRONAUT_EXPORT GroupCalls final : public ChildCalls
{
public:
    GroupCalls() noexcept;
    ~GroupCalls() override;

    void enterBody() { m_body.enter(m_owner, noDeadline); }
    /// The body has ended, with \a error or without.
    void leaveBody(const std::exception_ptr &error);
    /// When all have ended: throws what withTaskGroup() is to throw, if anything.
    void throwFirst(const std::exception_ptr &bodyError);
    void checkThread() const;
    /// Cancels what the body awaits, and all that it awaits until it asks why.
    void interruptBody();

    QList<std::exception_ptr> failures; ///< in the order in which they came
    qsizetype told = 0;                 ///< how many of them the body knows of

protected:
    void childEnded(const ChildLink &child, const std::exception_ptr &failure) override;

private:
    friend class GroupJoinAwaiter;
    TimeLimit m_body;
    bool m_interrupted = false; ///< a failure has ended the body
};

/// Waits in a group's body for the children. Cancelled, it stops waiting; they are not its own.
class SYNCHRONAUT_EXPORT GroupJoinAwaiter : public Suspension
{
public:
    template <typename Source>
    explicit GroupJoinAwaiter(const Source &join) noexcept : m_group(*join.m_group)
    {
    }
    ~GroupJoinAwaiter();

    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        return suspend(frame.promise().call, frame);
    }
    void await_resume();

private:
    bool suspend(CallState *caller, std::coroutine_handle<> frame);

    GroupCalls &m_group;
    CallState *m_caller = nullptr;
};

} // namespace detail

/// What TaskGroup::join() gives; awaited in a task, or in any coroutine.
class GroupJoin
{
public:
    using TaskAwaiter = detail::GroupJoinAwaiter; ///< internal: how a Task awaits it
    /// For coroutines of other libraries.
    auto operator co_await() const { return detail::awaitAny<void>(GroupJoin(*this)).operator co_await(); }

private:
    friend class TaskGroup;
    friend class detail::GroupJoinAwaiter;
    explicit GroupJoin(detail::GroupCalls &group) noexcept : m_group(&group) { }

    detail::GroupCalls *m_group;
};

/*!
    A scope for child tasks, made by withTaskGroup(). To be used in the thread of its task, by the body,
    by its children or by a slot, and not after the body's withTaskGroup() has ended.
*/
class TaskGroup
{
public:
    TaskGroup(const TaskGroup &) = delete;
    TaskGroup &operator=(const TaskGroup &) = delete;

    /// Starts \a awaitable as a child: runs it at once up to its first suspension. Its value is dropped.
    /// After cancel() or a failure nothing is started any more. Throws CallError in a wrong thread.
    template <detail::Awaitable A>
    void spawn(A &&awaitable)
    {
        m_calls.checkThread();
        detail::startChild<typename detail::AwaitResult<A>::Type>(
                m_calls, detail::Held<A>(std::forward<A>(awaitable)), 0, nullptr);
    }

    /// The same for callAsync(\a function, \a args...): a plain function runs on the pool, an async
    /// one here. CallOptions may stand before the function.
    template <typename F, typename... A>
        requires(!detail::Awaitable<F>)
    void spawn(F &&function, A &&...args)
    {
        spawn(callAsync(std::forward<F>(function), std::forward<A>(args)...));
    }

    /// Cancels the children, once and for all. The body goes on; it may join() them.
    void cancel() { m_calls.cancel(); }

    /// Waits until no child is left, also of those that are added meanwhile. Throws the first failure.
    /// By one coroutine at a time, which is no child: that would wait for itself (DeadlockError).
    [[nodiscard]] GroupJoin join() { return GroupJoin(m_calls); }

    /// How many children have not ended yet.
    qsizetype size() const { return m_calls.running(); }

    /// What children have thrown, in order of time. Being cancelled by the group is no failure.
    QList<std::exception_ptr> errors() const
    {
        m_calls.told = m_calls.failures.size();
        return m_calls.failures;
    }

private:
    template <typename R, typename Body>
    friend Task<R> detail::runGroup(Body body);
    TaskGroup() = default;

    mutable detail::GroupCalls m_calls;
};

namespace detail {

// A coroutine template keeps its parameters in its frame; GCC warns here where their types are local
// to the user's file.
QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage")
template <typename R, typename Body>
Task<R> runGroup(Body body)
{
    ResultSlot<R> result;
    TaskGroup group;
    std::exception_ptr error;
    group.m_calls.enterBody();
    try {
        if constexpr (std::is_void_v<R>)
            co_await body(group);
        else
            result.emplace(co_await body(group));
    } catch (...) {
        error = std::current_exception();
    }
    group.m_calls.leaveBody(error);
    co_await Join(group.m_calls);
    group.m_calls.throwFirst(error);
    if constexpr (!std::is_void_v<R>)
        co_return result.take();
}
QT_WARNING_POP

} // namespace detail

/*!
    A task that runs \a body, an async function that takes a TaskGroup &, and ends when that and all
    children it has spawned have ended; gives what the body gives.

    The first child that fails cancels the others and what the body awaits, unless that is join(). It
    is thrown by join() and, if the body has not asked, by the task. A body that throws cancels the
    children, as does cancellation of the task. Failures that neither join() nor errors() has told
    anybody are logged (G16). Context and deadline are inherited. (Trio's nurseries, Python's TaskGroup.)
*/
template <typename Body>
    requires detail::Awaitable<std::invoke_result_t<std::decay_t<Body> &, TaskGroup &>>
auto withTaskGroup(Body &&body)
{
    using Returned = std::invoke_result_t<std::decay_t<Body> &, TaskGroup &>;
    return detail::runGroup<typename detail::AwaitResult<Returned>::Type>(
            std::decay_t<Body>(std::forward<Body>(body)));
}

} // namespace Synchronaut
