#pragma once

#include <Synchronaut/export.h>

#include <QtCore/QtGlobal>

#include <chrono>

QT_BEGIN_NAMESPACE
class QDebug;
QT_END_NAMESPACE

namespace Synchronaut {

/// What the library does, in numbers: those of calls count what was begun while collectStats() was on.
struct Stats
{
    qint64 begun = 0;    ///< calls made
    qint64 queued = 0;   ///< of those: have not started yet
    qint64 running = 0;  ///< have started and not ended; coroutines that are suspended, too
    qint64 finished = 0; ///< gave a value, or an error of their own
    qint64 timedOut = 0; ///< ended with CallTimeout
    qint64 canceled = 0; ///< ended with CallCanceled, or LoopStopped
    int threads = 0;     ///< event loops and busy or parked pool threads of the library now
    std::chrono::nanoseconds longestGuiBlock{0}; ///< that a callSync() kept the GUI thread waiting
};

/*!
    The numbers as they are now. Any thread. Each is right, but they are not all of the same instant.
    A plain function that is called directly, and a task that another awaits, are part of their caller's
    call; a batch is one call.
*/
SYNCHRONAUT_EXPORT Stats stats();

/// Starts counting, from zero, or stops it; off unless asked for. Any thread.
SYNCHRONAUT_EXPORT void collectStats(bool on);

/// All numbers in a line.
SYNCHRONAUT_EXPORT QDebug operator<<(QDebug debug, const Stats &stats);

} // namespace Synchronaut
