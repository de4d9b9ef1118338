#pragma once

#include <Synchronaut/bridge.h>
#include <Synchronaut/synchronized.h>

#include <QtCore/QString>

QT_BEGIN_NAMESPACE
class QThread;
QT_END_NAMESPACE

namespace Synchronaut {

template <typename F>
class SynchronizerBridge;

/*!
    A thread with an event loop of its own, for objects that live there and functions that run there.

    \code
    Synchronizer io("database");
    auto db = io.make<Connection>("shop.sqlite");      // built, used and destroyed on io's thread
    Rows rows = db.sync(&Connection::query, sql);      // or call(), a QFuture, or co_await db.async()
    auto query = io.wrap(runQuery);                    // like synchronaut(), always on io's thread
    \endcode

    The thread is started by the constructor. Members may be called in any thread while the
    Synchronizer lives; handles and wrapped functions outlive it and give LoopStopped then.
*/
class SYNCHRONAUT_EXPORT Synchronizer
{
public:
    /// What happens to calls that come while one is under way.
    enum Mode {
        /// The loop takes on other work while an async method awaits, or a plain one waits for long.
        Interleaved,
        /// For blocking code that must not be entered twice: one call after the other, first in,
        /// first out, an async one up to its end. A call that could only begin when its own caller
        /// has ended gets DeadlockError.
        ThreadAffine,
    };

    /// \a name is the thread's, and stands in messages.
    explicit Synchronizer(const QString &name, Mode mode = Interleaved);
    /// The same; \a name is UTF-8.
    explicit Synchronizer(const char *name, Mode mode = Interleaved);
    /*!
        Waits for the end of the loop: plain calls made before still run, coroutines are cancelled
        and unwound, everything later gets LoopStopped; then the objects are destroyed there, the
        youngest first. While it waits, calls from the loop to this thread run here.
        On the loop's own thread it does not wait: the loop ends by itself afterwards.
    */
    ~Synchronizer();
    Synchronizer(const Synchronizer &) = delete;
    Synchronizer &operator=(const Synchronizer &) = delete;

    /// The loop's, for moveToThread() and the like.
    QThread *thread() const noexcept;
    QString name() const; ///< as given

    /*!
        Makes a T of copies of \a args on the loop, and waits for it. Throws what its constructor
        throws; nothing is left behind then. T need not be copyable or movable; a QObject gets no
        parent and is never deleted by others. A `Synchronized<U>` of this Synchronizer reaches the
        constructor as U & where it takes that.
    */
    template <typename T, typename... A>
    Synchronized<T> make(A &&...args) const;
    /// The same with options for the making itself.
    template <typename T, typename... A>
    Synchronized<T> make(CallOptions options, A &&...args) const;
    /// make() to co_await, which gives the Synchronized<T>.
    template <typename T, typename... A>
    AsyncCall<Synchronized<T>> makeAsync(A &&...args) const;
    /// The same with options for the making itself.
    template <typename T, typename... A>
    AsyncCall<Synchronized<T>> makeAsync(CallOptions options, A &&...args) const;

    /// Decorates \a function, as synchronaut() does, to run on this loop whoever calls it.
    template <typename F>
    auto wrap(F &&function, CallOptions options = {}) const;

private:
    template <typename T, typename... A>
    auto makeCall(A &&...args) const;

    detail::RefPtr<detail::SynchronizerCore> m_core;
};

/*!
    A function that always runs on one Synchronizer's loop; what Synchronizer::wrap() makes.

    Copyable; copies share the function. Any thread may call it, also after ~Synchronizer: such calls
    get LoopStopped. On the loop's own thread a call runs at once. A Synchronized<T> among the
    arguments reaches the function as T & where it takes that.
*/
template <typename F>
class SynchronizerBridge
{
    using Function = detail::BridgeFunction<F>;

public:
    /// Internal: Synchronizer::wrap() makes one.
    SynchronizerBridge(detail::RefPtr<detail::SynchronizerCore> core, F function, CallOptions options)
        : m_core(std::move(core)), m_function(Function(std::move(function))), m_options(options)
    {
    }

    /// Starts it; a QFuture. Of functions that return generators the three give what Synchronized's do.
    template <typename... A>
        requires detail::LoopCallable<Function, A...>
    auto operator()(A &&...args) const
    {
        return detail::callOnLoop(m_options, type(), makeCall(std::forward<A>(args)...));
    }

    /// Waits for the result.
    template <typename... A>
        requires detail::LoopCallable<Function, A...>
    auto sync(A &&...args) const
    {
        if constexpr (detail::LoopTraits<Function, A...>::isStream)
            return detail::iterateBlocking(makeStream(std::forward<A>(args)...));
        else
            return detail::callOnLoopSync(m_options, type(), makeCall(std::forward<A>(args)...));
    }

    /// To co_await.
    template <typename... A>
        requires detail::LoopCallable<Function, A...>
    auto async(A &&...args) const
    {
        if constexpr (detail::LoopTraits<Function, A...>::isStream)
            return detail::streamItems(makeStream(std::forward<A>(args)...));
        else
            return detail::callOnLoopAsync(m_options, type(), makeCall(std::forward<A>(args)...));
    }

    /// Those of each call.
    const CallOptions &options() const noexcept { return m_options; }

private:
    static const char *type() noexcept { return detail::typeText<Function>(); }
    template <typename... A>
    auto makeCall(A &&...args) const
    {
        return detail::makeLoopCall(m_core.get(), Function(m_function), std::forward<A>(args)...);
    }
    template <typename... A>
    auto makeStream(A &&...args) const
    {
        return detail::makeLoopStream(m_options, type(), m_core.get(), Function(m_function),
                                      std::forward<A>(args)...);
    }

    detail::RefPtr<detail::SynchronizerCore> m_core;
    Function m_function;
    CallOptions m_options;
};

} // namespace Synchronaut

#include <Synchronaut/detail/synchronizer_impl.h>
