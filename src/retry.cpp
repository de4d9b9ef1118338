#include <Synchronaut/retry.h>

#include <Synchronaut/cancellation.h>

#include <QtCore/QRandomGenerator>

#include <algorithm>
#include <cmath>

namespace Synchronaut::detail {

QDeadlineTimer endOfRetries(const RetryOptions &options)
{
    const auto zero = std::chrono::nanoseconds::zero();
    const bool sound = options.attempts >= 1 && options.pause >= zero && options.longestPause >= zero
            && options.factor >= 0 && options.jitter >= 0 && options.jitter <= 1
            && options.timeout >= zero;
    if (!sound) {
        throw CallError(QStringLiteral("retry() was given options that make no sense: it takes at "
                                       "least one attempt, durations and a factor that are not "
                                       "negative, and a jitter from 0 to 1"),
                        {QString::fromUtf8(options.name), options.where, {}});
    }
    if (options.timeout == std::chrono::nanoseconds::max())
        return options.deadline;
    return std::min(options.deadline, QDeadlineTimer(options.timeout, Qt::PreciseTimer));
}

std::chrono::nanoseconds pauseBeforeRetry(const RetryOptions &options, int failures,
                                          QDeadlineTimer end, const std::exception_ptr &error)
{
    if (failures >= options.attempts || holdsError<CallCanceled>(error)
        || (options.retriable && !options.retriable(error)))
        std::rethrow_exception(error);
    using Nanoseconds = std::chrono::duration<double, std::nano>;
    const Nanoseconds full =
            std::min<Nanoseconds>(Nanoseconds(options.pause) * std::pow(options.factor, failures - 1),
                                  options.longestPause);
    const double part = 1.0 - options.jitter * QRandomGenerator::global()->generateDouble();
    const std::chrono::nanoseconds pause = saturated(full * part);
    for (const QDeadlineTimer &deadline : {end, currentDeadline()}) {
        if (!deadline.isForever() && std::chrono::nanoseconds(deadline.remainingTimeNSecs()) <= pause)
            std::rethrow_exception(error);
    }
    return pause;
}

} // namespace Synchronaut::detail
