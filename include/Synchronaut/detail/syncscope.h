#pragma once

#include <Synchronaut/cancellation.h>
#include <Synchronaut/detail/contextmap.h>
#include <Synchronaut/detail/joinedcall.h>
#include <Synchronaut/detail/resourceends.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace Synchronaut::detail {

/// A loop and a context to come back to.
class SYNCHRONAUT_EXPORT Place
{
public:
    Place() noexcept;
    ~Place();
    Place(const Place &) = delete;
    Place &operator=(const Place &) = delete;

    /// Those of the running task. Once.
    void take();
    /// Starts \a call there, which has begun.
    void start(CallState *call) const;
    const RefPtr<ContextMap> &context() const noexcept { return m_context; }

private:
    Mailbox *m_mailbox = nullptr; ///< a counted reference
    RefPtr<ContextMap> m_context;
};

/// The limit that \a options set for code that runs here; nothing if there is none, or a wrong one.
SYNCHRONAUT_EXPORT void enterLimit(std::optional<DeadlineScope> &limit, const CallOptions &options);

/*!
    A scope in sync code: its two ends are calls of their own, both joined, so that they may refer to
    this object. An lvalue resource is the user's to keep, an rvalue is kept here.

    empty -> acquire() -> held -> release() -> empty. Used by one thread at a time; while a call
    runs on the loop, that has it alone.
*/
template <typename R>
class SyncScope
{
public:
    explicit SyncScope(R &resource) : m_resource(&resource) { }
    explicit SyncScope(R &&resource) : m_own(std::move(resource)), m_resource(&*m_own) { }
    SyncScope(const SyncScope &) = delete;
    SyncScope &operator=(const SyncScope &) = delete;

    bool isHeld() const noexcept { return m_held; }
    auto &value() { return m_value.get(); }

    void acquire(const CallOptions &options)
    {
        auto work = [this] { return acquireHere(); };
        callJoined<void>(options, typeText<R>(), work,
                         [](CallState *call) { call->startForBlockingCall(); });
    }

    /// True when \a error is to be forgotten. Throws what the resource's release throws.
    bool release(std::exception_ptr error)
    {
        if (!std::exchange(m_held, false))
            return false;
        const CancellationShield shield; // this thread's part: the call inherits no limit
        auto work = [&] { return releaseHere(error); };
        return callJoined<bool>(optionsWithoutPlace(), typeText<R>(), work,
                                [this](CallState *call) { m_place.start(call); });
    }

    /// withResourceSync() of a plain body.
    template <typename T, typename Body>
    T run(const CallOptions &options, Body &body)
    {
        ResultSlot<T> result;
        std::exception_ptr error;
        {
            std::optional<DeadlineScope> limit;
            enterLimit(limit, options);
            acquire(options);
            try {
                const DirectCallScope isolate(threadBlock());
                setCurrentContext(m_place.context());
                if constexpr (std::is_void_v<T>)
                    m_value.passTo(body);
                else
                    result.emplace(m_value.passTo(body));
            } catch (...) {
                error = std::current_exception();
            }
        }
        const bool swallowed = release(error);
        if (error && !(swallowed && std::is_void_v<T>))
            std::rethrow_exception(error);
        if constexpr (!std::is_void_v<T>)
            return result.take();
    }

private:
    Task<void> acquireHere()
    {
        try {
            if constexpr (std::is_void_v<ResourceValue<R>>)
                co_await acquireFrom(*m_resource);
            else
                m_value.emplace(co_await acquireFrom(*m_resource));
        } catch (...) {
            if constexpr (GeneratorResource<R>::value)
                m_own.reset(); // dies where it has run
            throw;
        }
        m_place.take();
        m_held = true;
    }

    Task<bool> releaseHere(std::exception_ptr error)
    {
        const CancellationShield shield; // a caller that is stopped passes that on to what it waits for
        if constexpr (GeneratorResource<R>::value) {
            if (m_own) {
                R generator(std::move(*m_own)); // dies where it has run
                co_return co_await releaseTo(generator, error);
            }
        }
        co_return co_await releaseTo(*m_resource, error);
    }

    std::optional<R> m_own;
    R *m_resource;
    AcquiredValue<ResourceValue<R>> m_value;
    Place m_place;
    bool m_held = false;
};

} // namespace Synchronaut::detail
