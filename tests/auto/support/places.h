// On which thread did it run? What the tests of the verbs' matrix share.
#pragma once

#include "waiting.h"

#include <QtCore/QSemaphore>
#include <QtCore/QThreadPool>

namespace TestSupport {

enum class Place { Here, Background, Pool, OtherPool, Elsewhere };

/// Knows the threads by pointer; made on the main thread, before the tests.
class Places
{
public:
    Places()
    {
        s_main = QThread::currentThread();
        s_background = Synchronaut::backgroundLoop().thread();
        s_pool = onlyThreadOf(Synchronaut::blockingPool());
        s_otherPool = onlyThreadOf(m_otherPool);
    }
    QThreadPool &otherPool() { return m_otherPool; }

    static Place current()
    {
        const QThread *const thread = QThread::currentThread();
        if (thread == s_main)
            return Place::Here;
        if (thread == s_background)
            return Place::Background;
        if (thread == s_pool)
            return Place::Pool;
        return thread == s_otherPool ? Place::OtherPool : Place::Elsewhere;
    }

private:
    /// A pool of one thread that stays has a thread that can be told from others.
    static QThread *onlyThreadOf(QThreadPool &pool)
    {
        pool.setMaxThreadCount(1);
        pool.setExpiryTimeout(-1);
        QThread *thread = nullptr;
        QSemaphore done;
        pool.start([&] {
            thread = QThread::currentThread();
            done.release();
        });
        done.acquire(); // not waitForDone(), which deletes the threads
        return thread;
    }

    inline static QThread *s_main = nullptr;
    inline static QThread *s_background = nullptr;
    inline static QThread *s_pool = nullptr;
    inline static QThread *s_otherPool = nullptr;
    QThreadPool m_otherPool;
};

/// Turns this thread's event loop until \a future has finished.
template <typename T>
bool finishesInLoop(const QFuture<T> &future, std::chrono::milliseconds limit = std::chrono::seconds(20))
{
    const QDeadlineTimer deadline(limit);
    while (!future.isFinished() && !deadline.hasExpired())
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents | QEventLoop::AllEvents, 20);
    return future.isFinished();
}

} // namespace TestSupport
