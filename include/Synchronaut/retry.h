#pragma once

#include <Synchronaut/callasync.h>
#include <Synchronaut/outcome.h>
#include <Synchronaut/timers.h>

#include <QtCore/QDeadlineTimer>

#include <chrono>
#include <exception>
#include <source_location>
#include <type_traits>

namespace Synchronaut {

/// True when \a error is one of E: \c {.retriable = failedWith<NetworkError, CallTimeout>}.
template <typename... E>
bool failedWith(const std::exception_ptr &error)
{
    return detail::holdsError<E...>(error);
}

/*!
    How often and when retry() tries again. An aggregate that stays trivially copyable, as
    CallOptions does and for the same reason.

    The pause after attempt n is \c min(pause * factor^(n-1), longestPause), of which a part of up
    to \a jitter is taken away at random, so that many clients do not come back all at once.
*/
struct RetryOptions
{
    /// How many times to call, at most; less than 1 is a CallError.
    int attempts = 3;
    /// Pause after the first failure.
    std::chrono::nanoseconds pause = std::chrono::milliseconds(100);
    /// By how much each pause is longer than the one before.
    double factor = 2.0;
    /// No pause is longer, however many there were.
    std::chrono::nanoseconds longestPause = std::chrono::seconds(30);
    /// 0: exact pauses; 1: anything between none and the full one.
    double jitter = 0.5;
    /// Which errors are worth another attempt; null: all. CallCanceled never is.
    bool (*retriable)(const std::exception_ptr &error) = nullptr;
    /// For each attempt; none by default. See CallOptions::timeout.
    std::chrono::nanoseconds attemptTimeout = std::chrono::nanoseconds::max();
    /// For everything, pauses included; counted from the await. None by default.
    std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max();
    /// The same as a point in time.
    QDeadlineTimer deadline = QDeadlineTimer(QDeadlineTimer::Forever);
    /// Pool for plain functions; default: blockingPool().
    QThreadPool *executor = nullptr;
    /// The function's name in messages; a literal.
    const char *name = nullptr;
    /// Filled in by itself where the braces stand.
    std::source_location where = std::source_location::current();
};

static_assert(std::is_aggregate_v<RetryOptions> && std::is_trivially_copyable_v<RetryOptions>,
              "GCC 12 destroys other aggregates twice next to co_await");

namespace detail {

/// When retry() has to be done, if it begins now. Throws CallError when \a options make no sense.
SYNCHRONAUT_EXPORT QDeadlineTimer endOfRetries(const RetryOptions &options);
/// How long to wait after so many \a failures; throws \a error if there is to be no other attempt.
SYNCHRONAUT_EXPORT std::chrono::nanoseconds pauseBeforeRetry(const RetryOptions &options, int failures,
                                                             QDeadlineTimer end,
                                                             const std::exception_ptr &error);

QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage") // see awaitCall()
template <typename T, typename F, typename... A>
Task<T> retryLoop(RetryOptions options, CallOptions call, F function, A... args)
{
    call.deadline = endOfRetries(options);
    for (int failures = 1;; ++failures) {
        std::exception_ptr error;
        try {
            co_return co_await callAsync(call, function, args...);
        } catch (...) {
            error = std::current_exception();
        }
        const std::chrono::nanoseconds pause = pauseBeforeRetry(options, failures, call.deadline, error);
        co_await sleepFor(pause);
    }
}
QT_WARNING_POP

} // namespace detail

/*!
    A task that calls \a function with copies of \a args until it does not fail, as often as
    \a options allow, with pauses that grow exponentially. A plain function runs on the pool, an
    async one on the awaiting coroutine's loop.

    Gives the first success. Throws the error of the last attempt, unchanged: when there were enough
    of them, when it is none to be retried, or when the pause would outlast the time there is; or
    CallTimeout when the time is up in an attempt. Cancellation ends it at once. In sync code:
    \c callSync([&] { return retry(options, fetch, url); }). Any thread.
*/
template <typename F, typename... A>
auto retry(RetryOptions options, F &&function, A &&...args)
        -> Task<typename detail::UnnamedTraits<F, A...>::Result>
{
    using T = typename detail::UnnamedTraits<F, A...>::Result;
    static_assert(std::is_copy_constructible_v<std::decay_t<F>>
                          && (std::is_copy_constructible_v<std::decay_t<A>> && ...),
                  "Every attempt gets copies of the function and its arguments");
    CallOptions call{.where = options.where};
    call.timeout = options.attemptTimeout;
    call.executor = options.executor;
    call.name = options.name;
    return detail::retryLoop<T, std::decay_t<F>, std::decay_t<A>...>(
            options, call, std::forward<F>(function), std::forward<A>(args)...);
}

} // namespace Synchronaut
