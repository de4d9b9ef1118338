#pragma once

#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/export.h>

#include <QtCore/QFuture>

#include <atomic>

namespace Synchronaut::detail {

/// Stops a call when the user cancels its future: looks on from the background loop, so that no
/// thread has to ask. For calls that are no coroutines; those have their own loop.
class SYNCHRONAUT_EXPORT CancelWatch
{
public:
    CancelWatch() = default;
    CancelWatch(const CancelWatch &) = delete;
    CancelWatch &operator=(const CancelWatch &) = delete;

    /// Once; \a call drops the watch when it settles. Any thread.
    void start(const QFuture<void> &future, CallState *call);
    /// Ends it, or keeps it from starting. Any thread, any number of times.
    void drop() noexcept;

private:
    void watchHere(const QFuture<void> &future, const RefPtr<CallState> &call);
    void dropWatcher() noexcept;

    std::atomic<bool> m_dropped{false};
    std::atomic<QObject *> m_watcher{nullptr}; ///< lives on the background loop
};

} // namespace Synchronaut::detail
