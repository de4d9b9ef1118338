#pragma once

// The bodies of LoopStream.

#include <Synchronaut/cancellation.h>
#include <Synchronaut/detail/loopstream.h>
#include <Synchronaut/timers.h>

#include <memory>
#include <optional>
#include <utility>

namespace Synchronaut::detail {

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
    } else {
        if (!tether->isSettled())
            tether->requestStop(StopReason::Canceled);
        if (!tether->home())
            releaseUnstarted();
    }
}

template <typename T>
void LoopStream<T>::releaseUnstarted()
{
    const RefPtr<EndRequest> end(new EndRequest(this)); // owned by the references to it
    m_home.send(*end);
    if (end->isSettled() && end->outcome() == CallState::Outcome::LoopEnded)
        this->m_tether = {}; // nothing runs there any more that could look at it
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
    if (tether.chain != step.chain)
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
        else if (tether.isCallStopped())
            tether.interrupt(); // whoever stopped it may have thought that it had no home yet
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
    if (!std::exchange(m_started, true)) {
        tether.requestStop(StopReason::Canceled);
        m_home.startHere(tether); // finds itself stopped, and lets go of us
        ended();
    }
    if (m_ended) {
        closing.settleValue();
        return;
    }
    if (tether.chain != closing.chain)
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
        std::exception_ptr error; // whoever gets it owns it alone
        if (!item)
            error = std::exchange(m_error, {});
        if (!error)
            step->settleValue(std::move(item));
        else if (tether->stopReason() == StopReason::LoopEnded)
            step->settleStopped(CallState::Outcome::LoopEnded);
        else
            step->settleError(std::move(error));
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
        if (!closing || closing->isClaimed())
            this->report(std::exchange(m_closeError, {}));
        else
            closing->settleError(std::exchange(m_closeError, {}));
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
