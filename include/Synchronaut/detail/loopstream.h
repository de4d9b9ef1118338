#pragma once

#include <Synchronaut/asyncgenerator.h>
#include <Synchronaut/cancellation.h>
#include <Synchronaut/detail/stream.h>
#include <Synchronaut/detail/streamring.h>
#include <Synchronaut/detail/taskcall.h>
#include <Synchronaut/generator.h>
#include <Synchronaut/timers.h>

#include <algorithm>
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

// -- consumer -------------------------------------------------------------------------------------------

template <typename T>
bool LoopStream<T>::setCapacity(std::size_t capacity)
{
    if (m_sent)
        return false;
    m_ring = std::make_unique<StreamRing<T>>(capacity);
    return true;
}

template <typename T>
std::optional<T> LoopStream<T>::takeReady()
{
    std::optional<T> item;
    if (!m_ring || !m_sent || this->isOutOfTime())
        return item;
    checkConsumer();
    item = m_ring->pop();
    if (!item || m_room.load(std::memory_order_seq_cst) != Room::Wanted
        || m_ring->size() > m_ring->capacity() / 2)
        return item;
    Room wanted = Room::Wanted;
    if (!m_room.compare_exchange_strong(wanted, Room::Posted))
        return item;
    const CallRecord *const consumer = threadBlock().current;
    m_refill.onBehalf = consumer ? consumer->chain : this->chain();
    this->ref(); // for the message
    if (m_home.isHere())
        deliverRefill(&m_refill, Delivery::Run);
    else if (!m_home.post(&m_refill))
        deliverRefill(&m_refill, Delivery::Dropped);
    return item;
}

template <typename T>
void LoopStream<T>::abandon() noexcept
{
    if (!this->m_tether)
        return;
    const RefPtr<CallState> tether = this->m_tether;
    if (!m_sent) {
        this->m_tether = {}; // it refers to us
        tether->settleStopped(CallState::Outcome::Canceled);
    } else if (m_home.isHere()) {
        tether->destroyNow(CallState::Outcome::Canceled);
    } else if (!tether->isSettled()) {
        tether->requestStop(StopReason::Canceled);
    }
}

template <typename T>
RefPtr<CallState> LoopStream<T>::makeTether()
{
    using Tether = TaskCall<void, LoopStreamWork<T>>;
    return RefPtr<Tether>(new Tether(std::in_place, RefPtr<LoopStream>(this))); // owned by the references
}

template <typename T>
RefPtr<TypedCall<void>> LoopStream<T>::makeClosing()
{
    if (!m_sent || !this->m_tether || this->m_tether->isSettled()) {
        abandon();
        return {};
    }
    return RefPtr<EndRequest>(new EndRequest(this)); // owned by the references to it
}

// -- the generator's thread -------------------------------------------------------------------------------

template <typename T>
void LoopStream<T>::deliverRefill(Message *message, Delivery how)
{
    const auto self = RefPtr<LoopStream>::adopt(static_cast<Refill *>(message)->stream);
    if (how == Delivery::Dropped)
        return;
    self->m_room.store(Room::Idle);
    self->m_parked.wake();
}

template <typename T>
void LoopStream<T>::ask(ItemRequest &step) noexcept
{
    CallState &tether = *this->m_tether;
    tether.joinChain(step.chain); // a consumer that blocks serves what the generator asks of it
    if (!m_ring)
        tether.deadline = step.deadline;
    const bool shares = this->options().contextFlow == ContextFlow::CopyInOut;
    if (shares)
        tether.context = step.context;
    m_step = RefPtr<ItemRequest>(&step);
    m_thrownIn = std::exchange(step.thrownIn, {});
    m_askedAt = steadyNow();
    if (!std::exchange(m_started, true)) {
        m_home.startHere(tether);
        if (tether.isClaimed() && !m_producing)
            ended(); // it was cancelled before it could begin
    } else if (m_over || (m_ring && m_ring->size() > 0)) {
        answer();
    } else {
        m_parked.wake();
    }
}

