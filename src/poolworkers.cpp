#include "poolworkers_p.h"

#include "observing_p.h"
#include "poolcalls_p.h"

#include <Synchronaut/detail/callrecord.h>

#include <QtCore/QRunnable>

#include <algorithm>
#include <thread>
#include <utility>

namespace Synchronaut::detail {

namespace {

constexpr std::int64_t us = 1000; // ns
constexpr std::int64_t idleTime = 10'000 * us;
constexpr std::int64_t watchTime = 200 * us;
constexpr std::uint64_t quickCalls = 20; ///< taken by a worker in watchTime: more workers would not help

} // namespace

class PoolWorkers::Worker : public QRunnable
{
public:
    explicit Worker(PoolWorkers &workers) : m_workers(workers)
    {
        m_stage.store(Stage::Queued, std::memory_order_release);
    }
    ~Worker() override
    {
        if (m_stage.load(std::memory_order_acquire) == Stage::Queued) // QThreadPool::clear()
            m_workers.notStarted();
    }
    void run() override
    {
        static_cast<void>(m_stage.load(std::memory_order_acquire));
        m_stage.store(Stage::Started, std::memory_order_relaxed);
        CountedThread::countThis();
        qCDebug(lcPool) << "A thread begins to work for" << &m_workers.m_pool;
        m_workers.work();
        qCDebug(lcPool) << "A thread ends working for" << &m_workers.m_pool;
    }

private:
    enum class Stage : char { Made, Queued, Started };

    PoolWorkers &m_workers;
    std::atomic<Stage> m_stage{Stage::Made}; ///< hands over where Qt's locks are not seen (TSan)
};

void PoolWorkers::notStarted()
{
    const std::lock_guard lock(m_lock);
    m_starting = false;
}

PoolWorkers::PoolWorkers(QThreadPool &pool)
    : m_pool(pool), m_cores(std::max(1, static_cast<int>(std::thread::hardware_concurrency())))
{
}

void PoolWorkers::submit(CallState *call)
{
    Message *const link = PoolCalls::linkOf(call);
    link->next = nullptr;
    Wanted wanted;
    {
        const std::lock_guard lock(m_lock);
        (m_last ? m_last->next : m_first) = link;
        m_last = link;
        m_anyQueued.store(true, std::memory_order_relaxed);
        wanted = wantWorker();
    }
    wake(wanted);
}

bool PoolWorkers::leaveToPool()
{
    const int most = std::max(1, m_pool.maxThreadCount());
    const std::lock_guard lock(m_lock);
    if (m_busy < most)
        return false;
    m_leftToPool.fetch_add(1, std::memory_order_relaxed);
    return true;
}

PoolWorkers::Wanted PoolWorkers::wantWorker()
{
    if (!m_first || m_spinning || m_waking || (m_busy >= m_cores && m_watching))
        return {};
    if (Idle *const idle = m_idle) {
        m_idle = idle->next;
        idle->wanted = true;
        m_waking = true;
        return {idle, false};
    }
    if (m_starting || m_workers - m_waiting >= std::max(1, m_pool.maxThreadCount()))
        return {};
    m_starting = true;
    return {nullptr, true};
}

void PoolWorkers::wake(const Wanted &wanted)
{
    if (wanted.idle)
        wanted.idle->parker.unpark();
    else if (wanted.start)
        m_pool.start(new Worker(*this)); // QThreadPool deletes it
}

void PoolWorkers::giveBackPlace()
{
    Wanted wanted;
    {
        const std::lock_guard lock(m_lock);
        --m_busy;
        ++m_waiting;
        wanted = wantWorker();
    }
    wake(wanted);
}

void PoolWorkers::takeBackPlace()
{
    const std::lock_guard lock(m_lock);
    ++m_busy;
    --m_waiting;
}

void PoolWorkers::setLeaving(bool leaving)
{
    const std::lock_guard lock(m_lock);
    m_leaving = leaving;
    while (leaving && m_idle) {
        Idle *const idle = std::exchange(m_idle, m_idle->next);
        idle->wanted = true;
        idle->parker.unpark();
    }
}

void PoolWorkers::work()
{
    ThreadBlock &block = threadBlock();
    block.workers = this;
    std::unique_lock lock(m_lock);
    ++m_workers;
    m_starting = false;
    for (;;) {
        if (!m_first) {
            if (!waitForCalls(lock))
                break; // under the lock: a call that comes now finds nobody, and starts a new one
        } else if (m_busy >= m_cores && !m_watching) {
            watch(lock);
        } else {
            runNext(lock);
        }
    }
    --m_workers;
    block.workers = nullptr;
}

bool PoolWorkers::waitForCalls(std::unique_lock<std::mutex> &lock)
{
    if (!m_spinning && !m_leaving) {
        m_spinCredit.beginWait();
        if (m_spinCredit.isLeft()) {
            m_spinning = true;
            lock.unlock();
            m_spinCredit.spin([this] { return m_anyQueued.load(std::memory_order_relaxed); });
            lock.lock();
            m_spinning = false;
        }
    }
    if (m_first)
        return true;
    if (m_leaving || m_leftToPool.load(std::memory_order_relaxed) > 0 || m_parked >= m_cores)
        return false;
    ++m_parked;
    const bool wanted = parkIdle(lock, idleTime);
    --m_parked;
    return wanted || m_first;
}

void PoolWorkers::watch(std::unique_lock<std::mutex> &lock)
{
    const std::uint64_t before = m_taken;
    const auto others = static_cast<std::uint64_t>(m_busy);
    m_watching = true;
    const bool wanted = parkIdle(lock, watchTime);
    m_watching = false;
    if (m_first && (wanted || m_taken - before < quickCalls * others))
        runNext(lock);
}

bool PoolWorkers::parkIdle(std::unique_lock<std::mutex> &lock, std::int64_t ns)
{
    Idle self;
    self.next = m_idle;
    m_idle = &self;
    lock.unlock();
    const bool unparked = self.parker.park(steadyNow() + ns);
    lock.lock();
    if (!self.wanted) {
        Idle **link = &m_idle;
        while (*link != &self)
            link = &(*link)->next;
        *link = self.next;
        return false;
    }
    if (!unparked) { // it is on its way, and needs us until then
        lock.unlock();
        self.parker.park(noDeadline);
        lock.lock();
    }
    m_waking = false;
    return true;
}

void PoolWorkers::runNext(std::unique_lock<std::mutex> &lock)
{
    Message *const link = m_first;
    m_first = link->next;
    if (!m_first) {
        m_last = nullptr;
        m_anyQueued.store(false, std::memory_order_relaxed);
    }
    ++m_taken;
    ++m_busy;
    const Wanted wanted = wantWorker();
    lock.unlock();
    wake(wanted);
    PoolCalls::run(PoolCalls::callOf(link), &m_pool);
    lock.lock();
    --m_busy;
}

} // namespace Synchronaut::detail
