#include "offloadgate_p.h"

#include <Synchronaut/errors.h>
#include <Synchronaut/offloadedcalls.h>

#include <QtCore/QObject>

namespace Synchronaut {

namespace detail {

OffloadGate &OffloadGate::instance()
{
    static OffloadGate *const gate = new OffloadGate; // never deleted: pool threads may outlive statics
    return *gate;
}

void OffloadGate::enter(const QPointer<QObject> &object)
{
    const QMutexLocker lock(&m_mutex);
    QObject *const alive = object.data();
    if (!alive || m_entries.value(alive).closed)
        throw SenderDestroyed(QStringLiteral("The object was destroyed before its method was called"));
    ++m_entries[alive].running;
}

void OffloadGate::leave(QObject *object)
{
    const QMutexLocker lock(&m_mutex);
    const auto it = m_entries.find(object);
    if (it == m_entries.end() || --it->running > 0)
        return;
    m_left.wakeAll();
}

void OffloadGate::add(QObject *object, const QFuture<void> &call)
{
    const QMutexLocker lock(&m_mutex);
    sweep();
    if (!call.isFinished())
        m_entries[object].calls += call;
}

/// Forgets what is over, of all objects: calls finish only after leave(), where nobody looks any more.
void OffloadGate::sweep()
{
    m_entries.removeIf([](const QHash<QObject *, Entry>::iterator &it) {
        it->calls.removeIf([](const QFuture<void> &call) { return call.isFinished(); });
        return !it->closed && it->running == 0 && it->calls.isEmpty();
    });
}

void OffloadGate::close(QObject *object)
{
    QMutexLocker lock(&m_mutex);
    Entry &entry = m_entries[object];
    entry.closed = true;
    QList<QFuture<void>> calls = std::exchange(entry.calls, {});
    lock.unlock();
    // The entry must not outlive the object: another one may be made at its address.
    QObject::connect(object, &QObject::destroyed, object, [this, object] { forget(object); },
                     Qt::DirectConnection);
    for (QFuture<void> &call : calls)
        call.cancel();
    lock.relock();
    while (m_entries.value(object).running > 0)
        m_left.wait(&m_mutex);
}

void OffloadGate::forget(QObject *object)
{
    const QMutexLocker lock(&m_mutex);
    m_entries.remove(object);
}

} // namespace detail

void finishOffloadedCalls(QObject *object)
{
    detail::OffloadGate::instance().close(object);
}

} // namespace Synchronaut
