#pragma once

#include <Synchronaut/detail/message.h>
#include <Synchronaut/detail/refptr.h>
#include <Synchronaut/export.h>

#include <QtCore/QString>

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

QT_BEGIN_NAMESPACE
class QThread;
QT_END_NAMESPACE

namespace Synchronaut {

class EventLoopThread;

namespace detail {

class CallState;
class Mailbox;
class SynchronizedCell;
class TurnQueue;

/*!
    What a Synchronizer, its objects and its wrapped functions share: the loop, and the list of the
    objects that live there. Outlives the Synchronizer as long as a handle is left; the loop does not.

    The list belongs to the loop's thread. stop() ends the loop: what is queued runs, coroutines are
    unwound, the mailbox closes, then the objects are destroyed there, the youngest first.
*/
class SYNCHRONAUT_EXPORT SynchronizerCore
{
public:
    /// Starts the loop's thread under \a name. \a inTurn: one call after the other, see TurnQueue.
    SynchronizerCore(const QString &name, bool inTurn);
    SynchronizerCore(const SynchronizerCore &) = delete;
    SynchronizerCore &operator=(const SynchronizerCore &) = delete;

    void ref() noexcept { m_refs.fetch_add(1, std::memory_order_relaxed); }
    void deref() noexcept
    {
        if (m_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    /// True on the loop's thread. Any thread.
    bool isCurrent() const noexcept;
    /// Of the loop; null after stop().
    QThread *thread() const noexcept;
    Mailbox &mailbox() const noexcept { return *m_mailbox; }
    const QString &name() const noexcept { return m_name; }
    /// Runs \a call, which has begun, on the loop: at once if that is this thread. Any thread.
    void start(CallState *call);
    /// Ends the loop, once; lends this thread to what still runs there. Not two at a time.
    void stop();
    /// True when calls are made one after the other. Any thread.
    bool isInTurn() const noexcept { return m_turns != nullptr; }
    /// The frame of \a call, a coroutine, has gone; for isInTurn(). Loop thread.
    void endTurn(CallState *call);
    /// False when the loop has ended; the message is then still the caller's. Any thread.
    bool post(Message *message);

private:
    friend class SynchronizedCell;

    ~SynchronizerCore();
    void destroyObjects();
    void endElsewhere(std::unique_ptr<EventLoopThread> loop);

    const QString m_name;
    std::unique_ptr<EventLoopThread> m_loop; ///< of the Synchronizer; gone after stop()
    const RefPtr<Mailbox> m_mailbox;
    std::unique_ptr<TurnQueue> m_turns;
    SynchronizedCell *m_youngest = nullptr; ///< loop thread
    std::atomic<int> m_refs{0};
};

/*!
    One object of a Synchronizer. Handles and calls count as owners; with the last one, or with the
    loop, the object is destroyed on the loop's thread, once. The memory stays until both are gone:
    m_lives counts the object and, as one, its handles.
*/
class SYNCHRONAUT_EXPORT SynchronizedCell : private Message
{
public:
    SynchronizedCell(const SynchronizedCell &) = delete;
    SynchronizedCell &operator=(const SynchronizedCell &) = delete;

    void ref() noexcept { m_handles.fetch_add(1, std::memory_order_relaxed); }
    void deref() noexcept
    {
        if (m_handles.fetch_sub(1, std::memory_order_acq_rel) == 1)
            release();
    }
    SynchronizerCore *core() const noexcept { return m_core.get(); }

protected:
    explicit SynchronizedCell(const RefPtr<SynchronizerCore> &core);
    virtual ~SynchronizedCell();
    /// The object has been made: it is among those that die with the loop. Loop thread.
    void adopt() noexcept;
    virtual void destroyObject() noexcept = 0;

private:
    friend class SynchronizerCore;

    static void deliverRelease(Message *message, Delivery how);
    void release() noexcept;
    void destroy() noexcept;
    void endLife() noexcept;

    const RefPtr<SynchronizerCore> m_core;
    std::atomic<int> m_handles{0};
    std::atomic<int> m_lives{2};
    SynchronizedCell *m_older = nullptr; ///< the list's; loop thread
    SynchronizedCell *m_younger = nullptr;
    bool m_listed = false;
};

/// The object itself.
template <typename T>
class CellOf final : public SynchronizedCell
{
public:
    /// Makes the object, on the loop's thread. Throws what its constructor throws.
    template <typename... A>
    explicit CellOf(const RefPtr<SynchronizerCore> &core, A &&...args)
        : SynchronizedCell(core), m_object(std::in_place, std::forward<A>(args)...)
    {
        adopt();
    }

    /// Loop thread, while the loop runs.
    T &object() noexcept { return *m_object; }

private:
    void destroyObject() noexcept override { m_object.reset(); }

    std::optional<T> m_object;
};

} // namespace detail
} // namespace Synchronaut
