#pragma once

#include <Synchronaut/detail/cancelwatch.h>
#include <Synchronaut/detail/makecall.h>
#include <Synchronaut/detail/observedcall.h>

#include <QtCore/QHash>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace Synchronaut::detail {

/// Begins and starts what a flight executes, as callAny() would; but neither the deadline nor the
/// cancellation of the caller holds for it, since it belongs to all callers.
SYNCHRONAUT_EXPORT void startFlight(CallState *execution, const CallOptions &options,
                                    const char *typeName, bool isAsync);
/// True when the calling code runs on behalf of \a execution.
SYNCHRONAUT_EXPORT bool isCalledBy(const CallState *execution) noexcept;
/// The error of a caller that would wait for itself.
SYNCHRONAUT_EXPORT std::exception_ptr reentrantFlightError(const CallState *execution);

template <typename T, typename Key>
class Flight;

/// The flights under way, by key. Shared by the SingleFlight and its flights.
template <typename T, typename Key>
struct FlightTable
{
    std::mutex lock;
    QHash<Key, RefPtr<Flight<T, Key>>> flights;
};

/// A caller's part of a flight: a call without code, whose future the caller got.
template <typename T, typename Key>
class Passenger final : public TypedCall<T>
{
public:
    Passenger() : TypedCall<T>(CallState::Kind::Plain) { }
    /// Once the future is the caller's to cancel.
    void watch() { m_watch.start(this->futureHandle(), this); }

protected:
    bool finishFuture() override
    {
        m_watch.drop();
        const bool observed = TypedCall<T>::finishFuture();
        if (m_flight)
            m_flight->leave(this);
        return observed;
    }

private:
    friend class Flight<T, Key>;

    RefPtr<Flight<T, Key>> m_flight; ///< set once; null: was turned away before it could board
    CancelWatch m_watch;
};

/*!
    One execution and those who wait for it.

    In the table (callers may board) -> out of it (landed, abandoned or reset) -> gone with its last
    reference. All members are guarded by the table's lock; the execution is pointed to from the
    moment it starts until it has settled. The last passenger to leave takes the flight out of the
    table and stops the execution.
*/
template <typename T, typename Key>
class Flight final : public CallObserver
{
public:
    using Table = FlightTable<T, Key>;

    Flight(std::shared_ptr<Table> table, Key key) : m_table(std::move(table)), m_key(std::move(key)) { }

    void ref() noexcept override { m_refs.fetch_add(1, std::memory_order_relaxed); }
    void deref() noexcept override
    {
        if (m_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    /// With the table's lock held.
    void board(const RefPtr<Passenger<T, Key>> &passenger)
    {
        passenger->m_flight = RefPtr<Flight>(this);
        m_passengers.push_back(passenger);
    }
    RefPtr<CallState> execution() const
    {
        const std::lock_guard lock(m_table->lock);
        return m_execution;
    }

    template <typename F, typename... A>
    void start(const CallOptions &options, F &&function, A &&...args)
    {
        using Function = std::decay_t<decltype(unnamed(std::forward<F>(function)))>;
        using Traits = CallTraits<Function, A...>;
        const char *const flaw = callFlaw<Function>(unnamed(function), args...);
        const RefPtr<CallState> call(makeObservedCall<T, WorkOf<Function, A...>, Traits::isAsync>(
                RefPtr<CallObserver>(this), 0, flaw, unnamed(std::forward<F>(function)),
                std::forward<A>(args)...));
        {
            const std::lock_guard lock(m_table->lock);
            m_execution = call;
        }
        startFlight(call.get(), options, typeText<std::remove_cvref_t<F>>(), Traits::isAsync);
    }

    void leave(Passenger<T, Key> *passenger)
    {
        RefPtr<Passenger<T, Key>> gone; // released without the lock
        RefPtr<CallState> unwanted;
        {
            const std::lock_guard lock(m_table->lock);
            const auto at = std::find_if(m_passengers.begin(), m_passengers.end(),
                                         [passenger](const auto &p) { return p.get() == passenger; });
            if (at == m_passengers.end())
                return; // landed
            gone = std::move(*at);
            m_passengers.erase(at);
            if (!m_passengers.empty())
                return;
            takeOutOfTable();
            m_abandoned = true;
            unwanted = m_execution;
        }
        if (unwanted)
            unwanted->requestStop(StopReason::Canceled);
    }

    void callSettled(std::uint32_t, CallState &call) override
    {
        std::vector<RefPtr<Passenger<T, Key>>> passengers;
        RefPtr<CallState> execution; // released without the lock
        {
            const std::lock_guard lock(m_table->lock);
            takeOutOfTable();
            passengers.swap(m_passengers);
            execution = std::move(m_execution);
        }
        if (call.outcome() == CallState::Outcome::Value)
            hand(passengers, static_cast<TypedCall<T> &>(call));
        else if (call.outcome() == CallState::Outcome::Error)
            fail(passengers, call.error());
        else
            for (const auto &passenger : passengers)
                passenger->settleStopped(call.outcome());
    }

    bool isAbandoned() const noexcept override { return m_abandoned.load(std::memory_order_relaxed); }

private:
    using Passengers = std::vector<RefPtr<Passenger<T, Key>>>;

    ~Flight() override = default;

    void takeOutOfTable()
    {
        if (const auto at = m_table->flights.find(m_key);
            at != m_table->flights.end() && at->get() == this)
            m_table->flights.erase(at); // who calls this has a reference
    }

    static void fail(const Passengers &passengers, const std::exception_ptr &error)
    {
        for (const auto &passenger : passengers)
            passenger->settleError(error);
    }

    static void hand(const Passengers &passengers, TypedCall<T> &call)
    {
        if constexpr (std::is_void_v<T>) {
            for (const auto &passenger : passengers)
                passenger->settleValue();
        } else {
            std::exception_ptr error; // settled outside of the handler, which holds it, too
            std::optional<T> value;
            try {
                value.emplace(call.take());
            } catch (...) { // a move constructor
                error = std::current_exception();
            }
            if (error) {
                fail(passengers, error);
                return;
            }
            for (const auto &passenger : passengers)
                passenger->settleValue(*value);
        }
    }

    const std::shared_ptr<Table> m_table;
    const Key m_key;
    std::atomic<int> m_refs{0};
    std::atomic<bool> m_abandoned{false};
    Passengers m_passengers;
    RefPtr<CallState> m_execution;
};

} // namespace Synchronaut::detail
