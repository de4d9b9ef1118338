#pragma once

#include <Synchronaut/detail/taskfwd.h>
#include <Synchronaut/detail/callawaiter.h>
#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/detail/coroutineresult.h>
#include <Synchronaut/detail/framepool.h>
#include <Synchronaut/export.h>

#include <coroutine>
#include <cstdint>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace Synchronaut::detail {

template <typename T>
class TaskPromise;
template <typename T>
class TaskAwaiter;
template <typename T>
class OutsideAwaiter;
template <typename T, typename Work, typename Frame = Task<T>>
class TaskCall;

/*!
    What all frames of one call share. A child is resumed inside of the parent's await_suspend and,
    when it finished there, the parent goes on without having suspended; else it is the call's
    trampoline that resumes the parent. So the stack grows neither with the number of awaits nor,
    beyond inlineDepth, with their depth, in every build mode; symmetric transfer would, wherever
    GCC does not make it a tail call.
*/
class TaskPromiseBase
{
public:
    static constexpr std::uint32_t inlineDepth = 64;

    std::suspend_always initial_suspend() const noexcept { return {}; }

    struct FinalAwaiter
    {
        bool await_ready() const noexcept { return false; }
        template <typename Promise>
        void await_suspend(std::coroutine_handle<Promise> frame) const noexcept
        {
            const TaskPromiseBase &promise = frame.promise();
            if (promise.continuation)
                promise.call->m_nextFrame = promise.continuation;
        }
        void await_resume() const noexcept { }
    };
    FinalAwaiter final_suspend() const noexcept { return {}; }

    static void *operator new(std::size_t size) { return frameAllocate(size); }
    static void operator delete(void *frame, std::size_t size) { frameFree(frame, size); }

    /// Who awaits. Null as long as whoever resumed the frame first sees by itself that it is done:
    /// the parent's await_suspend, while that is on the stack, or drive() for the root of a call.
    std::coroutine_handle<> continuation;
    CallState *call = nullptr; ///< null: not started
    std::uint32_t depth;       ///< of started frames
};

template <typename T>
class TaskPromise final : public TaskPromiseBase, public CoroutineResult<T>
{
public:
    Task<T> get_return_object() noexcept;

    template <typename V = T>
        requires std::is_constructible_v<T, V &&>
    void return_value(V &&value)
    {
        this->setValue(std::forward<V>(value));
    }

    template <typename A>
    decltype(auto) await_transform(A &&awaitable);
};

template <>
class TaskPromise<void> final : public TaskPromiseBase, public CoroutineResult<void>
{
public:
    Task<void> get_return_object() noexcept;
    void return_void() noexcept { setValue(); }
    template <typename A>
    decltype(auto) await_transform(A &&awaitable);
};

/// True when \a error is a CallCanceled.
SYNCHRONAUT_EXPORT bool isCallCanceled(const std::exception_ptr &error) noexcept;

/// A child is to start where something is to be heeded: throws if it must not, else counts it.
SYNCHRONAUT_EXPORT void enterScope(CallState &call);
/// A child has ended inside of scopes: if a DeadlineScope of the awaiting frame ended it, that frame
/// is told so.
SYNCHRONAUT_EXPORT void leaveScope(CallState &call, const std::exception_ptr &error);

/// Destroys a frame; one that was never started is worth a line of debug output.
SYNCHRONAUT_EXPORT void logNeverStarted() noexcept;

inline void destroyFrame(std::coroutine_handle<> frame, const TaskPromiseBase &promise) noexcept
{
    if (!promise.call) [[unlikely]]
        logNeverStarted();
    frame.destroy();
}

[[noreturn]] SYNCHRONAUT_EXPORT void throwEmptyTask();

/// co_await of a task inside a task: same call, same thread, no state but the frames. Refers to the
/// task, which is a temporary or a variable of the awaiting coroutine.
template <typename T>
class TaskAwaiter
{
public:
    explicit TaskAwaiter(Task<T> &&task) noexcept : m_frame(task.m_frame) { }

    bool await_ready() const noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> parent)
    {
        TaskPromiseBase &mine = parent.promise();
        CallState *const call = mine.call;
        const auto frame = m_frame;
        if (!frame || frame.promise().call) [[unlikely]]
            throwEmptyTask();
        if (call->needsAttention()) [[unlikely]]
            enterScope(*call);
        TaskPromiseBase &child = frame.promise();
        child.call = call;
        child.depth = mine.depth + 1;
        if (child.depth % TaskPromiseBase::inlineDepth == 0) [[unlikely]] {
            child.continuation = parent;
            call->m_nextFrame = frame;
            return true;
        }
        frame.resume();
        if (frame.done()) [[likely]]
            return false;
        child.continuation = parent;
        return true;
    }

    T await_resume()
    {
        auto &child = m_frame.promise();
        if (child.call->scopes) [[unlikely]]
            leaveScope(*child.call, child.error());
        return child.takeResult();
    }

private:
    std::coroutine_handle<TaskPromise<T>> m_frame;
};

} // namespace Synchronaut::detail
