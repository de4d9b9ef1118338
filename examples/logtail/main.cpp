// Runs programs side by side and merges their lines in order of arrival:
//     logtail --timeout 5 --jobs 2 "ping -c 3 localhost" "journalctl -f"
#include "interrupt.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtCore/QProcess>

#include <algorithm>
#include <cstdio>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

/// How it all ended: the worst of all commands. The numbers are those of timeout(1) and of shells.
enum Status { Succeeded = 0, Failed = 1, Usage = 2, TimedOut = 124, Interrupted = 130 };

constexpr auto grace = 400ms; // from terminate() to kill(): Ctrl-C is done within a second
constexpr qint64 longestLine = 65'536;

struct Options
{
    QStringList commands;
    std::chrono::milliseconds timeout = std::chrono::milliseconds::max();
    int jobs = 4;
};

/// The commands that wait for their turn, who works on them, and what came of it.
class Work
{
public:
    explicit Work(Options o) : options(std::move(o)) { m_done.start(); }

    QFuture<void> done() const { return m_done.future(); }

    /// A worker, as long as it exists.
    class Worker
    {
    public:
        explicit Worker(Work *work) : m_work(work) { ++m_work->m_workers; }
        ~Worker()
        {
            if (--m_work->m_workers == 0)
                m_work->m_done.finish();
        }
        Worker(const Worker &) = delete;
        Worker &operator=(const Worker &) = delete;

    private:
        Work *m_work;
    };

    const Options options;
    qsizetype next = 0;
    int status = Succeeded;

private:
    QPromise<void> m_done;
    int m_workers = 0;
};

void print(qsizetype number, const QByteArray &line)
{
    std::fprintf(stdout, "[%lld] ", static_cast<long long>(number + 1));
    std::fwrite(line.constData(), 1, static_cast<std::size_t>(line.size()), stdout);
    if (!line.endsWith('\n'))
        std::fputc('\n', stdout);
}

void report(qsizetype number, const QString &text)
{
    std::fflush(stdout);
    std::fprintf(stderr, "logtail: [%lld] %s\n", static_cast<long long>(number + 1), qPrintable(text));
}

/// Runs one command to its end. However the task is left, no process stays behind.
Task<ProcessExit> tail(qsizetype number, QString command)
{
    QStringList words = QProcess::splitCommand(command);
    QProcess process;
    process.setProgram(words.isEmpty() ? QString() : words.takeFirst());
    process.setArguments(words);
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.setStandardInputFile(QProcess::nullDevice());
    co_await startProcess(&process);

    std::exception_ptr error;
    try {
        for (;;) {
            const QByteArray line = co_await readLine(&process, longestLine);
            if (line.isEmpty())
                break;
            print(number, line);
            if (!process.canReadLine())
                std::fflush(stdout);
        }
    } catch (...) {
        error = std::current_exception(); // cancelled, most likely; a handler cannot await
    }
    if (error) {
        const CancellationShield shield;
        co_await stopProcess(&process, grace);
        std::rethrow_exception(error);
    }
    co_return co_await finishProcess(&process, grace);
}

/// The same with the time limit, and with words for what happened.
Task<int> runCommand(qsizetype number, const Options *options)
{
    const QString command = options->commands.at(number);
    try {
        const ProcessExit exit = co_await withTimeout(tail(number, command), options->timeout);
        if (exit.isSuccess())
            co_return Succeeded;
        if (exit.status == QProcess::CrashExit)
            report(number, QStringLiteral("%1: crashed").arg(command));
        else
            report(number, QStringLiteral("%1: exit status %2").arg(command).arg(exit.code));
        co_return Failed;
    } catch (const CallTimeout &) {
        report(number, QStringLiteral("%1: timed out").arg(command));
        co_return TimedOut;
    } catch (const CallCanceled &) {
        throw;
    } catch (const CallError &e) {
        report(number, e.message());
        co_return Failed;
    }
}

/// One of the jobs that run at once: takes commands as long as there are any.
Task<> worker(Work *work)
{
    const Work::Worker present(work);
    while (work->next < work->options.commands.size()) {
        const qsizetype number = work->next++;
        const int status = co_await runCommand(number, &work->options);
        work->status = std::max(work->status, status);
    }
}

Task<int> tailAll(Options options)
{
    Interrupt interrupt;
    Work work(std::move(options));
    QList<QFuture<void>> workers;
    {
        const Work::Worker starting(&work); // not done before all have been started
        for (int i = 0; i < work.options.jobs; ++i)
            workers += spawn(worker(&work));
    }
    QObject::connect(&interrupt, &Interrupt::requested, &interrupt, [&work, &workers] {
        work.status = Interrupted;
        for (QFuture<void> &future : workers)
            future.cancel();
    });
    // a cancelled future is settled at once, while its task still cleans up: this one waits for that
    const QFuture<void> done = work.done();
    co_await done;
    co_return work.status;
}

} // namespace

int main(int argc, char *argv[])
{
    const QCoreApplication app(argc, argv);
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral(
            "Runs commands side by side and merges their lines in order of arrival.\n"
            "Exit status: 0 all succeeded, 1 one failed, 124 one timed out, 130 interrupted."));
    parser.addHelpOption();
    const QCommandLineOption timeout(QStringLiteral("timeout"),
                                     QStringLiteral("Seconds for each command."),
                                     QStringLiteral("s"));
    const QCommandLineOption jobs(QStringLiteral("jobs"),
                                  QStringLiteral("How many run at once (4)."), QStringLiteral("n"),
                                  QStringLiteral("4"));
    parser.addOptions({timeout, jobs});
    parser.addPositionalArgument(QStringLiteral("command"), QStringLiteral("A command line."),
                                 QStringLiteral("command…"));
    parser.process(app);

    Options options;
    options.commands = parser.positionalArguments();
    options.jobs = parser.value(jobs).toInt();
    bool validTimeout = true;
    if (parser.isSet(timeout)) {
        const double seconds = parser.value(timeout).toDouble(&validTimeout);
        validTimeout = validTimeout && seconds > 0 && seconds < 1e9;
        if (validTimeout)
            options.timeout = std::chrono::milliseconds(qint64(seconds * 1000));
    }
    if (options.commands.isEmpty() || options.jobs < 1 || !validTimeout) {
        std::fputs(qPrintable(parser.helpText()), stderr);
        return Usage;
    }
    return run(tailAll(options));
}
