#include "poolcalls_p.h"

#include "engine_p.h"
#include "observing_p.h"
#include "poolworkers_p.h"

#include <Synchronaut/detail/poolrunnable.h>

#include <QtCore/QFutureInterface>
#include <QtCore/QRunnable>
#include <QtCore/QThread>
#include <QtCore/QThreadPool>

#include <array>
#include <mutex>
#include <thread>
#include <vector>

namespace Synchronaut::detail {

namespace {

/// Sharded by address, so that threads do not meet at one lock.
struct Shard
{
    std::mutex lock;
    CallState *first = nullptr;
};

constexpr std::size_t shardCount = 8;

Shard &shardOf(const CallState *call)
{
    constinit static std::array<Shard, shardCount> shards;
    return shards[(reinterpret_cast<std::uintptr_t>(call) / 64) % shardCount];
}

} // namespace

void PoolCalls::add(CallState *call)
{
    Shard &shard = shardOf(call);
    const std::lock_guard lock(shard.lock);
    call->m_listPrev = nullptr;
    call->m_listNext = shard.first;
    if (shard.first)
        shard.first->m_listPrev = call;
    shard.first = call;
}

void PoolCalls::remove(CallState *call)
{
    Shard &shard = shardOf(call);
    const std::lock_guard lock(shard.lock);
    (call->m_listPrev ? call->m_listPrev->m_listNext : shard.first) = call->m_listNext;
    if (call->m_listNext)
        call->m_listNext->m_listPrev = call->m_listPrev;
    call->m_listPrev = call->m_listNext = nullptr;
}

void PoolCalls::stopAll()
{
    std::vector<RefPtr<CallState>> calls;
    for (std::size_t i = 0; i < shardCount; ++i) {
        Shard &shard = shardOf(reinterpret_cast<CallState *>(i * 64));
        const std::lock_guard lock(shard.lock);
        for (CallState *call = shard.first; call; call = call->m_listNext)
            calls.emplace_back(call); // a listed call is referenced by its runner
    }
    for (const auto &call : calls)
        call->requestStop(StopReason::Canceled);
}

void PoolRunnable::run()
{
    if (!m_prepared.load(std::memory_order_acquire))
        return; // never: submit() prepares before it starts
    // who waits for a call may have taken it from the pool
    thread_local const bool ours = Engine::instance().hasPoolThread(QThread::currentThread());
    if (ours)
        CountedThread::countThis();
    if (m_workers)
        m_workers->poolStarted();
    PoolCalls::run(m_call, m_pool);
}

void PoolCalls::run(CallState *submitted, QThreadPool *pool)
{
    const RefPtr<CallState> call = RefPtr<CallState>::adopt(submitted); // what submit() counted
    ThreadBlock &block = threadBlock();
    QThreadPool *const outer = std::exchange(block.pool, pool);
    if (Engine::instance().isStopping())
        call->requestStop(StopReason::Canceled); // stopAll() may not have come to it yet
    call->runHere();
    block.pool = outer;
    PoolCalls::remove(call.get());
}

void CallState::runOnOwnThread()
{
    if (Engine::instance().isStopping()) {
        settleStopped(Outcome::LoopEnded);
        return;
    }
    PoolCalls::add(this);
    std::thread([call = RefPtr<CallState>(this)] {
        call->runHere();
        PoolCalls::remove(call.get());
    }).detach();
}

void CallState::submit(QThreadPool *pool, bool stealable)
{
    Engine &engine = Engine::instance();
    if (engine.isStopping()) {
        settleStopped(Outcome::LoopEnded);
        return;
    }
    ref(); // for the runner, given back by PoolCalls::run()
    PoolCalls::add(this);
    PoolWorkers *const workers = pool ? nullptr : &engine.poolWorkers();
    QFutureInterfaceBase *const facade = stealable ? future() : nullptr;
    if (workers && !(facade && workers->leaveToPool())) {
        workers->submit(this);
        return;
    }
    QThreadPool &target = pool ? *pool : engine.blockingPool();
    PoolRunnable *const task = runnable();
    task->prepare(this, &target, workers);
    if (facade) {
        // who blocks in QFuture::result() runs the call, unless a pool thread has begun
        facade->setThreadPool(&target);
        facade->setRunnable(task);
    }
    target.start(task);
}

} // namespace Synchronaut::detail
