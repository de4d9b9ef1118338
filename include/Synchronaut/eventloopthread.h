#pragma once

#include <Synchronaut/export.h>

#include <QtCore/QDeadlineTimer>
#include <QtCore/QString>

#include <functional>
#include <memory>

QT_BEGIN_NAMESPACE
class QAbstractEventDispatcher;
class QThread;
QT_END_NAMESPACE

namespace Synchronaut {

namespace detail {
class Mailbox;
}

/*!
    A QThread that runs an event loop of its own, from construction until stop() or destruction.
    What is sent to it before the loop turns is not lost, and what is sent to it after it ended
    settles as LoopStopped.
*/
class SYNCHRONAUT_EXPORT EventLoopThread
{
public:
    /// Starts the thread under \a name. \a dispatcher, if given, makes its event dispatcher.
    explicit EventLoopThread(const QString &name,
                             const std::function<QAbstractEventDispatcher *()> &dispatcher = {});
    /// stop(Forever), unless stopped. Not from the thread itself.
    ~EventLoopThread();
    EventLoopThread(const EventLoopThread &) = delete;
    EventLoopThread &operator=(const EventLoopThread &) = delete;

    /// For moveToThread() and the like; owned by this object. Any thread.
    QThread *thread() const noexcept;
    /// True from construction until the loop has ended. Any thread.
    bool isRunning() const noexcept;
    /// Cancels the coroutines at home there, lets them unwind, ends the loop. False when that took
    /// longer than \a deadline. Any thread but its own.
    bool stop(QDeadlineTimer deadline);
    /// The same without waiting.
    void requestStop(QDeadlineTimer unwindUntil);

    detail::Mailbox *mailbox() const noexcept; ///< internal

private:
    class Thread;
    std::unique_ptr<Thread> m_thread;
};

} // namespace Synchronaut
