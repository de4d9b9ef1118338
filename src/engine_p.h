#pragma once

#include "mailbox_p.h"
#include "poolworkers_p.h"

#include <Synchronaut/eventloopthread.h>

#include <QtCore/QDeadlineTimer>
#include <QtCore/QString>
#include <QtCore/QThreadPool>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

QT_BEGIN_NAMESPACE
class QAbstractEventDispatcher;
QT_END_NAMESPACE

namespace Synchronaut::detail {

/*!
    The process-wide part: background loop, spare loops, pool, and their shutdown. Never destroyed,
    because threads may outlive static destruction; nothing is made before the first call (G21).

    Idle -> Running (first call that needs a thread) -> Stopping (shutdown()) -> Idle
    m_lock guards the loops and the state; it is never held while user code runs or a thread ends.
*/
class Engine
{
public:
    static Engine &instance();

    /// Why calls cannot be made now; empty: they can.
    QString obstacle();
    EventLoopThread *backgroundLoop();
    /// The background loop's mailbox; null while shutting down.
    RefPtr<Mailbox> backgroundMailbox();
    /// Where a coroutine runs that this thread is going to wait for.
    RefPtr<Mailbox> homeForBlockingCall();
    QThreadPool &blockingPool();
    /// Whether the pool above exists and \a thread is one of its threads.
    bool hasPoolThread(const QThread *thread);
    /// Those of blockingPool(); once made they stay.
    PoolWorkers &poolWorkers();
    /// Has the ends of the application and of this process's copies (fork) told to us from now on.
    void prepare();
    bool shutdown(QDeadlineTimer deadline);
    bool isStopping() const noexcept { return m_stopping.load(std::memory_order_acquire); }
    void setDispatcherFactory(std::function<QAbstractEventDispatcher *()> factory);

private:
    enum class State { Idle, Running, Stopping };

    bool startLocked();
    EventLoopThread *backgroundLocked();
    static void onFork();
    static void onApplicationGone();

    std::mutex m_lock;
    State m_state = State::Idle;
    std::atomic<bool> m_started{false};  ///< m_state == Running, for who does not want the lock
    std::atomic<bool> m_stopping{false}; ///< m_state == Stopping, for who does not want the lock
    bool m_hooked = false;
    bool m_forkHooked = false;
    std::unique_ptr<EventLoopThread> m_background;
    std::vector<std::unique_ptr<EventLoopThread>> m_spares;
    std::function<QAbstractEventDispatcher *()> m_factory;
    std::unique_ptr<QThreadPool> m_pool;
    std::unique_ptr<PoolWorkers> m_workers;
    std::atomic<PoolWorkers *> m_madeWorkers{nullptr}; ///< m_workers, for who does not want the lock
    std::vector<std::unique_ptr<EventLoopThread>> m_abandoned; ///< refused to end; kept reachable
};

} // namespace Synchronaut::detail
