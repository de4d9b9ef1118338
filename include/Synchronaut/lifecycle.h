#pragma once

#include <Synchronaut/errors.h>
#include <Synchronaut/eventloopthread.h>
#include <Synchronaut/export.h>

#include <QtCore/QByteArray>
#include <QtCore/QDeadlineTimer>
#include <QtCore/QString>

#include <chrono>
#include <exception>
#include <functional>

QT_BEGIN_NAMESPACE
class QAbstractEventDispatcher;
class QThread;
class QThreadPool;
QT_END_NAMESPACE

namespace Synchronaut {

/// The library's own loop, started now if need be. Any thread. The reference is good until
/// shutdown(). Throws CallError without a QCoreApplication, LoopStopped during shutdown().
SYNCHRONAUT_EXPORT EventLoopThread &backgroundLoop();

/// The library's own pool for blocking work; 32 threads unless you set another number. Any thread.
SYNCHRONAUT_EXPORT QThreadPool &blockingPool();

/// The event dispatcher that async code started here would use: this thread's running one, else
/// the background loop's. Any thread.
SYNCHRONAUT_EXPORT QAbstractEventDispatcher *preferredDispatcher();

/// Class name of the event dispatcher of \a thread, e.g. "QEventDispatcherGlib"; empty if none.
SYNCHRONAUT_EXPORT QByteArray dispatcherName(QThread *thread);

/// Makes the dispatcher of background loops started from now on; call it before first use.
/// \a factory is called on the thread that starts the loop and gives ownership away.
SYNCHRONAUT_EXPORT void setBackgroundDispatcher(std::function<QAbstractEventDispatcher *()> factory);

/*!
    Cancels what is pending, ends loops and pool threads. True when all ended before \a deadline;
    what refuses is left behind. Calls made meanwhile get LoopStopped; the next call afterwards
    starts everything again. Happens by itself, with 5 s, when the QCoreApplication is destroyed.
    Any thread; from the library's own threads it cannot wait for itself and gives false.
*/
SYNCHRONAUT_EXPORT bool shutdown(QDeadlineTimer deadline = QDeadlineTimer(QDeadlineTimer::Forever));

/// What is known of an error that nobody will see.
struct UnobservedError
{
    std::exception_ptr error; ///< what was thrown; not null
    CallErrorOrigin origin; ///< the call that failed
};

/// Called instead of logging when a call fails whose future nobody holds any more (G16); an empty
/// function brings logging back. Runs in the thread where the call completed. Any thread.
SYNCHRONAUT_EXPORT void onUnobservedError(std::function<void(const UnobservedError &)> handler);

/// Called instead of logging when callSync() keeps the GUI thread waiting longer than
/// guiBlockWarning(), once a call site (G5). Runs in the GUI thread, which is still blocked.
SYNCHRONAUT_EXPORT void onGuiBlock(std::function<void(const CallErrorOrigin &)> handler);

/// The time after which a blocked GUI thread is worth a warning; 100 ms unless set. Any thread.
SYNCHRONAUT_EXPORT std::chrono::milliseconds guiBlockWarning();
/// Zero or less turns the warning off.
SYNCHRONAUT_EXPORT void setGuiBlockWarning(std::chrono::milliseconds limit);

} // namespace Synchronaut
