#pragma once

#include <QtCore/QDeadlineTimer>

#include <chrono>
#include <source_location>
#include <type_traits>

QT_BEGIN_NAMESPACE
class QObject;
class QThreadPool;
QT_END_NAMESPACE

namespace Synchronaut {

/// How callSync() waits on a thread that has a running event loop.
enum class WaitMode {
    Block,         ///< sleep; serve only work of the call that is waited for (see G3)
    ProcessEvents, ///< keep the thread's event loop turning; ends when the application quits
};

/// What becomes of the changes that a call makes to its ContextVars.
enum class ContextFlow {
    CopyIn,    ///< the callee works on a copy; nothing comes back
    CopyInOut, ///< the callee's context is the caller's when the call has finished
};

/// What detection of the calling context is overridden with, see CallModeScope.
enum class CallMode {
    Sync,  ///< treat the calling code as a sync context
    Async, ///< treat the calling code as an async context
};

/*!
    Options of one call.

    An aggregate that stays trivially copyable, because GCC 12 destroys other aggregates twice
    when they stand in one expression with a \c co_await. Write it with designated initialisers:
    \code
    callAny({.timeout = 500ms, .executor = &pool}, slowAdd, 1, 2);
    \endcode
    The pointers are borrowed: \a executor has to outlive the call, \a name is a string literal,
    \a context may die at any time.
*/
struct CallOptions
{
    /// Counted from each call (from the await for callAsync()). Zero has expired, a negative
    /// one is a CallError, \c nanoseconds::max() means none.
    std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max();
    /// Absolute; the earliest of this, \a timeout and the inherited deadline holds.
    QDeadlineTimer deadline = QDeadlineTimer(QDeadlineTimer::Forever);
    /// Pool for plain functions; default: blockingPool().
    QThreadPool *executor = nullptr;
    /// Run a plain function on the pool even where it would be called directly.
    bool forceOffload = false;
    /// When it dies the call is cancelled. It may live in any thread.
    QObject *context = nullptr;
    /// The function's name in messages; a literal. SYNCHRONAUT_FN gives callable and name at once.
    const char *name = nullptr;
    /// How callSync() waits on a thread with a running event loop.
    WaitMode waitMode = WaitMode::Block;
    /// Whether the callee's context changes come back.
    ContextFlow contextFlow = ContextFlow::CopyIn;
    /// Filled in by itself where the braces stand.
    std::source_location where = std::source_location::current();
};

namespace detail {

/// In nanoseconds; what is too long for those is for ever.
template <typename Rep, typename Period>
constexpr std::chrono::nanoseconds saturated(std::chrono::duration<Rep, Period> duration)
{
    using Seconds = std::chrono::duration<double>;
    constexpr Seconds most(9.2e9);
    if (Seconds(duration) >= most)
        return std::chrono::nanoseconds::max();
    if (Seconds(duration) <= -most)
        return std::chrono::nanoseconds::min();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(duration);
}

} // namespace detail

static_assert(std::is_aggregate_v<CallOptions> && std::is_trivially_copyable_v<CallOptions>,
              "GCC 12 destroys other aggregates twice next to co_await");

} // namespace Synchronaut
