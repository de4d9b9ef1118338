#pragma once

#include <Synchronaut/calloptions.h>
#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/detail/generatorlink.h>
#include <Synchronaut/detail/refptr.h>
#include <Synchronaut/detail/suspension.h>
#include <Synchronaut/detail/typedcall.h>
#include <Synchronaut/export.h>
#include <Synchronaut/task.h>

#include <QtCore/QDeadlineTimer>
#include <QtCore/QFuture>

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace Synchronaut::detail {

/*!
    A generator that runs elsewhere than its consumer, or in a call of its own: what the two share.

    Each item is waited for with a call of its own, a step, which the consumer sends to where the
    generator runs: so blocking, lending, deadlines and cancellation are those of calls. What holds for
    the whole stream (context, limit, owner) is in the tether, a call that lasts as long as the stream.

    Consumer: open() -> beginStep(), startStep(), ... -> close() or abandon(), once. One thread at a
    time. References are held by the consumer's handle, the steps and the tether.
*/
class SYNCHRONAUT_EXPORT StreamCore
{
public:
    StreamCore(const StreamCore &) = delete;
    StreamCore &operator=(const StreamCore &) = delete;

    void ref() noexcept { m_refs.fetch_add(1, std::memory_order_relaxed); }
    void deref() noexcept
    {
        if (m_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    // -- consumer -----------------------------------------------------------------------------
    /// From now on limit, context and owner of the stream hold. Throws what speaks against it.
    void open();
    /// Begins \a step, open() before it if need be. False: it settled at once, the stream stays as it is.
    bool beginStep(CallState &step);
    /// Sends a begun step, or a closing call, to where the generator runs.
    virtual void startStep(CallState &step) = 0;
    /// Throws \a error, with which \a step has ended; a timeout as that of the stream.
    [[noreturn]] void throwStepError(CallState &step, std::exception_ptr error);
    /// Ends the generator, its cleanup included, and waits for that, at most for a second where it is
    /// in another thread. Throws what the cleanup throws. Cancellation does not reach it.
    void close();
    /// The same for destructors: what is thrown is reported as an error that nobody observes.
    void closeQuietly() noexcept;
    /// close() in a task.
    Task<void> closeInTask();
    /// Ends it without waiting.
    virtual void abandon() noexcept = 0;
    /// Lets the generator run ahead by at most this many items; false: too late, or impossible.
    virtual bool setCapacity(std::size_t) { return false; }
    const CallOptions &options() const noexcept { return m_options; }
    /// What open() gets to hear of a null function or object; null: nothing wrong.
    const char *flaw = nullptr;

protected:
    StreamCore(const CallOptions &options, const char *typeName) noexcept
        : m_options(options), m_typeName(typeName)
    {
    }
    virtual ~StreamCore();

    virtual RefPtr<CallState> makeTether() = 0;
    /// The call that ends the generator; null: there is nothing to end.
    virtual RefPtr<TypedCall<void>> makeClosing() = 0;
    /// The cleanup runs in this very thread and is waited for without limit.
    virtual bool isHere() const noexcept { return false; }
    bool isOutOfTime() const { return !m_until.isForever() && m_until.hasExpired(); }
    /// The closing call, like a step without an item.
    bool beginClosing(CallState &closing);
    /// For consumers that belong to no call: all items are asked for on behalf of the same.
    std::uint64_t chain() const noexcept { return m_chain; }
    /// An error of the cleanup that nobody waits for.
    void report(const std::exception_ptr &error) const noexcept;

    RefPtr<CallState> m_tether;
    CallOptions m_options;

private:
    std::atomic<int> m_refs{0};
    const char *m_typeName;
    QDeadlineTimer m_until{QDeadlineTimer::Forever}; ///< of the whole stream
    std::int64_t m_granted = 0;                      ///< the time it had, for messages
    std::uint64_t m_chain = 0; ///< of consumers that belong to no call
};

/// A stream of T.
template <typename T>
class Stream : public StreamCore
{
public:
    using Step = TypedCall<std::optional<T>>;

    /// A call that gives the next item, nothing at the end; \a thrownIn is thrown in at co_yield.
    virtual RefPtr<Step> makeStep(std::exception_ptr thrownIn = {}) = 0;
    /// False: what is thrown into the consumer's generator ends the stream.
    virtual bool takesErrors() const noexcept { return false; }
    /// An item that is there already. Throws when the running call is to stop, or time is up.
    virtual std::optional<T> takeReady() { return std::nullopt; }

    /// The next item, nothing at the end; blocks. After an error, as after the end, nothing.
    std::optional<T> takeBlocking();

protected:
    using StreamCore::StreamCore;

private:
    bool m_ended = false;
};

template <typename T>
std::optional<T> Stream<T>::takeBlocking()
{
    std::optional<T> item;
    if (m_ended)
        return item;
    item = takeReady();
    if (item)
        return item;
    const RefPtr<Step> step = makeStep();
    const bool begun = beginStep(*step);
    if (begun)
        step->startAndWait(options().waitMode, [&] { startStep(*step); });
    if (step->outcome() != CallState::Outcome::Value) {
        m_ended = begun || isOutOfTime(); // else it is our caller who is to stop, and may go on later
        if (m_ended)
            abandon();
        throwStepError(*step, step->error());
    }
    m_ended = true; // also if moving the item throws
    item = step->take();
    m_ended = !item.has_value();
    return item;
}

/// Owner of a stream that is consumed; ends it without waiting.
template <typename T>
class StreamHandle
{
public:
    StreamHandle() noexcept = default;
    explicit StreamHandle(RefPtr<Stream<T>> stream) noexcept : m_stream(std::move(stream)) { }
    StreamHandle(StreamHandle &&other) noexcept = default;
    StreamHandle &operator=(StreamHandle &&other) noexcept
    {
        StreamHandle old(std::move(*this));
        std::swap(m_stream, other.m_stream);
        return *this;
    }
    ~StreamHandle()
    {
        if (m_stream)
            m_stream->abandon();
    }

    Stream<T> *operator->() const noexcept { return m_stream.get(); }
    Stream<T> *get() const noexcept { return m_stream.get(); }
    explicit operator bool() const noexcept { return bool(m_stream); }
    RefPtr<Stream<T>> release() noexcept { return std::exchange(m_stream, {}); }

private:
    RefPtr<Stream<T>> m_stream;
};

/// Where one coroutine of a stream waits until another one of the same thread wakes it.
class SYNCHRONAUT_EXPORT StreamPlace
{
public:
    class TaskAwaiter : public Suspension
    {
    public:
        explicit TaskAwaiter(StreamPlace &place) noexcept : m_place(place) { }
        ~TaskAwaiter() { m_place.m_waiting = nullptr; }
        bool await_ready() const noexcept { return false; }
        template <typename Promise>
        bool await_suspend(std::coroutine_handle<Promise> frame)
        {
            m_place.m_waiting = this;
            return begin(frame.promise().call, frame);
        }
        void await_resume() const noexcept { m_place.m_waiting = nullptr; }

    private:
        StreamPlace &m_place;
    };

    bool isTaken() const noexcept { return m_waiting; }
    void wake()
    {
        if (m_waiting)
            m_waiting->wake();
    }

private:
    TaskAwaiter *m_waiting = nullptr;
};

/// Blocking code of a stream runs in the stream's context, and what it changes there stays for the
/// next item. Nothing suspends inside of the scope.
class SYNCHRONAUT_EXPORT StreamContextScope
{
public:
    explicit StreamContextScope(RefPtr<ContextMap> &context);
    ~StreamContextScope();
    StreamContextScope(const StreamContextScope &) = delete;
    StreamContextScope &operator=(const StreamContextScope &) = delete;

private:
    RefPtr<ContextMap> &m_context;
    CallRecord &m_record;
    ContextGuard *m_guard;
};

/// Where the steps of a stream go: the thread of a mailbox, chosen with the first of them.
class SYNCHRONAUT_EXPORT StreamHome
{
public:
    enum class Kind : std::uint8_t {
        Blocking, ///< the background loop, or a spare one if that is who asks
        Here,     ///< the thread that asks for the first item
        Given,
    };

    explicit StreamHome(Kind kind) noexcept : m_kind(kind) { }
    /// The thread of \a mailbox.
    explicit StreamHome(Mailbox *mailbox) noexcept;
    ~StreamHome();
    StreamHome(const StreamHome &) = delete;
    StreamHome &operator=(const StreamHome &) = delete;

    void send(CallState &call);
    /// Starts a coroutine's call; in its thread.
    void startHere(CallState &call);
    /// Has \a message delivered there.
    bool post(Message *message);
    bool isHere() const noexcept;
    bool isKnown() const noexcept { return m_mailbox; }

private:
    Mailbox *m_mailbox = nullptr; ///< a counted reference
    Kind m_kind;
};

/// The call whose code runs now; there is one.
SYNCHRONAUT_EXPORT CallState &runningCall() noexcept;
/// Throws if the code that asks for an item, which is there already, is to stop.
SYNCHRONAUT_EXPORT void checkConsumer();
/// What a step gets whose generator is destroyed.
SYNCHRONAUT_EXPORT std::exception_ptr streamClosed();
/// Waits, in a task on a thread with an event loop, until \a future is suspended no more.
SYNCHRONAUT_EXPORT Task<void> untilResumed(QFuture<void> future);
/// The same for blocking code.
SYNCHRONAUT_EXPORT void waitUntilResumed(const QFuture<void> &future);

} // namespace Synchronaut::detail
