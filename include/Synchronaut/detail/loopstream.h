#pragma once

#include <Synchronaut/asyncgenerator.h>
#include <Synchronaut/detail/stream.h>
#include <Synchronaut/detail/streamring.h>
#include <Synchronaut/detail/taskcall.h>
#include <Synchronaut/generator.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace Synchronaut::detail {

template <typename T>
class LoopStream;

/// A request to a stream, delivered on the stream's loop, that is answered when it suits.
template <typename T, typename R>
class LoopRequest final : public TypedCall<R>
{
public:
    explicit LoopRequest(RefPtr<LoopStream<T>> stream, std::exception_ptr error = {}) noexcept
        : TypedCall<R>(CallState::Kind::Plain), thrownIn(std::move(error)), m_stream(std::move(stream))
    {
    }

    std::exception_ptr thrownIn; ///< what co_yield is to throw

protected:
    void execute() noexcept override { m_stream->ask(*this); }

private:
    const RefPtr<LoopStream<T>> m_stream;
};

/// What the tether of a stream runs.
template <typename T>
class LoopStreamWork
{
public:
    LoopStreamWork(std::in_place_t, RefPtr<LoopStream<T>> stream) noexcept : m_stream(std::move(stream)) { }
    Task<void> operator()() { return m_stream->produce(); }

private:
    RefPtr<LoopStream<T>> m_stream;
};

/*!
    A stream over an AsyncGenerator that runs on a loop, in the tether's call from the first item to the
    last: one call, one context, whoever asks for the items.

    All fields but the ring belong to that loop's thread. Without a ring: Parked -> a step asks ->
    Running -> item, end or error answers the step -> Parked or over. With one the generator runs while
    there is room; a step only comes when the consumer finds the ring empty, and is answered when it is
    half full, or the generator waits, or some time has passed. A ring that was full is refilled when
    it is half empty: m_room says who has to tell whom.
*/
template <typename T>
class LoopStream : public Stream<T>
{
public:
    using Step = typename Stream<T>::Step;
    using ItemRequest = LoopRequest<T, std::optional<T>>;
    using EndRequest = LoopRequest<T, void>;

    template <typename Home>
    LoopStream(Home home, const CallOptions &options, const char *typeName)
        : Stream<T>(options, typeName), m_home(home), m_refill(this)
    {
    }

    ~LoopStream() override
    {
        if (m_error && !isCallCanceled(m_error))
            this->report(m_error); // nobody has asked for the item that it prevented
    }

    // -- consumer -----------------------------------------------------------------------------
    RefPtr<Step> makeStep(std::exception_ptr thrownIn) override
    {
        return RefPtr<ItemRequest>(new ItemRequest(this, std::move(thrownIn))); // owned by the references
    }
    void startStep(CallState &step) override
    {
        m_sent = true;
        m_home.send(step);
    }
    bool takesErrors() const noexcept override { return !m_ring; }
    std::optional<T> takeReady() override;
    bool setCapacity(std::size_t capacity) override;
    void abandon() noexcept override;

    // -- the generator's thread -----------------------------------------------------------------
    void ask(ItemRequest &step) noexcept;
    void ask(EndRequest &closing) noexcept;
    Task<void> produce();
    /// Answers the step that waits, if there is an answer.
    void answer() noexcept;

protected:
    RefPtr<CallState> makeTether() override;
    RefPtr<TypedCall<void>> makeClosing() override;
    bool isHere() const noexcept override { return m_home.isHere(); }

    /// Calls the stream function.
    virtual AsyncGenerator<T> openSource() = 0;
    /// Destroys it, with its arguments.
    virtual void dropSource() = 0;

private:
    enum class Room : std::uint8_t { Idle, Wanted, Posted };

    struct Refill : Message
    {
        explicit Refill(LoopStream *s) : stream(s) { deliver = &LoopStream::deliverRefill; }
        LoopStream *stream;
    };
    static void deliverRefill(Message *message, Delivery how);

