#include <Synchronaut/eventloopthread.h>

#include "functionmessage_p.h"
#include "observing_p.h"

#include <QtCore/QAbstractEventDispatcher>
#include <QtCore/QThread>

#include <atomic>

namespace Synchronaut {

// The mailbox exists before the thread does, so posting works in every state:
// Starting (queued) -> Running (drained) -> Stopping (tasks unwind) -> Stopped (posts fail).
class EventLoopThread::Thread : public QThread
{
public:
    explicit Thread(const QString &name) : m_mailbox(detail::Mailbox::of(this))
    {
        setObjectName(name);
        m_mailbox->ownLoop = true;
        m_mailbox->spins = true;
    }

    detail::Mailbox *mailbox() const { return m_mailbox.get(); }

    std::atomic<qint64> unwindUntil{0};
    std::atomic<bool> stopRequested{false};

protected:
    void run() override
    {
        const detail::CountedThread counted;
        qCDebug(lcLoop).noquote() << "Event loop" << objectName() << "starts";
        m_mailbox->adopt();
        m_mailbox->resumeLoop();
        exec();
        // tasks that were told to stop may have to await their cleanup
        while (m_mailbox->hasCalls() && detail::steadyNow() < unwindUntil.load()) {
            m_mailbox->drain();
            if (!m_mailbox->hasCalls())
                break;
            eventDispatcher()->processEvents(QEventLoop::AllEvents);
            m_mailbox->park(detail::steadyNow() + 1'000'000);
        }
        m_mailbox->close();
        qCDebug(lcLoop).noquote() << "Event loop" << objectName() << "has ended";
    }

private:
    detail::RefPtr<detail::Mailbox> m_mailbox;
};

EventLoopThread::EventLoopThread(const QString &name,
                                 const std::function<QAbstractEventDispatcher *()> &dispatcher)
    : m_thread(std::make_unique<Thread>(name))
{
    if (dispatcher) {
        if (QAbstractEventDispatcher *const made = dispatcher())
            m_thread->setEventDispatcher(made);
    }
    m_thread->start();
}

EventLoopThread::~EventLoopThread()
{
    stop(QDeadlineTimer(QDeadlineTimer::Forever));
}

QThread *EventLoopThread::thread() const noexcept
{
    return m_thread.get();
}

bool EventLoopThread::isRunning() const noexcept
{
    return !m_thread->mailbox()->isClosed();
}

void EventLoopThread::requestStop(QDeadlineTimer unwindUntil)
{
    m_thread->unwindUntil = unwindUntil.isForever()
            ? detail::noDeadline
            : detail::steadyNow() + unwindUntil.remainingTimeNSecs();
    if (m_thread->stopRequested.exchange(true))
        return;
    // from inside, so that a stop before the loop turns is not lost
    detail::postFunction(*m_thread->mailbox(), 0, [thread = m_thread.get()](detail::Delivery how) {
        if (how != detail::Delivery::Run)
            return;
        detail::Mailbox::current().stopAll(detail::StopReason::Canceled);
        thread->quit();
    });
}

bool EventLoopThread::stop(QDeadlineTimer deadline)
{
    if (!m_thread->stopRequested.load())
        requestStop(deadline);
    // a thread cannot wait for its own end
    return !m_thread->mailbox()->isCurrent() && m_thread->wait(deadline);
}

detail::Mailbox *EventLoopThread::mailbox() const noexcept
{
    return m_thread->mailbox();
}

} // namespace Synchronaut
