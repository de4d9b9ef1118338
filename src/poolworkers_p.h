#pragma once

#include "parker_p.h"
#include "spin_p.h"

#include <Synchronaut/detail/message.h>

#include <QtCore/QThreadPool>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace Synchronaut::detail {

class CallState;

/*!
    The calls that wait for a thread of blockingPool(). A thread that has done one takes the next and
    waits a moment for more, instead of being given back to QThreadPool and woken anew for each call.

    A worker is a runnable of the pool: starting -> free -> busy (runs a call) -> free -> left. A free
    one finds a call, or is idle: it spins a little where that has paid, parks for 10 ms, and leaves.
    As many as there are cores are made busy at once. Beyond these, because calls may block, one watches
    while calls are waiting: every 200 us it becomes busy, too, unless the others get on quickly, and the
    next one watches. All under m_lock, which nothing blocks or runs user code under.
*/
class PoolWorkers
{
public:
    explicit PoolWorkers(QThreadPool &pool);
    PoolWorkers(const PoolWorkers &) = delete;
    PoolWorkers &operator=(const PoolWorkers &) = delete;

    /// Has \a call run on the pool. A reference to it is taken over. Any thread.
    void submit(CallState *call);
    /// All threads of the pool are busy with calls: one more might wait for long, and does so better
    /// in QThreadPool's own queue, from where a thread that blocks for it can take it. Counts it there.
    bool leaveToPool();
    /// One that was left to the pool has started.
    void poolStarted() { m_leftToPool.fetch_sub(1, std::memory_order_relaxed); }
    /// A busy worker gives its place to others while it waits for something, and takes it back.
    void giveBackPlace();
    void takeBackPlace();
    /// From now on workers leave as soon as nothing is left to do; for QThreadPool::waitForDone().
    void setLeaving(bool leaving);

private:
    class Worker;
    struct Idle
    {
        Parker parker;
        Idle *next = nullptr;
        bool wanted = false; ///< was taken off the list, and is unparked once
    };
    /// Whom to wake, which is done without the lock.
    struct Wanted
    {
        Idle *idle = nullptr;
        bool start = false;
    };

    void work();
    bool waitForCalls(std::unique_lock<std::mutex> &lock);
    void watch(std::unique_lock<std::mutex> &lock);
    bool parkIdle(std::unique_lock<std::mutex> &lock, std::int64_t ns);
    void runNext(std::unique_lock<std::mutex> &lock);
    void notStarted();
    Wanted wantWorker();
    void wake(const Wanted &wanted);

    QThreadPool &m_pool;
    const int m_cores;
    std::mutex m_lock;
    Message *m_first = nullptr;
    Message *m_last = nullptr;
    Idle *m_idle = nullptr;       ///< parked ones, the last first; on the stacks of their threads
    int m_parked = 0;             ///< of these, the ones that do not watch; no more than there are cores
    int m_workers = 0;            ///< arrived and not left
    int m_busy = 0;
    int m_waiting = 0;            ///< busy ones that have given their place back
    std::uint64_t m_taken = 0;    ///< calls so far
    SpinCredit m_spinCredit;      ///< of the one that spins
    bool m_starting = false;      ///< one has been given to QThreadPool and has not arrived
    bool m_waking = false;        ///< one has been taken off m_idle and is not up yet
    bool m_spinning = false;
    bool m_watching = false;
    bool m_leaving = false;
    std::atomic<int> m_leftToPool{0};
    std::atomic<bool> m_anyQueued{false}; ///< m_first != nullptr, for who spins
};

} // namespace Synchronaut::detail
