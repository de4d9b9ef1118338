#include "engine_p.h"

#include "forked_p.h"
#include "immortal_p.h"
#include "poolcalls_p.h"

#include <Synchronaut/lifecycle.h>

#include <QtCore/QAbstractEventDispatcher>
#include <QtCore/QCoreApplication>
#include <QtCore/QThread>

#include <atomic>

#ifdef Q_OS_UNIX
#  include <pthread.h>
#endif

namespace Synchronaut {

namespace detail {

namespace {

constinit std::atomic<bool> s_forked{false};
constexpr int defaultPoolSize = 32; // blocked threads cost little, starving costs a hang
constexpr std::size_t spareLimit = 3;

} // namespace

bool processWasForked() noexcept
{
    return s_forked.load(std::memory_order_relaxed);
}

Engine &Engine::instance()
{
    return immortal<Engine>();
}

void Engine::onFork()
{
    s_forked = true;
}

void Engine::onApplicationGone()
{
    constexpr int bound = 5000; // ms: process exit is bounded even when a task refuses to end
    instance().shutdown(QDeadlineTimer(bound));
    if (processWasForked())
        return;
    const std::lock_guard lock(instance().m_lock);
    instance().m_hooked = false; // Qt forgets its post routines with each application
}

QString Engine::obstacle()
{
    if (!processWasForked() && QCoreApplication::instance() && !QCoreApplication::closingDown())
        [[likely]]
        return {};
    if (processWasForked()) {
        return QStringLiteral("this process was forked after Synchronaut had started threads, which "
                              "do not exist in the child: call exec(), or fork before the first call");
    }
    return QStringLiteral("there is no QCoreApplication (not yet, or not any more): create one in "
                          "main() and make the call while it lives");
}

bool Engine::startLocked()
{
    if (m_state == State::Stopping)
        return false;
    m_state = State::Running;
    m_started = true;
    if (!m_hooked) {
        m_hooked = true;
        qAddPostRoutine(&Engine::onApplicationGone);
    }
#ifdef Q_OS_UNIX
    if (!m_forkHooked) {
        m_forkHooked = true;
        pthread_atfork(nullptr, nullptr, &Engine::onFork);
    }
#endif
    return true;
}

void Engine::prepare()
{
    const std::lock_guard lock(m_lock);
    startLocked();
}

EventLoopThread *Engine::backgroundLocked()
{
    if (!startLocked())
        return nullptr;
    if (!m_background)
        m_background = std::make_unique<EventLoopThread>(QStringLiteral("Synchronaut"), m_factory);
    return m_background.get();
}

EventLoopThread *Engine::backgroundLoop()
{
    const std::lock_guard lock(m_lock);
    return backgroundLocked();
}

RefPtr<Mailbox> Engine::backgroundMailbox()
{
    const std::lock_guard lock(m_lock); // until the mailbox is counted: shutdown() may end the loop
    EventLoopThread *const loop = backgroundLocked();
    return loop ? RefPtr<Mailbox>(loop->mailbox()) : RefPtr<Mailbox>();
}

RefPtr<Mailbox> Engine::homeForBlockingCall()
{
    Mailbox *const here = Mailbox::existing();
    if (!here || !here->ownLoop)
        return backgroundMailbox();
    const std::lock_guard lock(m_lock);
    if (!startLocked())
        return {};
    for (const auto &spare : m_spares) {
        if (spare->mailbox() != here && spare->mailbox()->loopWaits.load() == 0)
            return RefPtr<Mailbox>(spare->mailbox());
    }
    if (m_spares.size() < spareLimit) {
        m_spares.push_back(std::make_unique<EventLoopThread>(
                QStringLiteral("Synchronaut spare %1").arg(m_spares.size() + 1), m_factory));
        return RefPtr<Mailbox>(m_spares.back()->mailbox());
    }
    return RefPtr<Mailbox>(here); // served by the wait itself, then
}

QThreadPool &Engine::blockingPool()
{
    const std::lock_guard lock(m_lock);
    startLocked();
    if (!m_pool) {
        m_pool = std::make_unique<QThreadPool>();
        m_pool->setMaxThreadCount(defaultPoolSize);
        m_pool->setObjectName(QStringLiteral("Synchronaut"));
        m_workers = std::make_unique<PoolWorkers>(*m_pool);
    }
    return *m_pool;
}

bool Engine::hasPoolThread(const QThread *thread)
{
    const std::lock_guard lock(m_lock);
    return m_pool && m_pool->contains(thread);
}

PoolWorkers &Engine::poolWorkers()
{
    PoolWorkers *workers = m_madeWorkers.load(std::memory_order_acquire);
    if (!workers || !m_started.load(std::memory_order_acquire)) [[unlikely]] {
        blockingPool();
        workers = m_workers.get();
        m_madeWorkers.store(workers, std::memory_order_release);
    }
    return *workers;
}

void Engine::setDispatcherFactory(std::function<QAbstractEventDispatcher *()> factory)
{
    const std::lock_guard lock(m_lock);
    m_factory = std::move(factory);
}

bool Engine::shutdown(QDeadlineTimer deadline)
{
    if (processWasForked())
        return false; // there is nothing left here that could be ended
    std::vector<std::unique_ptr<EventLoopThread>> loops;
    {
        const std::lock_guard lock(m_lock);
        if (m_state != State::Running)
            return m_state == State::Idle;
        m_state = State::Stopping;
        m_stopping = true;
        loops = std::move(m_spares);
        m_spares.clear();
        if (m_background)
            loops.push_back(std::move(m_background));
    }
    PoolCalls::stopAll();
    for (const auto &mailbox : Mailbox::all()) {
        if (mailbox->isCurrent()) {
            mailbox->stopAll(StopReason::Canceled);
            mailbox->drain();
        } else {
            mailbox->postStopAll();
        }
    }
    bool inTime = true;
    for (auto &loop : loops) {
        // what is still running there may call back into this thread: serve while waiting
        Mailbox *const here = Mailbox::existing();
        loop->requestStop(deadline);
        while (!loop->stop(QDeadlineTimer(here ? 5 : 50))) {
            if (here)
                here->drain();
            if (deadline.hasExpired() || here == loop->mailbox()) {
                inTime = false;
                break;
            }
        }
        if (loop->isRunning()) {
            // destroying a running QThread ends the process: let it be, where it can be found
            const std::lock_guard lock(m_lock);
            m_abandoned.push_back(std::move(loop));
        }
    }
    loops.clear();
    QThreadPool *pool = nullptr;
    {
        const std::lock_guard lock(m_lock);
        pool = m_pool.get();
    }
    if (pool && threadBlock().pool != pool) {
        const qint64 left = deadline.isForever() ? -1 : deadline.remainingTime();
        m_workers->setLeaving(true);
        inTime = pool->waitForDone(static_cast<int>(qMin<qint64>(left, 1 << 30))) && inTime;
    } else if (pool) {
        inTime = false;
    }
    const std::lock_guard lock(m_lock);
    if (m_workers)
        m_workers->setLeaving(false);
    m_state = State::Idle;
    m_started = false;
    m_stopping = false;
    return inTime;
}

} // namespace detail

EventLoopThread &backgroundLoop()
{
    detail::Engine &engine = detail::Engine::instance();
    if (const QString obstacle = engine.obstacle(); !obstacle.isEmpty())
        throw CallError(QStringLiteral("Synchronaut::backgroundLoop(): ") + obstacle);
    if (EventLoopThread *const loop = engine.backgroundLoop())
        return *loop;
    throw LoopStopped(QStringLiteral("Synchronaut::backgroundLoop(): shutdown() is under way; call "
                                     "again when it has returned"));
}

QThreadPool &blockingPool()
{
    return detail::Engine::instance().blockingPool();
}

bool shutdown(QDeadlineTimer deadline)
{
    return detail::Engine::instance().shutdown(deadline);
}

void setBackgroundDispatcher(std::function<QAbstractEventDispatcher *()> factory)
{
    detail::Engine::instance().setDispatcherFactory(std::move(factory));
}

QAbstractEventDispatcher *preferredDispatcher()
{
    if (QThread::currentThread()->loopLevel() > 0)
        return QAbstractEventDispatcher::instance();
    // a thread that has just been started makes its dispatcher a moment later
    QThread *const thread = backgroundLoop().thread();
    while (!thread->eventDispatcher() && thread->isRunning())
        QThread::yieldCurrentThread();
    return thread->eventDispatcher();
}

QByteArray dispatcherName(QThread *thread)
{
    const auto *const dispatcher = thread ? thread->eventDispatcher() : nullptr;
    return dispatcher ? QByteArray(dispatcher->metaObject()->className()) : QByteArray();
}

} // namespace Synchronaut
