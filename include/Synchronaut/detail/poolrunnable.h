#pragma once

#include <Synchronaut/detail/callstate.h>

#include <QtCore/QRunnable>

#include <atomic>

namespace Synchronaut::detail {

class PoolWorkers;

/// A plain call as QThreadPool sees it; embedded in the call, which outlives it.
class SYNCHRONAUT_EXPORT PoolRunnable final : public QRunnable
{
public:
    PoolRunnable() { setAutoDelete(false); }
    void prepare(CallState *call, QThreadPool *pool, PoolWorkers *workers) noexcept
    {
        m_call = call;
        m_pool = pool;
        m_workers = workers;
        m_prepared.store(true, std::memory_order_release);
    }
    void run() override;

private:
    CallState *m_call = nullptr;
    QThreadPool *m_pool = nullptr;
    PoolWorkers *m_workers = nullptr; ///< that left it to the pool; null: the pool is not theirs
    std::atomic<bool> m_prepared{false}; ///< hands the call over where Qt's locks are not seen (TSan)
};

} // namespace Synchronaut::detail
