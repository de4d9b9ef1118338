#pragma once

#include <Synchronaut/detail/taskfwd.h>
#include <Synchronaut/detail/callawaiter.h>
#include <Synchronaut/detail/callconcepts.h>
#include <Synchronaut/detail/coroutineresult.h>
#include <Synchronaut/detail/framepool.h>

#include <atomic>
#include <coroutine>
#include <type_traits>

namespace Synchronaut::detail {

/*!
    What an awaiting task shares with the small coroutine that awaits something foreign for it; both are
    one block of memory, this in front of the coroutine's frame.

    pending -> settled, by the end of the coroutine's frame, on any thread, whether the foreign side
    resumed or dropped it (G11) -> arrived, at home, through the mailbox. The result is written before
    the message is posted and read after it was delivered. The frame, the awaiter and the message hold
    a reference each; an awaiter that is gone is not told.
*/
class SYNCHRONAUT_EXPORT ForeignWait : private Message
{
public:
    ForeignWait(const ForeignWait &) = delete;
    ForeignWait &operator=(const ForeignWait &) = delete;

    /// The coroutine's frame has gone. Any thread.
    void settle();
    /// Home thread: \a awaiter is woken on arrival; null: nobody any more.
    void setAwaiter(Suspension *awaiter) noexcept { m_awaiter = awaiter; }
    bool hasArrived() const noexcept { return m_arrived; }
    void ref() noexcept { m_refs.fetch_add(1, std::memory_order_relaxed); }
    void deref() noexcept
    {
        if (m_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
            m_destroy(this);
    }

protected:
    /// \a destroy frees the block. Home thread.
    explicit ForeignWait(void (*destroy)(ForeignWait *)) noexcept;
    ~ForeignWait();
    [[noreturn]] static void throwDropped();

private:
    static void deliverArrival(Message *message, Delivery how);

    std::atomic<int> m_refs{1}; ///< the frame's
    bool m_arrived = false;
    void (*m_destroy)(ForeignWait *);
    Mailbox *m_home; ///< a counted reference
    Suspension *m_awaiter = nullptr;
};

template <typename T>
class alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) ForeignResult final : public ForeignWait,
                                                                     public CoroutineResult<T>
{
public:
    /// The block for a frame of \a frameSize bytes; gives the frame's place.
    static void *allocate(std::size_t frameSize)
    {
        auto *const result = new (frameAllocate(sizeof(ForeignResult) + frameSize)) ForeignResult(frameSize);
        return result + 1;
    }
    static ForeignResult *before(void *frame) noexcept
    {
        return static_cast<ForeignResult *>(frame) - 1;
    }
    /// Runs the coroutine to its first suspension; once, after it was made.
    void start() { std::coroutine_handle<>::from_address(this + 1).resume(); }
    T take()
    {
        if (this->isEmpty()) [[unlikely]]
            throwDropped();
        return this->takeResult();
    }

private:
    explicit ForeignResult(std::size_t frameSize) noexcept
        : ForeignWait([](ForeignWait *self) {
              auto *const result = static_cast<ForeignResult *>(self);
              const std::size_t size = sizeof(ForeignResult) + result->m_frameSize;
              result->~ForeignResult();
              frameFree(result, size);
          }),
          m_frameSize(frameSize)
    {
    }
    ~ForeignResult() = default;

    std::size_t m_frameSize;
};

/// The coroutine in between: it frees itself, and that settles. It is started by hand since its frame may go on
/// another thread at once: GCC since 15.2 (PR 121961) makes a call of a coroutine that starts by itself look into
/// the frame once more before it returns.
template <typename T>
class ForeignPromise
{
public:
    RefPtr<ForeignResult<T>> get_return_object() noexcept { return RefPtr(result()); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    template <typename V>
    void return_value(V &&value)
    {
        result()->setValue(std::forward<V>(value));
    }
    void unhandled_exception() noexcept { result()->unhandled_exception(); }

    static void *operator new(std::size_t size) { return ForeignResult<T>::allocate(size); }
    static void operator delete(void *frame, std::size_t)
    {
        ForeignResult<T>::before(frame)->settle();
    }

private:
    ForeignResult<T> *result() noexcept
    {
        return ForeignResult<T>::before(
                std::coroutine_handle<ForeignPromise>::from_promise(*this).address());
    }
};

template <typename T>
struct ForeignCoroutine
{
    using promise_type = ForeignPromise<T>;
    ForeignCoroutine(RefPtr<ForeignResult<T>> r) noexcept : result(std::move(r)) { }
    RefPtr<ForeignResult<T>> result;
};

// A coroutine template keeps its parameters in its frame; GCC warns here where their types are local
// to the user's file.
QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage")
template <typename T, typename A>
ForeignCoroutine<T> awaitForeign(A awaitable)
{
    if constexpr (std::is_void_v<T>) {
        co_await static_cast<A &&>(awaitable);
        co_return Empty();
    } else {
        co_return co_await static_cast<A &&>(awaitable);
    }
}
QT_WARNING_POP

/// The part of ForeignAwaiter that knows no type.
class SYNCHRONAUT_EXPORT ForeignAwaiterBase : public Suspension
{
public:
    bool await_ready() const noexcept { return false; }

protected:
    bool suspendFor(CallState *caller, std::coroutine_handle<> frame, ForeignWait *wait);
    void throwIfStopped(const ForeignWait *wait);

    CallState *m_caller = nullptr;
};

/// co_await of another library's awaitable inside a task: brings it home. A cancelled task does not
/// wait for it, since there is no way to tell it.
template <typename T, typename A>
class ForeignAwaiter : public ForeignAwaiterBase
{
public:
    /// An rvalue moves into the coroutine in between, an lvalue is the user's to keep alive.
    explicit ForeignAwaiter(A &&awaitable) noexcept : m_awaitable(static_cast<A &&>(awaitable)) { }
    ~ForeignAwaiter()
    {
        if (m_result)
            m_result->setAwaiter(nullptr);
    }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        m_caller = frame.promise().call;
        if (m_caller->isStopRequested())
            return false; // nothing is started
        using Held = std::conditional_t<std::is_lvalue_reference_v<A>, A, std::remove_cvref_t<A>>;
        m_result = awaitForeign<T, Held>(static_cast<A &&>(m_awaitable)).result;
        m_result->start();
        return suspendFor(m_caller, frame, m_result.get());
    }

    T await_resume()
    {
        throwIfStopped(m_result.get());
        return m_result->take();
    }

private:
    A &&m_awaitable;
    RefPtr<ForeignResult<T>> m_result;
};

/// What runs one of our tasks for a coroutine of another library.
class SYNCHRONAUT_EXPORT OutsideAwaiterBase
{
public:
    bool await_ready() const noexcept { return false; }
    OutsideAwaiterBase(const OutsideAwaiterBase &) = delete;
    OutsideAwaiterBase &operator=(const OutsideAwaiterBase &) = delete;

protected:
    OutsideAwaiterBase() = default;
    ~OutsideAwaiterBase();
    /// Starts \a call here; true: \a frame will be resumed on this thread when it has ended.
    bool start(CallState *call, std::coroutine_handle<> frame);

private:
    RefPtr<CallState> m_waiting;
};

template <typename T>
class OutsideAwaiter : public OutsideAwaiterBase
{
public:
    explicit OutsideAwaiter(Task<T> &&task);
    bool await_suspend(std::coroutine_handle<> frame) { return start(m_call.get(), frame); }
    T await_resume() { return m_call->take(); }

private:
    RefPtr<TypedCall<T>> m_call;
};

} // namespace Synchronaut::detail
