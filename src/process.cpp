#include <Synchronaut/process.h>

#include "anysignal_p.h"

#include <Synchronaut/cancellation.h>
#include <Synchronaut/errors.h>

#include <QtCore/QPointer>
#include <QtCore/QThread>
#include <QtCore/QTimer>

#include <optional>

namespace Synchronaut {

namespace {

[[noreturn]] void fail(const char *function, const QString &what)
{
    CallErrorOrigin origin;
    origin.functionName = QString::fromUtf8(function);
    throw CallError(QStringLiteral("Synchronaut::%1() failed: %2").arg(origin.functionName, what), origin);
}

void check(const char *function, const QProcess *process)
{
    if (!process)
        fail(function, QStringLiteral("the process is null"));
    if (process->thread() != QThread::currentThread())
        fail(function, QStringLiteral("the process lives in another thread; await it in its own"));
}

void checkAlive(const QPointer<QProcess> &process)
{
    if (!process)
        throw SenderDestroyed(QStringLiteral("A QProcess was destroyed while it was awaited"));
}

/// Waits until \a process has ended, or \a limit has passed. True: it has ended. Works inside of a
/// CancellationShield, too, where limits of calls are held back.
Task<bool> ended(QPointer<QProcess> process, std::optional<std::chrono::milliseconds> limit)
{
    QTimer timer;
    timer.setSingleShot(true);
    if (limit)
        timer.start(std::max(*limit, std::chrono::milliseconds::zero()));
    while (process->state() != QProcess::NotRunning) {
        if (limit && !timer.isActive())
            co_return false;
        detail::AnySignal any("QProcess");
        any.add(process.data(), &QProcess::finished);
        any.add(process.data(), &QProcess::errorOccurred);
        any.add(&timer, &QTimer::timeout);
        co_await any.source();
        checkAlive(process);
    }
    co_return true;
}

/// A process that is killed without a warning when its task is destroyed.
class OwnProcess : public QProcess
{
public:
    ~OwnProcess() override
    {
        if (state() != NotRunning) {
            kill();
            waitForFinished();
        }
    }
};

} // namespace

Task<void> startProcess(QProcess *process)
{
    check("startProcess", process);
    if (process->state() != QProcess::NotRunning)
        fail("startProcess", QStringLiteral("the process runs already"));
    if (process->program().isEmpty())
        fail("startProcess", QStringLiteral("no program is set; call setProgram() first"));
    const CancellationShield shield;
    detail::AnySignal any("startProcess");
    any.add(process, &QProcess::started);
    any.add(process, &QProcess::errorOccurred);
    const QPointer<QProcess> alive(process);
    process->start();
    co_await any.source();
    checkAlive(alive);
    if (process->error() == QProcess::FailedToStart)
        fail("startProcess",
             QStringLiteral("%1: %2").arg(process->program(), process->errorString()));
}

Task<ProcessExit> finishProcess(QProcess *process, std::chrono::milliseconds grace)
{
    check("finishProcess", process);
    std::exception_ptr canceled;
    try {
        co_await ended(process, std::nullopt);
    } catch (const CallCanceled &) {
        canceled = std::current_exception();
    }
    if (canceled) {
        {
            const CancellationShield shield;
            co_await stopProcess(process, grace);
        }
        std::rethrow_exception(canceled);
    }
    ProcessExit exit;
    exit.code = process->exitCode();
    exit.status = process->exitStatus();
    co_return exit;
}

Task<void> stopProcess(QProcess *process, std::chrono::milliseconds grace)
{
    check("stopProcess", process);
    const CancellationShield shield;
    if (process->state() == QProcess::NotRunning)
        co_return;
    process->terminate();
    const bool hasEnded = co_await ended(process, grace); // throws if the QProcess is gone
    if (!hasEnded) {
        process->kill();
        co_await ended(process, std::nullopt);
    }
}

Task<ProcessOutput> processOutput(QString program, QStringList arguments,
                                  std::chrono::milliseconds grace)
{
    OwnProcess process;
    process.setProgram(program);
    process.setArguments(arguments);
    process.setStandardInputFile(QProcess::nullDevice());
    co_await startProcess(&process);
    ProcessOutput output;
    output.exit = co_await finishProcess(&process, grace);
    output.standardOutput = process.readAllStandardOutput();
    output.standardError = process.readAllStandardError();
    co_return output;
}

} // namespace Synchronaut
