#pragma once

#include <Synchronaut/detail/batch.h>
#include <Synchronaut/detail/poolrunnable.h>

namespace Synchronaut::detail {

/// Works for a batch on one thread: runs plain functions of it, one after the other. A call of its
/// own, so that each thread has a context and a cancellation to itself.
class BatchRunner final : public CallState
{
public:
    /// \a position: what to begin with, -1: whatever comes. \a pool is null on the caller's thread.
    BatchRunner(Batch &batch, QThreadPool *pool, std::int64_t position);

    bool begin();
    PoolRunnable *runnable() noexcept override { return &m_runnable; }

protected:
    void execute() noexcept override;
    bool finishFuture() override;
    bool stopPolled() const noexcept override { return m_batch.isAbandoned(); }

private:
    bool isStolen() const;
    void waitInstead();

    const RefPtr<CallObserver> m_keepsBatch;
    Batch &m_batch;
    QThreadPool *const m_pool;
    const std::int64_t m_position;
    PoolRunnable m_runnable;
};

/// Lets calls begin as the callees of another one, without running its code.
class RunningAs
{
public:
    explicit RunningAs(CallRecord *call) : m_block(threadBlock()), m_outer(m_block.current)
    {
        m_block.current = call;
    }
    ~RunningAs() { m_block.current = m_outer; }
    RunningAs(const RunningAs &) = delete;
    RunningAs &operator=(const RunningAs &) = delete;

private:
    ThreadBlock &m_block; // the thread does not change inside: nothing suspends
    CallRecord *m_outer;
};

} // namespace Synchronaut::detail
