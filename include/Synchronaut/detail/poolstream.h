#pragma once

#include <Synchronaut/cancellation.h>
#include <Synchronaut/detail/contextmap.h>
#include <Synchronaut/detail/plaincall.h>
#include <Synchronaut/detail/stream.h>
#include <Synchronaut/generator.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

namespace Synchronaut::detail {

template <typename T>
class PoolStream;

/// The tether of a PoolStream: runs nothing, and stops the step when it is stopped.
template <typename T>
class PoolTether final : public CallState
{
public:
    explicit PoolTether(RefPtr<PoolStream<T>> stream) noexcept
        : CallState(Kind::Plain), m_stream(std::move(stream))
    {
    }

protected:
    bool finishFuture() override
    {
        if (const RefPtr<PoolStream<T>> stream = std::exchange(m_stream, {}))
            stream->stopStep();
        return true;
    }

private:
    RefPtr<PoolStream<T>> m_stream;
};

/// What a pool thread does for a step: one item.
template <typename T>
class PoolStreamWork
{
public:
    PoolStreamWork(std::in_place_t, RefPtr<PoolStream<T>> stream) noexcept : m_stream(std::move(stream)) { }
    std::optional<T> operator()() { return m_stream->advance(); }

private:
    RefPtr<PoolStream<T>> m_stream;
};

/// What a pool thread does at the end: destroys the generator, which may block.
template <typename T>
class PoolStreamEnd
{
public:
    PoolStreamEnd(std::in_place_t, RefPtr<PoolStream<T>> stream) noexcept : m_stream(std::move(stream)) { }
    void operator()() { m_stream->drop(); }

private:
    RefPtr<PoolStream<T>> m_stream;
};

/*!
    A stream over a blocking generator whose code runs on a pool, an item at a time; between items it has
    no thread.

    Idle -> Running (a step, on a pool thread) -> Idle ... -> Dropped, by who closes. What is Running then
    is destroyed by the pool thread when that returns; what was Idle by a call of its own on the pool.
*/
template <typename T>
class PoolStream : public Stream<T>
{
public:
    using Step = typename Stream<T>::Step;

    // -- consumer -----------------------------------------------------------------------------
    RefPtr<Step> makeStep(std::exception_ptr = {}) override
    {
        using Call = PlainCall<std::optional<T>, PoolStreamWork<T>>;
        return RefPtr<Call>(new Call(std::in_place, RefPtr<PoolStream>(this))); // owned by the references
    }
    void startStep(CallState &step) override
    {
        if (this->options().context) {
            const std::lock_guard lock(m_stepLock);
            m_step = RefPtr<CallState>(&step);
        }
        step.submitOrLend(this->options());
    }
    void abandon() noexcept override
    {
        try {
            const CancellationShield shield;
            const RefPtr<TypedCall<void>> ending = makeClosing();
            if (ending && this->beginClosing(*ending))
                startStep(*ending);
            else if (ending)
                drop(); // there is no pool any more
        } catch (...) {
            drop(); // no memory for a call of its own
        }
    }

    // -- any thread -----------------------------------------------------------------------------
    void stopStep()
    {
        RefPtr<CallState> step;
        {
            const std::lock_guard lock(m_stepLock);
            step = std::exchange(m_step, {});
        }
        if (step)
            step->requestStop(StopReason::Canceled);
    }

    // -- pool thread ----------------------------------------------------------------------------
    std::optional<T> advance();
    void drop()
    {
        const StreamContextScope context(m_context);
        m_generator = {};
        dropSource();
    }

protected:
    using Stream<T>::Stream;

    RefPtr<CallState> makeTether() override
    {
        return RefPtr<CallState>(new PoolTether<T>(RefPtr<PoolStream>(this))); // owned by the references
    }
    RefPtr<TypedCall<void>> makeClosing() override
    {
        if (this->m_tether)
            this->m_tether->settleStopped(CallState::Outcome::Canceled);
        if (m_phase.exchange(Phase::Dropped) != Phase::Idle || !m_opened)
            return {}; // a pool thread sees to it, has done so, or there is nothing
        using Call = PlainCall<void, PoolStreamEnd<T>>;
        return RefPtr<Call>(new Call(std::in_place, RefPtr<PoolStream>(this))); // owned by the references
    }

    virtual Generator<T> openSource() = 0;
    virtual void dropSource() = 0;

private:
    enum class Phase : std::uint8_t { Idle, Running, Dropped };

    std::atomic<Phase> m_phase{Phase::Idle};
    std::atomic<bool> m_opened{false};
    Generator<T> m_generator;
    RefPtr<ContextMap> m_context; ///< of all items
    std::mutex m_stepLock;
    RefPtr<CallState> m_step; ///< only kept where somebody may stop it from outside
};

template <typename T>
std::optional<T> PoolStream<T>::advance()
{
    Phase idle = Phase::Idle;
    if (!m_phase.compare_exchange_strong(idle, Phase::Running))
        std::rethrow_exception(streamClosed());
    struct Done
    {
        PoolStream &stream;
        bool more = false;
        ~Done()
        {
            Phase running = Phase::Running; // else the consumer has gone meanwhile
            if (!stream.m_phase.compare_exchange_strong(running, more ? Phase::Idle : Phase::Dropped)
                || !more)
                stream.drop();
        }
    };
    Done done{*this};
    if (!m_opened)
        m_context = this->m_tether->context; // from when the stream was opened
    const bool shares = this->options().contextFlow == ContextFlow::CopyInOut;
    if (shares)
        m_context = currentRecord().context;
    std::optional<T> item;
    {
        const StreamContextScope context(m_context);
        if (!m_opened.exchange(true))
            m_generator = openSource();
        if (const auto it = m_generator.begin(); it != m_generator.end())
            item.emplace(std::move(*it));
    }
    done.more = item.has_value();
    if (shares)
        currentRecord().context = m_context;
    return item;
}

/// A stream over what a function gives, which it keeps together with its arguments.
template <typename T, typename Work>
class PoolStreamOf final : public PoolStream<T>
{
public:
    template <typename... A>
    PoolStreamOf(const CallOptions &options, const char *typeName, A &&...functionAndArgs)
        : PoolStream<T>(options, typeName),
          m_work(std::in_place, std::in_place, std::forward<A>(functionAndArgs)...)
    {
    }

protected:
    Generator<T> openSource() override { return (*m_work)(); }
    void dropSource() override { m_work.reset(); }

private:
    std::optional<Work> m_work;
};

} // namespace Synchronaut::detail
