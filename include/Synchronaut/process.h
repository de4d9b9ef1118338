#pragma once

#include <Synchronaut/export.h>
#include <Synchronaut/task.h>

#include <QtCore/QByteArray>
#include <QtCore/QProcess>
#include <QtCore/QString>
#include <QtCore/QStringList>

#include <chrono>

namespace Synchronaut {

/// How a process ended. \c code has a meaning after a NormalExit only.
struct ProcessExit
{
    int code = 0; ///< what the program returned
    QProcess::ExitStatus status = QProcess::NormalExit; ///< by itself, or crashed or killed

    /// Ended by itself, with code 0.
    bool isSuccess() const noexcept { return status == QProcess::NormalExit && code == 0; }
};

/// What a process wrote, and how it ended.
struct ProcessOutput
{
    ProcessOutput() = default; // no aggregate: GCC 12 miscompiles those in co_await expressions

    ProcessExit exit; ///< how it ended
    QByteArray standardOutput; ///< all of it
    QByteArray standardError; ///< all of it
};

/// How long a process has from terminate() (SIGTERM) to kill(), where nothing else is said.
inline constexpr std::chrono::milliseconds processGrace{2000};

/*!
    \file
    QProcess in tasks. A process is awaited in its own thread. All of them throw SenderDestroyed if the
    QProcess dies meanwhile, and CallError if it is null or of another thread.
*/

/// Starts what \a process was set up for (setProgram() …) and waits until it runs. Throws CallError
/// with its errorString() if it cannot be started or is running already. A start that was begun is
/// waited for, also when the task is cancelled: the next await tells of that.
SYNCHRONAUT_EXPORT Task<void> startProcess(QProcess *process);

/// Waits until \a process has ended; crashed is an exit as well. When the task is cancelled, stops
/// it as stopProcess() does, and throws CallCanceled then.
SYNCHRONAUT_EXPORT Task<ProcessExit> finishProcess(QProcess *process,
                                                   std::chrono::milliseconds grace = processGrace);

/// Asks \a process to end (terminate()), kills it after \a grace, and waits until it has ended. Not
/// to be cancelled; in a task that is cancelled already, await it within a CancellationShield.
SYNCHRONAUT_EXPORT Task<void> stopProcess(QProcess *process,
                                          std::chrono::milliseconds grace = processGrace);

/// Runs \a program to its end, without input, and collects what it writes. Cancelled: see
/// finishProcess().
SYNCHRONAUT_EXPORT Task<ProcessOutput> processOutput(QString program, QStringList arguments,
                                                     std::chrono::milliseconds grace = processGrace);

} // namespace Synchronaut
