#pragma once

#include <Synchronaut/contextvar.h>

#include <QtCore/QVariantMap>

#include <functional>
#include <type_traits>
#include <utility>

namespace Synchronaut {

/*!
    A snapshot of the running call's context. Copies share it; it may be used in any thread.
*/
class SYNCHRONAUT_EXPORT Context
{
public:
    /// The context as it is now, in this thread or call.
    static Context capture() { return Context(detail::currentContext()); }

    /// Calls \a fn at once, in this thread, inside the snapshot; its changes are dropped.
    template <typename Fn>
    std::invoke_result_t<Fn> run(Fn &&fn) const &
    {
        return runIn(m_map, std::forward<Fn>(fn));
    }
    /// The same with a snapshot that is not used any more.
    template <typename Fn>
    std::invoke_result_t<Fn> run(Fn &&fn) &&
    {
        return runIn(std::move(m_map), std::forward<Fn>(fn));
    }

private:
    explicit Context(detail::ContextMap *map) : m_map(map) { }

    template <typename Fn>
    static std::invoke_result_t<Fn> runIn(detail::RefPtr<detail::ContextMap> map, Fn &&fn)
    {
        const detail::DirectCallScope isolate(detail::threadBlock());
        detail::setCurrentContext(std::move(map));
        return std::invoke(std::forward<Fn>(fn));
    }

    detail::RefPtr<detail::ContextMap> m_map;
};

/// Data of the request being served: a ContextVar of free form. Any thread.
SYNCHRONAUT_EXPORT void setRequestContext(const QVariantMap &values);
/// What setRequestContext() or the innermost RequestContextScope has set; empty by default.
SYNCHRONAUT_EXPORT QVariantMap requestContext();

/// Replaces the request context until the scope ends.
class SYNCHRONAUT_EXPORT RequestContextScope
{
public:
    /// From now on \a values; the end of the scope brings the old ones back.
    explicit RequestContextScope(const QVariantMap &values);
    ~RequestContextScope();
    RequestContextScope(const RequestContextScope &) = delete;
    RequestContextScope &operator=(const RequestContextScope &) = delete;

private:
    ContextVar<QVariantMap>::Scope m_scope;
};

/// Overrides what inAsyncContext() finds, for the calls made inside the scope by this call or
/// thread; calls that those make detect anew.
class SYNCHRONAUT_EXPORT CallModeScope
{
public:
    /// From now on \a mode, until the scope ends. To be destroyed in the thread or call that made it.
    explicit CallModeScope(CallMode mode);
    ~CallModeScope();
    CallModeScope(const CallModeScope &) = delete;
    CallModeScope &operator=(const CallModeScope &) = delete;

private:
    detail::RefPtr<detail::CallRecord> m_record;
    std::int8_t m_outer;
};

/// True when the calling code is in an async context: this thread runs an event loop right now,
/// or the code is inside a Task. CallModeScope overrides it. Any thread.
SYNCHRONAUT_EXPORT bool inAsyncContext();

} // namespace Synchronaut
