#include "batchrunner_p.h"

#include <QtCore/QThread>
#include <QtCore/QThreadPool>

namespace Synchronaut::detail {

BatchRunner::BatchRunner(Batch &batch, QThreadPool *pool, std::int64_t position)
    : CallState(Kind::Plain), m_keepsBatch(&batch), m_batch(batch), m_pool(pool), m_position(position)
{
    setPolled();
}

bool BatchRunner::begin()
{
    const RunningAs asBatch(&m_batch.m_call);
    return CallState::begin(optionsWithoutPlace(), nullptr, false);
}

bool BatchRunner::finishFuture()
{
    if (outcome() != Outcome::Value)
        m_batch.m_call.settleStopped(outcome()); // shutdown(); else the batch has settled already
    return true;
}

void BatchRunner::execute() noexcept
{
    if (m_pool && isStolen())
        waitInstead();
    else
        m_batch.work(*this, m_position);
    if (claim())
        publish(Outcome::Value);
}

/// Who blocks in QFuture::result() may take the runner out of the pool's queue and run it.
bool BatchRunner::isStolen() const
{
    return threadBlock().depth > 1 || !m_pool->contains(QThread::currentThread());
}

/// A thread that waits does no work for the batch, or it would come to know late of a failure. But
/// if it is the pool's, its place is needed.
void BatchRunner::waitInstead()
{
    m_batch.submitRunner(m_position);
    if (!m_pool->contains(QThread::currentThread()))
        return;
    const RunningAs nobody(nullptr);
    m_batch.m_call.startAndWait(WaitMode::Block, [] {});
}

} // namespace Synchronaut::detail
