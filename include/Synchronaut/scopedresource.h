#pragma once

#include <Synchronaut/asyncresource.h>
#include <Synchronaut/detail/syncscope.h>

#include <exception>
#include <type_traits>
#include <utility>

namespace Synchronaut {

namespace detail {

/// What release is told when an exception has left the scope.
SYNCHRONAUT_EXPORT std::exception_ptr scopeLeftByException(const char *typeName);
/// Release has thrown \a error where nobody can catch it.
SYNCHRONAUT_EXPORT void reportLostRelease(const std::exception_ptr &error, const char *typeName) noexcept;

} // namespace detail

/*!
    An async resource held by a scope of sync code: acquired, while this thread waits, in the
    constructor, and released likewise in the destructor.

    \code
    ScopedResource<ConnectionPool> connection(pool);
    connection->execute(sql);   // or *connection
    \endcode

    Both ends run on the background loop (when made on that, on a spare loop of the library), in one
    context. The constructor throws what acquire
    throws, and then nothing is left behind. Release runs shielded from cancellation and limits.

    The destructor cannot know the error that leaves the scope: release is given a CallError that says
    so. What release throws there is logged (or goes to onUnobservedError()); call release() to see it.
    withResourceSync() has neither limit. The value dies with this object, in the thread that destroys it.

    An lvalue resource has to outlive the scope. Use it in one thread at a time. After shutdown(), the loop
    is gone, and release cannot be run: that is logged, too.
*/
template <AsyncResource R>
class [[nodiscard]] ScopedResource
{
    using Value = detail::ResourceValue<R>;

public:
    /// Acquires \a resource, which has to outlive this object.
    explicit ScopedResource(R &resource) : ScopedResource(detail::optionsWithoutPlace(), resource) { }
    /// Keeps the resource itself. A generator dies on the loop.
    explicit ScopedResource(R &&resource)
        : ScopedResource(detail::optionsWithoutPlace(), std::move(resource))
    {
    }
    /// \a options hold for acquire: timeout, deadline, context, name, waitMode.
    ScopedResource(CallOptions options, R &resource) : m_scope(resource) { m_scope.acquire(options); }
    /// The same with a resource that is kept.
    ScopedResource(CallOptions options, R &&resource) : m_scope(std::move(resource))
    {
        m_scope.acquire(options);
    }
    /// Releases, unless release() has.
    ~ScopedResource()
    {
        if (!m_scope.isHeld())
            return;
        const char *const type = detail::typeText<R>();
        try {
            const bool thrown = std::uncaught_exceptions() > m_exceptionsBefore;
            m_scope.release(thrown ? detail::scopeLeftByException(type) : std::exception_ptr());
        } catch (...) {
            detail::reportLostRelease(std::current_exception(), type);
        }
    }
    ScopedResource(const ScopedResource &) = delete;
    ScopedResource &operator=(const ScopedResource &) = delete;

    /// What acquire has given. Until release().
    template <typename V = Value>
        requires(!std::is_void_v<V>)
    V &operator*()
    {
        return m_scope.value();
    }
    /// The same, as a pointer.
    template <typename V = Value>
        requires(!std::is_void_v<V>)
    V *operator->()
    {
        return &m_scope.value();
    }

    /*!
        Releases now, while this thread waits, and throws what the resource's release throws. \a error
        is passed on to it: what the code in the scope has thrown, if anything. True when release
        swallows that. Once: later ones and the destructor do nothing.
    */
    bool release(std::exception_ptr error = {}) { return m_scope.release(std::move(error)); }

private:
    detail::SyncScope<R> m_scope;
    const int m_exceptionsBefore = std::uncaught_exceptions();
};

} // namespace Synchronaut