    /// Whatever ends the tether, destroyed frames too: the generator goes, and who waits is told.
    struct Ends
    {
        LoopStream &stream;
        ~Ends() { stream.ended(); }
    };

    /// The tether has no home yet, and a step that was cancelled on its way will not give it one: it
    /// refers to us as we do to it.
    void releaseUnstarted();
    bool mayGoOn() noexcept;
    bool isDue();
    void give(T &&item);
    void finish(std::exception_ptr error) noexcept;
    void ended() noexcept;

    StreamHome m_home;
    std::unique_ptr<StreamRing<T>> m_ring; ///< made before the first step
    std::atomic<Room> m_room{Room::Idle};
    Refill m_refill;
    bool m_sent = false; ///< consumer

    AsyncGenerator<T> m_source;
    StreamPlace m_parked;
    RefPtr<ItemRequest> m_step; ///< waits for an answer
    RefPtr<EndRequest> m_closing;
    std::exception_ptr m_thrownIn;
    std::exception_ptr m_error; ///< comes after the items before it
    std::exception_ptr m_closeError;
    std::int64_t m_askedAt = 0;
    bool m_started = false;
    bool m_producing = false; ///< the tether's coroutine has begun
    bool m_over = false;  ///< there will be no more items
    bool m_ended = false; ///< the generator is gone
};

/// A stream over what a function gives, which it keeps together with its arguments.
template <typename T, typename Work>
class LoopStreamOf final : public LoopStream<T>
{
public:
    template <typename Home, typename... A>
    LoopStreamOf(Home home, const CallOptions &options, const char *typeName, A &&...functionAndArgs)
        : LoopStream<T>(home, options, typeName),
          m_work(std::in_place, std::in_place, std::forward<A>(functionAndArgs)...)
    {
    }

protected:
    AsyncGenerator<T> openSource() override { return asAsync((*m_work)()); }
    void dropSource() override { m_work.reset(); }

private:
    static AsyncGenerator<T> asAsync(AsyncGenerator<T> &&source) { return std::move(source); }
    static AsyncGenerator<T> asAsync(Generator<T> source)
    {
        for (T &item : source)
            co_yield std::move(item);
    }

    std::optional<Work> m_work;
};

/// A generator that is there already, as what a stream opens.
template <typename T>
class GivenSource
{
public:
    GivenSource(std::in_place_t, AsyncGenerator<T> &&source) noexcept : m_source(std::move(source)) { }
    AsyncGenerator<T> operator()() { return std::move(m_source); }

private:
    AsyncGenerator<T> m_source;
};

/// The stream whose items \a source gives, if it gives a stream's.
template <typename T>
StreamCore *streamBehind(AsyncGenerator<T> &source)
{
    const auto next = source.next();
    const GeneratorLink *const link = next.generator().link();
    return link ? link->stream : nullptr;
}

/// next() that hands over what is there before it really waits.
template <typename T>
class ProducedItem
{
public:
    class TaskAwaiter : public NextAwaiter<T, void>
    {
    public:
        explicit TaskAwaiter(const ProducedItem &item) noexcept
            : NextAwaiter<T, void>(item.m_next), m_stream(item.m_stream)
        {
        }
        template <typename Promise>
        bool await_suspend(std::coroutine_handle<Promise> frame)
        {
            if (!NextAwaiter<T, void>::await_suspend(frame))
                return false;
            m_stream.answer();
            return true;
        }

    private:
        LoopStream<T> &m_stream;
    };

    ProducedItem(AsyncGenerator<T> &source, LoopStream<T> &stream) noexcept
        : m_next(source.next()), m_stream(stream)
    {
    }

private:
    typename AsyncGenerator<T>::Next m_next;
    LoopStream<T> &m_stream;
};

} // namespace Synchronaut::detail

#include <Synchronaut/detail/loopstream_impl.h>
