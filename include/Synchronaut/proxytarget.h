#pragma once

#include <Synchronaut/callon.h>
#include <Synchronaut/synchronizer.h>
#include <Synchronaut/task.h>

#include <QtCore/QFuture>
#include <QtCore/QPointer>
#include <QtCore/QVariant>

#include <type_traits>
#include <utility>

namespace Synchronaut {

namespace detail {

[[noreturn]] SYNCHRONAUT_EXPORT void throwPropertyRefused(const QObject &object, const char *name);

/// In the object's thread. Throws CallError where the property cannot take such a value.
template <typename T>
void writeProperty(QObject &object, const char *name, T &&value)
{
    if (!object.setProperty(name, QVariant::fromValue(std::forward<T>(value))))
        throwPropertyRefused(object, name);
}

/// A function with the object that it takes first, which the call guards.
template <typename T, typename F>
class WithObject
{
public:
    WithObject(T *object, F function) : m_object(object), m_function(std::move(function)) { }
    template <typename... A>
    std::invoke_result_t<F &, T &, A...> operator()(A &&...args)
    {
        return m_function(*m_object, std::forward<A>(args)...);
    }

private:
    T *m_object;
    F m_function;
};

// A coroutine template keeps its parameters in its frame; GCC warns here where their types are local
// to the user's file.
QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage")
/// callOn(), begun when it is awaited.
template <typename R, typename T, typename F, typename... A>
Task<R> callOnLater(QPointer<T> target, CallOptions options, F function, A... args)
{
    co_return co_await callOn(options, target.data(), std::move(function), std::move(args)...);
}
QT_WARNING_POP

} // namespace detail

/*!
    What a generated proxy (see synchronaut_add_proxies() in src/doc/proxies.md) calls: a QObject in
    some thread, which it does not own, or one on a Synchronizer, which it keeps.

    The calls are those of callOn(), or of Synchronized. \a function takes a T & first, then the
    arguments as rvalues; R is its result, with QFuture<R> and Task<R> followed. \a name is the
    function's in messages. Any thread; \c setOptions() not at the same time as others.
*/
template <typename T>
class ProxyTarget
{
public:
    /// An \a object that others own, in whatever thread. Once it is gone calls end with CallError.
    explicit ProxyTarget(T *object) : m_object(object) { }
    /// An \a object that this keeps alive.
    explicit ProxyTarget(Synchronized<T> object) : m_kept(std::move(object)) { }

    /// For all calls from now on; the pointers are borrowed.
    void setOptions(const CallOptions &options) { m_options = options; }

    /// Starts the call; errors are in the future.
    template <typename R, typename F, typename... A>
    QFuture<R> call(const char *name, F function, A &&...args) const
    {
        checkResult<R, F, A...>();
        if (m_kept)
            return m_kept.call(named(name), function, std::forward<A>(args)...);
        return callOn(named(name), m_object.data(), bound(function), std::forward<A>(args)...);
    }

    /// Waits for the result, as callOnSync() does, and throws what the function throws.
    template <typename R, typename F, typename... A>
    R sync(const char *name, F function, A &&...args) const
    {
        checkResult<R, F, A...>();
        if (m_kept)
            return m_kept.sync(named(name), function, std::forward<A>(args)...);
        return callOnSync(named(name), m_object.data(), bound(function), std::forward<A>(args)...);
    }

    /// A task of the call, which begins when that is awaited.
    template <typename R, typename F, typename... A>
    Task<R> async(const char *name, F function, A &&...args) const
    {
        checkResult<R, F, A...>();
        if (m_kept)
            return m_kept.async(named(name), function, std::forward<A>(args)...);
        return detail::callOnLater<R>(m_object, named(name), bound(function), std::decay_t<A>(std::forward<A>(args))...);
    }

    /// Calls \a function with the object, in order to connect its signals: here, or in its thread if this
    /// keeps it. Nothing happens when there is none.
    template <typename F>
    void connectSignals(F function)
    {
        const auto connect = [this, &function](T &object) {
            m_object = &object;
            function(object);
        };
        if (m_kept)
            m_kept.sync(CallOptions{.name = "ProxyTarget"}, connect);
        else if (m_object)
            connect(*m_object);
    }
    /// Before \a receiver is destroyed: afterwards the object, if this keeps it, might be gone before
    /// ~QObject has disconnected the two.
    void disconnectSignals(const QObject *receiver)
    {
        if (m_object)
            QObject::disconnect(m_object, nullptr, receiver, nullptr);
    }

private:
    template <typename R, typename F, typename... A>
    static constexpr void checkResult()
    {
        static_assert(std::is_same_v<R, detail::ResultOf<detail::WithObject<T, F>, A...>>,
                      "moc describes another result than the method has. It says void for reference results: return "
                      "a value. Of type aliases it knows nothing: QFuture<T> and Task<T> have to be spelled out");
    }
    template <typename F>
    detail::WithObject<T, F> bound(F function) const
    {
        return {m_object.data(), std::move(function)};
    }
    CallOptions named(const char *name) const
    {
        CallOptions options = m_options;
        if (!options.name)
            options.name = name;
        return options;
    }

    QPointer<T> m_object; ///< for calls only if it is not kept
    Synchronized<T> m_kept;
    CallOptions m_options = detail::optionsWithoutPlace();
};

} // namespace Synchronaut
