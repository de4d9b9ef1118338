#pragma once

#include <Synchronaut/detail/flight.h>

#include <QtCore/QFuture>

#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

namespace Synchronaut {

namespace detail {

/// The key of a SingleFlight without one.
struct NoKey
{
    friend bool operator==(NoKey, NoKey) noexcept { return true; }
    friend std::size_t qHash(NoKey, std::size_t seed = 0) noexcept { return seed; }
};

/// runOnce(), whatever the key.
template <typename T, typename Key>
class FlightControl
{
public:
    FlightControl() = default;
    FlightControl(const FlightControl &) = delete;
    FlightControl &operator=(const FlightControl &) = delete;

    /// Callers from now on start anew. What is under way ends for those who wait for it. Any thread.
    void reset()
    {
        QHash<Key, RefPtr<Flight<T, Key>>> flights; // released without the lock
        const std::lock_guard lock(m_table->lock);
        flights.swap(m_table->flights);
    }

protected:
    template <typename F, typename... A>
    QFuture<T> run(const Key &key, F &&function, A &&...args)
    {
        using Traits = UnnamedTraits<F, A...>;
        static_assert(std::is_void_v<T> || std::is_copy_constructible_v<T>,
                      "Every caller gets a copy of the result");
        static_assert(std::is_same_v<T, typename Traits::Result>,
                      "The function gives another type than this SingleFlight");
        CallOptions options = namedOptions(optionsWithoutPlace(), function);
        if (!options.name)
            options.name = "runOnce";
        RefPtr<Passenger<T, Key>> caller(new Passenger<T, Key>); // owned by the references to it
        QFuture<T> future = caller->makeFuture();
        if (!caller->begin(options, nullptr, false))
            return future;
        const RefPtr<Flight<T, Key>> fresh(new Flight<T, Key>(m_table, key)); // the same
        RefPtr<Flight<T, Key>> flight;
        {
            const std::lock_guard lock(m_table->lock);
            RefPtr<Flight<T, Key>> &entry = m_table->flights[key];
            if (!entry)
                entry = fresh;
            flight = entry;
            flight->board(caller);
        }
        if (flight.get() == fresh.get()) {
            flight->start(options, std::forward<F>(function), std::forward<A>(args)...);
        } else if (const auto execution = flight->execution(); isCalledBy(execution.get())) {
            caller->settleError(reentrantFlightError(execution.get()));
        }
        if (!caller->isSettled())
            caller->watch();
        return future;
    }

private:
    const std::shared_ptr<FlightTable<T, Key>> m_table = std::make_shared<FlightTable<T, Key>>();
};

} // namespace detail

/*!
    Makes one execution of all calls that come while it runs: with a Key, of all with the same one.
    (The idea is that of Go's singleflight.) Not a cache: who comes after the end starts anew.

    The execution belongs to all its callers. It runs where callAny() of the first would run it, in
    that caller's context, but without its deadline. A caller whose future is cancelled leaves; the
    last to leave cancels the execution. A call from inside of the execution gets DeadlockError.

    T is copied to every caller. Key needs qHash() and ==, which are called under a lock and have to
    be plain computations. All functions may be called from any thread; destroying a SingleFlight
    does not end what is under way.
*/
template <typename T, typename Key = void>
class SingleFlight : public detail::FlightControl<T, Key>
{
public:
    /// The result of \a function with \a args, or of the execution for \a key that is under way:
    /// then they are not used. Throws nothing; errors, shared by all callers, are in the future.
    template <typename F, typename... A>
    QFuture<T> runOnce(const Key &key, F &&function, A &&...args)
    {
        return this->run(key, std::forward<F>(function), std::forward<A>(args)...);
    }
};

/// One execution of all calls that come while it runs, whatever they ask for.
template <typename T>
class SingleFlight<T, void> : public detail::FlightControl<T, detail::NoKey>
{
public:
    /// The result of \a function with \a args, or of the execution that is under way. See SingleFlight.
    template <typename F, typename... A>
    QFuture<T> runOnce(F &&function, A &&...args)
    {
        return this->run({}, std::forward<F>(function), std::forward<A>(args)...);
    }
};

} // namespace Synchronaut
