#pragma once

#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/detail/generatorlink.h>
#include <Synchronaut/detail/suspension.h>
#include <Synchronaut/detail/taskpromise.h>

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace Synchronaut {

template <typename T, typename In>
class AsyncGenerator;

namespace detail {

template <typename T>
class StreamHandle;

[[noreturn]] SYNCHRONAUT_EXPORT void throwBusyGenerator();
/// What closing throws into a generator.
SYNCHRONAUT_EXPORT std::exception_ptr generatorClosed();
[[noreturn]] SYNCHRONAUT_EXPORT void throwClosedGoesOn();
[[noreturn]] SYNCHRONAUT_EXPORT void throwSentTooEarly();

/*!
    A consumer that waits in a step of an async generator. The generator runs inside the consumer's
    call, like a child task, and is resumed inside of the consumer's await_suspend; only when it
    really suspends is the consumer resumed by the call's trampoline (see TaskPromiseBase).

    Ready (idle) -> resume() ran the generator to the end of the step (still idle), or it is under way
    (m_waiting; the generator knows us): then the step ends, or either of us is destroyed:
    the consumer first: the generator is destroyed too, since what it awaits belongs to our call;
    the generator first: we are woken with CallCanceled.
*/
class SYNCHRONAUT_EXPORT GeneratorConsumer
{
public:
    explicit GeneratorConsumer(GeneratorLink *link) noexcept : m_link(link) { }
    GeneratorConsumer(const GeneratorConsumer &) = delete;
    GeneratorConsumer &operator=(const GeneratorConsumer &) = delete;
    ~GeneratorConsumer()
    {
        if (m_waiting) [[unlikely]]
            abandon();
    }

    bool await_ready() const noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> parent)
    {
        TaskPromiseBase &mine = parent.promise();
        if (mine.call->isStopRequested()) [[unlikely]] {
            m_refusedBy = mine.call;
            return false;
        }
        return step(mine, parent);
    }

    /// The generator is destroyed while we wait for it.
    void generatorGone();

protected:
    /// Runs the generator; true: it has suspended and the step goes on without us.
    bool step(TaskPromiseBase &mine, std::coroutine_handle<> parent);
    /// The step is over: its item, in the generator's frame; null at the end. Throws its error.
    void *item()
    {
        if (m_waiting) {
            m_waiting = false;
            m_link->consumer = nullptr;
        }
        if (m_refusedBy || m_gone || m_busy) [[unlikely]]
            refused();
        if (!m_link)
            return nullptr;
        if (!m_link->item)
            m_link->rethrowError();
        return m_link->item;
    }

    GeneratorLink *m_link;

private:
    /// What resumes us where the generator cannot any more.
    class Waker : public Suspension
    {
    public:
        void wakeLater(CallState *call, std::coroutine_handle<> frame);
    };

    void abandon() noexcept;
    [[noreturn]] void refused();

    CallState *m_refusedBy = nullptr;
    std::optional<Waker> m_gone;
    bool m_waiting = false;
    bool m_busy = false;
};

/// The part of an async generator's promise that knows no type: a frame of the consumer's call.
class AsyncGeneratorPromiseBase : public TaskPromiseBase, public GeneratorLink
{
public:
    struct FinalAwaiter
    {
        bool await_ready() const noexcept { return false; }
        template <typename Promise>
        void await_suspend(std::coroutine_handle<Promise> handle) const noexcept
        {
            AsyncGeneratorPromiseBase &promise = handle.promise();
            promise.finish();
            promise.goOn();
        }
        void await_resume() const noexcept { }
    };
    FinalAwaiter final_suspend() const noexcept { return {}; }
    void return_void() const noexcept { }

    AsyncGeneratorPromiseBase &rootPromise() const noexcept
    {
        return *static_cast<AsyncGeneratorPromiseBase *>(root);
    }

    /// The leaf, made a frame of the call that drives the step.
    AsyncGeneratorPromiseBase &enterLeaf() noexcept
    {
        auto &inner = *static_cast<AsyncGeneratorPromiseBase *>(leaf);
        inner.call = call;
        inner.depth = depth;
        return inner;
    }
    /// This frame is about to suspend and somebody else goes on: the consumer, when the step is
    /// over, else the leaf. Where the consumer is on the stack below it sees to that itself.
    void goOn() const noexcept
    {
        AsyncGeneratorPromiseBase &outer = rootPromise();
        if (outer.startedInline)
            return;
        outer.call->m_nextFrame = outer.stepDone ? outer.continuation : outer.enterLeaf().frame;
    }

    std::exception_ptr injected; ///< root: what the leaf's co_yield throws
    bool startedInline = true;   ///< root: the consumer is on the stack and sees the end of the step
};

inline bool GeneratorConsumer::step(TaskPromiseBase &mine, std::coroutine_handle<> parent)
{
    if (!m_link || m_link->isDone())
        return false;
    if (m_link->consumer) [[unlikely]] {
        m_busy = true;
        return false;
    }
    auto &root = *static_cast<AsyncGeneratorPromiseBase *>(m_link);
    root.call = mine.call;
    root.depth = mine.depth + 1;
    root.continuation = parent;
    root.started = true;
    root.stepDone = false;
    root.consumer = this;
    m_waiting = true;
    if (root.depth % TaskPromiseBase::inlineDepth == 0) [[unlikely]] {
        root.startedInline = false;
        root.call->m_nextFrame = root.enterLeaf().frame;
        return true;
    }
    root.startedInline = true;
    const GeneratorLink *running = nullptr;
    do {
        AsyncGeneratorPromiseBase &leaf = root.enterLeaf();
        running = &leaf;
        leaf.frame.resume();
    } while (!root.stepDone && root.leaf != running);
    if (root.stepDone) [[likely]]
        return false;
    root.startedInline = false;
    return true;
}

/// co_yield of one ends the step with an error, and the generator can be gone on with.
struct StepError
{
    std::exception_ptr error;
};

/// What co_yield gives back.
template <typename In>
struct SentValue
{
    using Type = std::optional<In>;
};
template <>
struct SentValue<void>
{
    using Type = void;
};

template <typename T, typename In>
class AsyncGeneratorPromise final : public AsyncGeneratorPromiseBase
{
public:
    using Sent = std::conditional_t<std::is_void_v<In>, Empty, std::optional<In>>;

    AsyncGeneratorPromise() noexcept = default;
    /// Of streamItems().
    explicit AsyncGeneratorPromise(StreamHandle<T> &handle) noexcept { stream = handle.get(); }

    AsyncGenerator<T, In> get_return_object() noexcept;

    /// co_yield of an item, which stays in this frame until the consumer has taken it.
    class YieldAwaiter
    {
    public:
        explicit YieldAwaiter(AsyncGeneratorPromise &promise) noexcept : m_promise(promise) { }
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<>) const noexcept
        {
            m_promise.root->stepDone = true;
            m_promise.goOn();
        }
        typename SentValue<In>::Type await_resume() const
        {
            AsyncGeneratorPromiseBase &outer = m_promise.rootPromise();
            if (outer.injected) [[unlikely]]
                std::rethrow_exception(std::exchange(outer.injected, {}));
            if constexpr (!std::is_void_v<In>)
                return std::exchange(static_cast<AsyncGeneratorPromise &>(outer).sent, std::nullopt);
        }

    private:
        AsyncGeneratorPromise &m_promise;
    };

    YieldAwaiter yield_value(T &&value) noexcept { return give(std::addressof(value), true); }
    YieldAwaiter yield_value(const T &value) noexcept
        requires std::is_copy_constructible_v<T>
    {
        return give(const_cast<T *>(std::addressof(value)), false); // is copied, not changed
    }

    /// co_yield std::move(other): lets another generator give its items.
    class DelegateAwaiter
    {
    public:
        explicit DelegateAwaiter(AsyncGenerator<T, In> &&other) noexcept : m_other(std::move(other)) { }
        bool await_ready() const
        {
            if (m_other.link() && m_other.link()->consumer)
                throwBusyGenerator();
            return !m_other.link() || m_other.link()->isDone();
        }
        void await_suspend(std::coroutine_handle<AsyncGeneratorPromise> handle) noexcept
        {
            handle.promise().delegateTo(*m_other.link());
            handle.promise().goOn();
        }
        void await_resume()
        {
            if (m_other.link())
                m_other.link()->rethrowError();
        }

    private:
        GeneratorOwner m_other;
    };
    DelegateAwaiter yield_value(AsyncGenerator<T, In> &&other) noexcept
    {
        return DelegateAwaiter(std::move(other));
    }

    YieldAwaiter yield_value(StepError &&step) noexcept
    {
        this->root->item = nullptr;
        this->root->error = std::move(step.error);
        return YieldAwaiter(*this);
    }

    template <typename A>
    decltype(auto) await_transform(A &&awaitable);

    bool itemIsMovable = false; ///< root
    Sent sent{}; ///< root: what the next co_yield gives back

private:
    YieldAwaiter give(T *value, bool movable) noexcept
    {
        auto &outer = static_cast<AsyncGeneratorPromise &>(rootPromise());
        outer.item = value;
        outer.itemIsMovable = movable;
        return YieldAwaiter(*this);
    }
};

