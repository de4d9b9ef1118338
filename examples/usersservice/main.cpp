// Users from a SQLite database over HTTP:
//     usersservice --port 8000 --db users.sqlite
//     curl http://127.0.0.1:8000/users/1
#include "databaseerror.h"
#include "requestlog.h"
#include "testroutes.h"
#include "users.h"
#include "usersservice.h"

#include "../logtail/interrupt.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtCore/QTemporaryDir>

#include <cstdio>

using namespace Synchronaut;

namespace {

enum Status { Succeeded = 0, Failed = 1, Usage = 2, Interrupted = 130 };

struct Options
{
    QString database;
    QHostAddress address;
    quint16 port = 0;
    ServiceLimits limits;
    std::chrono::milliseconds grace{0};
    bool testRoutes = false;
};

Task<> prepare(ConnectionPool *pool)
{
    const ConnectionLease connection = co_await pool->acquire();
    co_await connection->async(createUsers);
}

Task<int> stop(UsersService *service, std::chrono::milliseconds grace)
{
    co_await service->stop(grace);
    co_return Succeeded;
}

Task<int> interrupted(Interrupt *interrupt)
{
    co_await fromSignal(interrupt, &Interrupt::requested);
    co_return Interrupted;
}

Task<int> serve(const Options *options)
{
    Interrupt interrupt;
    UsersService service(ConnectionSettings::sqlite(options->database), options->limits);
    if (options->testRoutes)
        addTestRoutes(&service);
    try {
        co_await prepare(service.pool());
    } catch (const DatabaseError &e) {
        qCCritical(usersLog, "%s", e.what());
        co_return Failed;
    }
    const quint16 port = service.listen(options->address, options->port);
    if (port == 0) {
        qCCritical(usersLog, "Cannot listen on port %d", int(options->port));
        co_return Failed;
    }
    std::printf("Listening on http://%s:%d\n", qPrintable(options->address.toString()), int(port));
    std::fflush(stdout);

    co_await fromSignal(&interrupt, &Interrupt::requested);
    const int status = co_await race(stop(&service, options->grace), interrupted(&interrupt)); // twice: at once
    co_await service.end();
    co_return status;
}

/// Empty when the command line is as it should be, else what is wrong with it.
QString read(const QCommandLineParser &parser, Options *options)
{
    QString flaw;
    const auto number = [&](const QString &name, int least, int most) {
        bool isNumber = false;
        const int value = parser.value(name).toInt(&isNumber);
        if (!isNumber || value < least || value > most)
            flaw = QStringLiteral("--%1 is a number from %2 to %3").arg(name).arg(least).arg(most);
        return value;
    };
    options->database = parser.value(QStringLiteral("db"));
    options->port = quint16(number(QStringLiteral("port"), 0, 65'535));
    options->limits.deadline = std::chrono::milliseconds(number(QStringLiteral("deadline"), 1, 3'600'000));
    options->limits.pending = number(QStringLiteral("max-pending"), 1, 100'000);
    options->limits.connections = number(QStringLiteral("connections"), 1, 100);
    options->grace = std::chrono::milliseconds(number(QStringLiteral("grace"), 0, 3'600'000));
    options->testRoutes = parser.isSet(QStringLiteral("with-test-routes"));
    if (!options->address.setAddress(parser.value(QStringLiteral("address"))))
        flaw = QStringLiteral("--address is an IP address");
    if (!parser.positionalArguments().isEmpty())
        flaw = QStringLiteral("There are options only");
    return flaw;
}

} // namespace

int main(int argc, char *argv[])
{
    const QCoreApplication app(argc, argv);
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral(
            "Serves / and /users/ID over HTTP. Ctrl-C or SIGTERM: no new requests, those under way are finished.\n"
            "Exit status: 0 stopped, 1 no database or no port, 2 usage, 130 interrupted twice."));
    parser.addHelpOption();
    const auto add = [&parser](const char *name, const char *text, const char *value, const char *standard) {
        parser.addOption({QString::fromLatin1(name), QString::fromLatin1(text), QString::fromLatin1(value),
                          QString::fromLatin1(standard)});
    };
    add("address", "IP address to listen on (127.0.0.1).", "ip", "127.0.0.1");
    add("port", "Port (8000); 0: any. It is printed.", "port", "8000");
    add("db", "SQLite file (a temporary one); the table of users is made if it is missing.", "path", "");
    add("deadline", "Milliseconds for a request (2000), then: 504.", "ms", "2000");
    add("max-pending", "Requests under way at the same time (256); more: 503.", "n", "256");
    add("connections", "Connections to the database (4).", "n", "4");
    add("grace", "Milliseconds for requests that are under way at the end (5000).", "ms", "5000");
    add("log", "quiet, normal or verbose.", "detail", "normal");
    parser.addOption({QStringLiteral("with-test-routes"), QStringLiteral("Routes that misbehave.")});
    parser.process(app);

    Options options;
    QString flaw = read(parser, &options);
    const QStringList details{QStringLiteral("quiet"), QStringLiteral("normal"), QStringLiteral("verbose")};
    const qsizetype detail = details.indexOf(parser.value(QStringLiteral("log")));
    if (detail < 0)
        flaw = QStringLiteral("--log is quiet, normal or verbose");
    if (!flaw.isEmpty()) {
        std::fprintf(stderr, "usersservice: %s\n", qPrintable(flaw));
        return Usage;
    }
    const RequestLog log{RequestLog::Detail(detail)};
    const QTemporaryDir folder;
    if (options.database.isEmpty())
        options.database = folder.filePath(QStringLiteral("users.sqlite"));
    return run(serve(&options));
}
