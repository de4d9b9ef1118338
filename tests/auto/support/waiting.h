// What the tests of waiting, lifecycle, tasks and futures share.
#pragma once

#include <Synchronaut/Synchronaut>

#include <QtCore/QCoreApplication>
#include <QtCore/QDeadlineTimer>
#include <QtCore/QDir>
#include <QtCore/QEventLoop>
#include <QtCore/QFile>
#include <QtCore/QMutex>
#include <QtCore/QStringList>
#include <QtCore/QThread>
#include <QtCore/QTimer>

#include <atomic>
#include <chrono>
#include <thread>

namespace TestSupport {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// Fewer rounds where a sanitizer makes each ten times as dear.
constexpr int rounds(int plain, int underSanitizer)
{
    return sanitized ? underSanitizer : plain;
}

/// What a plain function does that can be stopped; false: it was not within 20 s.
inline bool waitUntilCanceled()
{
    const QDeadlineTimer limit(std::chrono::seconds(20));
    while (!Synchronaut::isCanceled() && !limit.hasExpired())
        QThread::usleep(200);
    return Synchronaut::isCanceled();
}

inline int entriesOf(const QString &path)
{
    return static_cast<int>(
            QDir(path).entryList(QDir::AllEntries | QDir::System | QDir::NoDotAndDotDot).size());
}

/// Threads of this process, as the kernel counts them.
inline int threadCount()
{
    return entriesOf(QStringLiteral("/proc/self/task"));
}

inline int openFiles()
{
    return entriesOf(QStringLiteral("/proc/self/fd"));
}

/// Names of this process's threads; the kernel cuts them to 15 characters.
inline QStringList threadNames()
{
    QStringList names;
    const QDir tasks(QStringLiteral("/proc/self/task"));
    const QStringList ids = tasks.entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    for (const QString &id : ids) {
        QFile file(tasks.filePath(id + QStringLiteral("/comm")));
        if (file.open(QIODevice::ReadOnly))
            names += QString::fromUtf8(file.readAll()).trimmed();
    }
    return names;
}

/// The timeout of a call that must have begun when it passes: a busy machine takes its time, and a
/// call that has not begun by then never does.
inline constexpr std::chrono::milliseconds timeToBegin{400};

/// Does nothing for about \a turns steps: moves two threads' meeting about.
inline void spin(int turns)
{
    for (int i = 0; i < turns; ++i)
        std::atomic_signal_fence(std::memory_order_seq_cst);
}

/// Waits, without turning an event loop, until \a condition holds.
template <typename Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(20))
{
    const QDeadlineTimer deadline(limit);
    while (!condition()) {
        if (deadline.hasExpired())
            return condition();
        QThread::usleep(200);
    }
    return true;
}

template <typename T>
bool finishes(const QFuture<T> &future, std::chrono::milliseconds limit = std::chrono::seconds(20))
{
    return eventually([&future] { return future.isFinished(); }, limit);
}

/// Name of the type that \a function throws, "nothing" if it returns.
template <typename Function>
QByteArray thrownBy(Function &&function)
{
    using namespace Synchronaut;
    try {
        function();
        return "nothing";
    } catch (const CallTimeout &) {
        return "CallTimeout";
    } catch (const CallCanceled &) {
        return "CallCanceled";
    } catch (const DeadlockError &) {
        return "DeadlockError";
    } catch (const SenderDestroyed &) {
        return "SenderDestroyed";
    } catch (const LoopStopped &) {
        return "LoopStopped";
    } catch (const CallError &) {
        return "CallError";
    } catch (const std::exception &e) {
        return QByteArray("std::exception: ") + e.what();
    } catch (int number) {
        return "int " + QByteArray::number(number);
    } catch (...) {
        return "unknown";
    }
}

/// Calls \a function in a slot under a running event loop of this thread.
template <typename Function>
void inSlot(Function function)
{
    QEventLoop loop;
    QObject context;
    QTimer::singleShot(0, &context, [&] {
        function();
        loop.quit();
    });
    loop.exec();
}

/// A std::thread that is joined at the end of the scope.
class JoinedThread
{
public:
    template <typename Function>
    explicit JoinedThread(Function &&function) : m_thread(std::forward<Function>(function))
    {
    }
    JoinedThread(JoinedThread &&) = default;
    ~JoinedThread() { join(); }
    void join()
    {
        if (m_thread.joinable())
            m_thread.join();
    }

private:
    std::thread m_thread;
};

/// A plain QThread with an event loop and an object in it.
class LoopThread
{
public:
    LoopThread()
    {
        m_object.moveToThread(&m_thread);
        m_thread.start();
    }
    ~LoopThread() { end(); }
    LoopThread(const LoopThread &) = delete;
    LoopThread &operator=(const LoopThread &) = delete;

    QThread *thread() { return &m_thread; }
    QObject *object() { return &m_object; }
    void end()
    {
        m_thread.quit();
        m_thread.wait();
    }

private:
    QThread m_thread;
    QObject m_object; // outlives nothing of the thread: destroyed when that has ended
};

/// Counts what is alive and what was destroyed.
struct Counter
{
    std::atomic<int> made{0};
    std::atomic<int> gone{0};
};

class Local
{
public:
    explicit Local(Counter &counter) : m_counter(&counter) { ++m_counter->made; }
    ~Local() { ++m_counter->gone; }
    Local(const Local &) = delete;
    Local &operator=(const Local &) = delete;

private:
    Counter *m_counter;
};

/// Keeps the messages logged while it lives, whatever thread logs them.
class MessageCapture
{
public:
    MessageCapture()
    {
        s_active = this;
        m_previous = qInstallMessageHandler(&MessageCapture::handle);
    }
    ~MessageCapture()
    {
        qInstallMessageHandler(m_previous);
        s_active = nullptr;
    }
    MessageCapture(const MessageCapture &) = delete;
    MessageCapture &operator=(const MessageCapture &) = delete;

    /// Messages of category "synchronaut" that contain \a text.
    qsizetype count(const QString &text) const
    {
        const QMutexLocker lock(&m_mutex);
        return m_messages.filter(text).size();
    }
    QStringList all() const
    {
        const QMutexLocker lock(&m_mutex);
        return m_messages;
    }

private:
    static void handle(QtMsgType, const QMessageLogContext &context, const QString &text)
    {
        MessageCapture *const self = s_active.load();
        if (!self || !context.category || qstrcmp(context.category, "synchronaut") != 0)
            return;
        const QMutexLocker lock(&self->m_mutex);
        self->m_messages += text;
    }

    inline static std::atomic<MessageCapture *> s_active{nullptr};
    QtMessageHandler m_previous = nullptr;
    mutable QMutex m_mutex;
    QStringList m_messages;
};

} // namespace TestSupport