template <typename T>
void LoopStream<T>::ask(EndRequest &closing) noexcept
{
    CallState &tether = *this->m_tether;
    if (m_ended || !m_started) {
        tether.requestStop(StopReason::Canceled);
        closing.settleValue();
        return;
    }
    tether.joinChain(closing.chain);
    m_closing = RefPtr<EndRequest>(&closing);
    tether.requestStop(StopReason::Canceled);
}

template <typename T>
void LoopStream<T>::answer() noexcept
{
    if (!m_step)
        return;
    try {
        std::optional<T> item;
        if (m_ring)
            item = m_ring->pop();
        if (!item && !m_over)
            return;
        const RefPtr<ItemRequest> step = std::exchange(m_step, {});
        const RefPtr<CallState> tether = this->m_tether;
        if (this->options().contextFlow == ContextFlow::CopyInOut)
            step->context = tether->context;
        if (item || !m_error)
            step->settleValue(std::move(item));
        else if (tether->stopReason() == StopReason::LoopEnded)
            step->settleStopped(CallState::Outcome::LoopEnded);
        else
            step->settleError(std::exchange(m_error, {}));
    } catch (...) { // what moving an item throws
        if (const RefPtr<ItemRequest> step = std::exchange(m_step, {}))
            step->settleError(std::current_exception());
    }
}

template <typename T>
void LoopStream<T>::give(T &&item)
{
    if (!m_ring) {
        const RefPtr<ItemRequest> step = std::exchange(m_step, {});
        if (this->options().contextFlow == ContextFlow::CopyInOut)
            step->context = this->m_tether->context;
        step->settleValue(std::optional<T>(std::move(item)));
        return;
    }
    m_ring->push(std::move(item));
    if (m_step && isDue())
        answer();
}

template <typename T>
bool LoopStream<T>::isDue()
{
    constexpr std::int64_t longEnough = 50'000; // ns: about what it takes to wake a thread
    return m_ring->size() * 2 >= m_ring->capacity() || steadyNow() - m_askedAt > longEnough;
}

template <typename T>
bool LoopStream<T>::mayGoOn() noexcept
{
    if (!m_ring)
        return bool(m_step);
    if (!m_ring->isFull())
        return true;
    answer();
    if (!m_ring->isFull())
        return true;
    Room idle = Room::Idle;
    m_room.compare_exchange_strong(idle, Room::Wanted); // else a message is under way, and wakes us
    if (m_ring->isFull())
        return false;
    Room wanted = Room::Wanted;
    m_room.compare_exchange_strong(wanted, Room::Idle);
    return true;
}

template <typename T>
void LoopStream<T>::finish(std::exception_ptr error) noexcept
{
    m_over = true;
    m_error = std::move(error);
    answer();
}

template <typename T>
void LoopStream<T>::ended() noexcept
{
    if (!m_over)
        finish(streamClosed()); // the frame is destroyed
    m_source = {};
    dropSource();
    m_ended = true;
    const RefPtr<EndRequest> closing = std::exchange(m_closing, {});
    if (m_closeError) {
        if (!closing || !closing->settleError(m_closeError))
            this->report(std::exchange(m_closeError, {}));
    } else if (closing) {
        closing->settleValue();
    }
}

template <typename T>
Task<void> LoopStream<T>::produce()
{
    const Ends ends{*this};
    m_producing = true;
    std::exception_ptr error;
    try {
        constexpr unsigned atOnce = 256; // then other work of this loop has its turn
        unsigned run = 0;
        m_source = openSource();
        for (;;) {
            while (!mayGoOn()) {
                co_await m_parked;
                throwIfCanceled();
                run = 0;
            }
            std::optional<T> item;
            if (m_thrownIn) {
                std::exception_ptr thrownIn = std::exchange(m_thrownIn, {});
                item = co_await m_source.throwInto(std::move(thrownIn));
            } else {
                const ProducedItem<T> next(m_source, *this);
                item = co_await next;
            }
            if (!item)
                break;
            give(std::move(*item));
            if (m_ring && ++run % atOnce == 0)
                co_await yieldNow();
        }
    } catch (...) {
        error = std::current_exception();
    }
    finish(std::move(error));
    try {
        const CancellationShield shield;
        co_await m_source.close();
    } catch (...) {
        m_closeError = std::current_exception();
    }
}

} // namespace Synchronaut::detail
