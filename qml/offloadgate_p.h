#pragma once

#include <QtCore/QFuture>
#include <QtCore/QHash>
#include <QtCore/QList>
#include <QtCore/QMutex>
#include <QtCore/QPointer>
#include <QtCore/QWaitCondition>

QT_BEGIN_NAMESPACE
class QObject;
QT_END_NAMESPACE

namespace Synchronaut::detail {

/// Knows which methods run on the pool, so that the end of their object can wait for them. Any thread.
class OffloadGate
{
public:
    static OffloadGate &instance();

    /// Before a method of \a object runs here; throws SenderDestroyed where it must not any more.
    void enter(const QPointer<QObject> &object);
    void leave(QObject *object);
    /// The call whose method may enter; close() cancels it.
    void add(QObject *object, const QFuture<void> &call);
    void close(QObject *object);

private:
    struct Entry
    {
        int running = 0;
        bool closed = false;
        QList<QFuture<void>> calls;
    };
    void forget(QObject *object);
    void sweep();

    QMutex m_mutex;
    QWaitCondition m_left;
    QHash<QObject *, Entry> m_entries;
};

/// Between enter() and leave().
class OffloadPass
{
public:
    explicit OffloadPass(const QPointer<QObject> &object) : m_object(object.data())
    {
        OffloadGate::instance().enter(object);
    }
    ~OffloadPass() { OffloadGate::instance().leave(m_object); }
    OffloadPass(const OffloadPass &) = delete;
    OffloadPass &operator=(const OffloadPass &) = delete;

private:
    QObject *m_object;
};

} // namespace Synchronaut::detail
