#include <Synchronaut/detail/batch.h>

#include "batch_p.h"
#include "batchrunner_p.h"

#include <QtCore/QFutureInterface>
#include <QtCore/QThread>
#include <QtCore/QThreadPool>

namespace Synchronaut::detail {

// Plain functions of a batch: what its runners do. See batch.cpp.

std::uint32_t Batch::numberOfPlain(std::uint32_t position) const noexcept
{
    return m_plain.empty() ? position : m_plain[position];
}

bool Batch::claim(Place &place, std::uint32_t &position) noexcept
{
    if (!m_blocks) {
        position = m_next.fetch_add(1, std::memory_order_relaxed);
        return position < m_plainCount;
    }
    const std::uint32_t blocks = (m_plainCount + m_blockSize - 1) / m_blockSize;
    std::uint32_t look = 0;
    for (;;) {
        if (place.block != Place::none) {
            const std::uint32_t taken =
                    m_blocks[place.block].taken.fetch_add(1, std::memory_order_relaxed);
            position = place.block * m_blockSize + taken;
            if (taken < m_blockSize && position < m_plainCount)
                return true;
        }
        if (m_next.load(std::memory_order_relaxed) < blocks) {
            place.block = m_next.fetch_add(1, std::memory_order_relaxed);
            if (place.block < blocks)
                continue;
        }
        // all blocks are somebody's: help where something is left
        while (look < blocks && m_blocks[look].taken.load(std::memory_order_relaxed) >= m_blockSize)
            ++look;
        if (look >= blocks) {
            place.block = Place::none;
            return false;
        }
        place.block = look++;
    }
}

bool Batch::hasUnclaimed() const noexcept
{
    const std::uint32_t next = m_next.load(std::memory_order_relaxed);
    if (!m_blocks)
        return next < m_plainCount;
    const std::uint32_t blocks = (m_plainCount + m_blockSize - 1) / m_blockSize;
    if (next < blocks)
        return true;
    for (std::uint32_t block = 0; block < blocks; ++block) {
        const std::uint32_t size = std::min(m_blockSize, m_plainCount - block * m_blockSize);
        if (m_blocks[block].taken.load(std::memory_order_relaxed) < size)
            return true;
    }
    return false;
}

void Batch::addRunner()
{
    if (!hasUnclaimed())
        return;
    const std::uint32_t most = m_limit > 0 ? std::min(m_limit, m_plainCount) : m_plainCount;
    std::uint32_t runners = m_runners.load(std::memory_order_relaxed);
    do {
        if (runners >= most)
            return;
    } while (!m_runners.compare_exchange_weak(runners, runners + 1));
    submitRunner(-1);
}

void Batch::submitRunner(std::int64_t position)
{
    const RefPtr<BatchRunner> runner(new BatchRunner(*this, m_pool, position)); // by references
    if (!runner->begin())
        return;
    if (m_pool->contains(QThread::currentThread())) {
        // a thread of the pool that blocks in result() must not starve us of it
        const std::lock_guard lock(m_lock);
        if (!m_stealable && !m_stopped) {
            m_stealable = runner;
            m_call.future()->setThreadPool(m_pool);
            m_call.future()->setRunnable(runner->runnable());
        }
    }
    runner->submit(m_pool);
}

void Batch::work(BatchRunner &runner, std::int64_t position)
{
    {
        const std::lock_guard lock(m_lock);
        if (m_stopped)
            return;
        m_working.push_back(&runner);
    }
    if (!m_inOrder) {
        addRunner();
        workFreely();
    } else if (position >= 0) {
        workInTurn(static_cast<std::uint32_t>(position));
    } else if (const std::uint32_t first = m_next.fetch_add(1); way(first) < CallWay::Away) {
        workInTurn(first);
    } else {
        startOther(first);
    }
    const std::lock_guard lock(m_lock);
    std::erase(m_working, &runner);
}

void Batch::workFreely()
{
    Place place;
    std::uint32_t position = 0;
    std::uint32_t finished = 0; // without having been counted
    std::uint32_t block = Place::none;
    while (claim(place, position)) {
        if (place.block != block || !m_blocks) {
            done(std::exchange(finished, 0));
            block = place.block;
        }
        if (checkStopped())
            return;
        if (!runPlain(numberOfPlain(position), finished)) {
            done(finished);
            return;
        }
    }
    m_runners.fetch_sub(1, std::memory_order_relaxed);
    done(finished);
}

void Batch::workInTurn(std::uint32_t number)
{
    for (;;) {
        if (checkStopped())
            return;
        std::uint32_t finished = 0;
        if (!runPlain(number, finished))
            return;
        number = m_next.fetch_add(1, std::memory_order_relaxed);
        const bool last = number >= m_count;
        done(finished);
        if (last)
            return;
        if (way(number) >= CallWay::Away) {
            startOther(number);
            return;
        }
    }
}

/// False when the runner is to leave: the batch has failed, or its place was passed on.
bool Batch::runPlain(std::uint32_t number, std::uint32_t &finished)
{
    if (!m_children || way(number) == CallWay::Quick) {
        std::exception_ptr error;
        {
            const DirectCallScope isolate(threadBlock());
            error = runQuick(number);
        }
        if (error) [[unlikely]] {
            m_call.settleError(std::move(error));
            return false;
        }
        ++finished;
        return true;
    }
    const RefPtr<CallState> call = takeOn(number, true);
    if (!call)
        return true;
    call->runHere();
    return leaveRunner(number);
}

} // namespace Synchronaut::detail
