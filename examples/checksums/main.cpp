// SHA-256 of every file in a folder, in a window that never stops painting, or as text.
#include "checksumwindow.h"
#include "hashjob.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QCommandLineParser>
#include <QtCore/QFile>
#include <QtWidgets/QApplication>

#include <algorithm>
#include <cstdio>
#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

void write(std::FILE *stream, const QByteArray &text)
{
    std::fwrite(text.constData(), 1, std::size_t(text.size()), stream);
}

/// Prints what `sha256sum` prints, in the order of the paths, as soon as it is known.
Task<int> printSums(QByteArray folder, std::chrono::nanoseconds timeout)
{
    const std::shared_ptr<HashJob> job = HashJob::start(folder, timeout);
    qsizetype row = 0;
    for (;;) {
        const bool finished = job->isFinished();
        for (; row < job->files().size(); ++row) {
            const FileRecord &file = job->files().at(row);
            if (file.state == FileState::Done)
                write(stdout, sumLine(file.sum, file.path));
            else if (file.state == FileState::Failed)
                write(stderr, "checksums: " + escapedPath(file.path) + ": " + file.error.toLocal8Bit() + '\n');
            else
                break;
        }
        if (finished)
            break;
        co_await sleepFor(20ms);
    }
    if (std::fflush(stdout) != 0) {
        write(stderr, "checksums: cannot write the output\n");
        co_return 1;
    }
    co_return job->errorCount() > 0 || job->isCanceled() ? 1 : 0;
}

int showWindow(const QByteArray &folder, int timeout, const QString &screenshot)
{
    ChecksumWindow window;
    window.setTimeout(timeout);
    window.show();
    if (!folder.isEmpty())
        window.start(folder);
    if (!screenshot.isEmpty()) {
        QObject::connect(&window, &ChecksumWindow::finished, &window, [&window, screenshot] {
            QCoreApplication::exit(window.grab().save(screenshot) ? 0 : 1);
        }, Qt::QueuedConnection); // when the texts have got their room
    }
    return QCoreApplication::exec();
}

/// The value of --folder as it was typed: a QString loses bytes that are not valid UTF-8.
QByteArray folderArgument(int argc, char *argv[])
{
    for (int i = 1; i < argc; ++i) {
        const QByteArray argument(argv[i]);
        if (argument == "--folder" && i + 1 < argc)
            return argv[i + 1];
        if (argument.startsWith("--folder="))
            return argument.mid(9);
    }
    return {};
}

} // namespace

int main(int argc, char *argv[])
{
    const QByteArray folder = folderArgument(argc, argv);
    const bool print = std::find(argv, argv + argc, QByteArrayView("--print")) != argv + argc;
    std::unique_ptr<QCoreApplication> app; // printing needs no display
    if (print)
        app = std::make_unique<QCoreApplication>(argc, argv);
    else
        app = std::make_unique<QApplication>(argc, argv);

    QCoreApplication::setOrganizationName(QStringLiteral("Synchronaut")); // of the settings
    QCoreApplication::setApplicationName(QStringLiteral("checksums"));

    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("SHA-256 of every file in a folder."));
    parser.addHelpOption();
    parser.addOptions({
            {QStringLiteral("folder"), QStringLiteral("Folder to hash."), QStringLiteral("path")},
            {QStringLiteral("print"), QStringLiteral("Print what sha256sum prints; no window.")},
            {QStringLiteral("timeout"), QStringLiteral("Time for each file."), QStringLiteral("ms"),
             QStringLiteral("0")},
            {QStringLiteral("screenshot"), QStringLiteral("Save a picture when done, and quit."),
             QStringLiteral("file")},
    });
    parser.process(*app);

    bool valid = false;
    const int timeout = parser.value(QStringLiteral("timeout")).toInt(&valid);
    const QString screenshot = parser.value(QStringLiteral("screenshot"));
    if (!valid || timeout < 0 || (folder.isEmpty() && (print || !screenshot.isEmpty()))
        || !parser.positionalArguments().isEmpty()) {
        write(stderr, parser.helpText().toLocal8Bit());
        return 2;
    }
    if (print)
        return run(printSums(folder, timeout > 0 ? std::chrono::milliseconds(timeout)
                                                 : std::chrono::nanoseconds::max()));
    return showWindow(folder, timeout, screenshot);
}
