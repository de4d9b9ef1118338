#pragma once

#include <QtCore/QtGlobal>

#include <source_location>
#include <type_traits>

QT_BEGIN_NAMESPACE
class QObject;
class QThreadPool;
QT_END_NAMESPACE

namespace Synchronaut {

/*!
    Options of parallelMap() as a whole; those of one call are given to call().

    An aggregate that stays trivially copyable, as CallOptions does and for the same reason. The
    pointers are borrowed: \a executor has to outlive the batch, \a context may die at any time.
*/
struct BatchOptions
{
    /// Pool for the plain functions; default: blockingPool().
    QThreadPool *executor = nullptr;
    /// How many calls, plain and async together, may be under way at a time; 0: no limit but the
    /// pool's size for plain ones. Negative is a CallError.
    int maxConcurrency = 0;
    /// When it dies the batch is cancelled. It may live in any thread.
    QObject *context = nullptr;
    /// Filled in by itself where the braces stand.
    std::source_location where = std::source_location::current();
};

static_assert(std::is_aggregate_v<BatchOptions> && std::is_trivially_copyable_v<BatchOptions>,
              "GCC 12 destroys other aggregates twice next to co_await");

/// The type of returnExceptions.
struct ReturnExceptions
{
};
/// Asks parallelMap() for the Outcome of each call instead of ending with the first failure.
inline constexpr ReturnExceptions returnExceptions{};

} // namespace Synchronaut