/// co_await gen.next() in a task.
template <typename T, typename In>
class NextAwaiter : public GeneratorConsumer
{
public:
    template <typename Source>
    explicit NextAwaiter(const Source &source) noexcept : GeneratorConsumer(source.generator().link())
    {
    }

    std::optional<T> await_resume()
    {
        auto *const value = static_cast<T *>(item());
        if (!value)
            return std::nullopt;
        if constexpr (std::is_copy_constructible_v<T>) {
            if (!static_cast<AsyncGeneratorPromise<T, In> *>(m_link)->itemIsMovable)
                return std::optional<T>(std::as_const(*value));
        }
        return std::optional<T>(std::move(*value));
    }
};

/// co_await gen.close() in a task. Not refused by a call that is to stop: it is part of unwinding.
template <typename T, typename In>
class CloseAwaiter : public GeneratorConsumer
{
public:
    template <typename Source>
    explicit CloseAwaiter(const Source &source) noexcept
        : GeneratorConsumer(source.generator().link())
    {
    }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> parent)
    {
        if (m_link && !m_link->consumer && !m_link->started) {
            m_link->owner->destroyFrames();
            m_link = nullptr;
        }
        if (!m_link || m_link->isDone() || m_link->consumer)
            return step(parent.promise(), parent);
        m_throws = true;
        static_cast<AsyncGeneratorPromiseBase *>(m_link)->injected = generatorClosed();
        return step(parent.promise(), parent);
    }

    void await_resume()
    {
        bool goesOn = false;
        try {
            goesOn = item() != nullptr && m_throws;
        } catch (const CallCanceled &) {
            if (!m_throws)
                throw;
        }
        if (goesOn) {
            m_link->owner->destroyFrames();
            m_link = nullptr;
            throwClosedGoesOn();
        }
    }

private:
    bool m_throws = false;
};

} // namespace detail
} // namespace Synchronaut
