#pragma once

#include <Synchronaut/detail/timelimit.h>
#include <Synchronaut/export.h>

#include <QtCore/QDeadlineTimer>
#include <QtCore/QString>

#include <chrono>
#include <source_location>
#include <stop_token>

namespace Synchronaut {

/// True when the running call was cancelled or timed out. For long plain functions to poll. Any
/// thread; outside any call it is false.
SYNCHRONAUT_EXPORT bool isCanceled();

/// Throws CallCanceled when isCanceled().
SYNCHRONAUT_EXPORT void throwIfCanceled();

/// A token of the running call, for APIs that take one. Its callbacks run in the cancelling thread; for
/// QFuture::cancel() on the background loop, within some 10 ms.
SYNCHRONAUT_EXPORT std::stop_token currentStopToken();

/// The earliest deadline that holds for the running call; Forever when there is none.
SYNCHRONAUT_EXPORT QDeadlineTimer currentDeadline();

/// Reports the range of the running call's progress; seen in the call's QFuture, if it has one.
SYNCHRONAUT_EXPORT void setProgressRange(int minimum, int maximum);

/// Reports the running call's progress, see setProgressRange().
SYNCHRONAUT_EXPORT void setProgress(int value, const QString &text = {});

/*!
    While it lives, cancellation is held back from the code around it: isCanceled() is false and
    awaits do not throw. What is under way when it ends sees the cancellation at its next await.
*/
class SYNCHRONAUT_EXPORT CancellationShield
{
public:
    /// Holds back what the running call is told from now on. To be destroyed in the same function.
    CancellationShield();
    ~CancellationShield();
    CancellationShield(const CancellationShield &) = delete;
    CancellationShield &operator=(const CancellationShield &) = delete;

private:
    detail::RefPtr<detail::CallRecord> m_record;
    detail::StopScope m_scope;
};

/*!
    A time limit for the code around it, until it is destroyed: the awaits of the function that made
    it throw CallTimeout when it has passed, and what these await sees CallCanceled; calls made inside
    inherit it; a plain function sees isCanceled(). Of several limits the earliest holds.

    Make and destroy it in one function, on its stack or in its coroutine frame. Any thread.
    (The idea is that of Trio's cancel scopes.)
*/
class SYNCHRONAUT_EXPORT DeadlineScope
{
public:
    /// \a limit: how long from now; zero has passed already, negative is a CallError.
    template <typename Rep, typename Period>
    explicit DeadlineScope(std::chrono::duration<Rep, Period> limit,
                           const std::source_location &where = std::source_location::current())
        : DeadlineScope(detail::saturated(limit), where)
    {
    }
    /// The same until \a deadline; Forever sets no limit.
    explicit DeadlineScope(QDeadlineTimer deadline,
                           const std::source_location &where = std::source_location::current())
        : DeadlineScope(deadline.isForever()
                                ? std::chrono::nanoseconds::max()
                                : std::chrono::nanoseconds(deadline.remainingTimeNSecs()),
                        where)
    {
    }
    /// The same in nanoseconds.
    explicit DeadlineScope(std::chrono::nanoseconds limit,
                           const std::source_location &where = std::source_location::current());
    ~DeadlineScope();
    DeadlineScope(const DeadlineScope &) = delete;
    DeadlineScope &operator=(const DeadlineScope &) = delete;

private:
    detail::RefPtr<detail::CallRecord> m_record;
    detail::TimeLimit m_limit;
};

} // namespace Synchronaut
