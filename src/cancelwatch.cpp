#include <Synchronaut/detail/cancelwatch.h>

#include "engine_p.h"
#include "functionmessage_p.h"

#include <QtCore/QFutureWatcher>

#include <memory>

namespace Synchronaut::detail {

// The watcher is made on the background loop, which may be while the call settles: each side writes
// its own atomic before it reads the other's, so that one of them sees the watcher to be dropped.

void CancelWatch::start(const QFuture<void> &future, CallState *call)
{
    const RefPtr<Mailbox> background = Engine::instance().backgroundMailbox();
    const auto watch = [this, future, kept = RefPtr<CallState>(call)](Delivery how) {
        if (how == Delivery::Run) // the call has us as a part
            watchHere(future, kept);
    };
    if (background)
        postFunction(*background, 0, watch);
}

void CancelWatch::watchHere(const QFuture<void> &future, const RefPtr<CallState> &call)
{
    if (m_dropped.load())
        return;
    auto watcher = std::make_unique<QFutureWatcher<void>>();
    // holds the call, and is dropped by it when it settles
    QObject::connect(watcher.get(), &QFutureWatcherBase::canceled, watcher.get(),
                     [call] { call->requestStop(StopReason::Canceled); });
    watcher->setFuture(future);
    m_watcher.store(watcher.release()); // deleted by dropWatcher()
    if (m_dropped.load())
        dropWatcher();
}

void CancelWatch::drop() noexcept
{
    m_dropped.store(true);
    dropWatcher();
}

void CancelWatch::dropWatcher() noexcept
{
    if (QObject *const watcher = m_watcher.exchange(nullptr))
        watcher->deleteLater();
}

} // namespace Synchronaut::detail
