// Imports a CSV file into a database and asks that a question:
//     database --db shop.sqlite --query "SELECT city, count(*) FROM orders GROUP BY city" orders.csv
//     database --dsn postgresql://me@localhost/shop orders.csv
#include "connectionpool.h"
#include "csvimport.h"
#include "databaseerror.h"
#include "rowstream.h"

#include "../logtail/interrupt.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtCore/QFileInfo>

#include <cstdio>
#include <unistd.h>

using namespace Synchronaut;

namespace {

/// How it ended. The last two are those of timeout(1) and of shells.
enum Status {
    Succeeded = 0,
    Failed = 1,
    Usage = 2,
    NoDatabase = 3,
    Locked = 4,
    BadFile = 5,
    TimedOut = 124,
    Interrupted = 130,
};

struct Options
{
    ConnectionSettings settings;
    QString file;
    QString table;
    QString query;
    bool strict = false;
    std::chrono::milliseconds timeout = std::chrono::milliseconds::max();
};

void report(const QString &text)
{
    std::fflush(stdout);
    std::fprintf(stderr, "database: %s\n", qPrintable(text));
}

/// The line that tells how far it is: rewritten in place on a terminal, else a line each 10 percent.
class ProgressLine
{
public:
    void show(qint64 rows, qint64 bytes, qint64 size)
    {
        const int percent = size > 0 ? int(100 * bytes / size) : 100;
        if (percent < m_shown + (m_terminal ? 1 : 10))
            return;
        m_shown = m_terminal ? percent : percent - percent % 10;
        std::fprintf(stderr, "%s%lld rows imported, %d %%%s", m_terminal ? "\r" : "",
                     static_cast<long long>(rows), percent, percent == 100 || !m_terminal ? "\n" : "");
    }

private:
    const bool m_terminal = ::isatty(STDERR_FILENO) != 0;
    int m_shown = -100;
};

QByteArray csvLine(const QStringList &fields)
{
    QStringList quoted;
    for (QString field : fields) {
        if (field.contains(u'"') || field.contains(u',') || field.contains(u'\n') || field.contains(u'\r'))
            field = quotedName(field); // texts are quoted as names are
        quoted += field;
    }
    return quoted.join(QLatin1Char(',')).toUtf8() + '\n';
}

void print(const QByteArray &line)
{
    std::fwrite(line.constData(), 1, std::size_t(line.size()), stdout);
}

Task<> importFile(ConnectionPool *pool, const Options *options)
{
    ProgressLine progress;
    CsvImport import;
    import.file = options->file;
    import.table = options->table;
    import.strict = options->strict;
    import.onMalformed = [options](const MalformedLine &line) {
        report(QStringLiteral("%1, line %2: %3; skipped").arg(options->file).arg(line.number).arg(line.flaw));
    };
    import.onProgress = [&progress](qint64 rows, qint64 bytes, qint64 size) {
        progress.show(rows, bytes, size);
    };
    const CsvImported imported = co_await importCsv(*pool, std::move(import));
    report(QStringLiteral("%1 rows imported into %2, %3 malformed lines skipped")
                   .arg(imported.rows)
                   .arg(options->table)
                   .arg(imported.malformed));
}

/// Prints the result as CSV.
Task<> answer(ConnectionPool *pool, QString query)
{
    const ConnectionLease lease = co_await pool->acquire();
    AsyncGenerator<Row> rows = rowStream(*lease, query);
    std::optional<Row> row = co_await rows.next();
    const QStringList columns = co_await lease->async(&Connection::columns);
    print(csvLine(columns));
    while (row) {
        QStringList fields;
        for (const QVariant &value : std::as_const(*row))
            fields += value.toString();
        print(csvLine(fields));
        row = co_await rows.next();
    }
    if (std::fflush(stdout) != 0)
        throw DatabaseError(DatabaseError::Failed, QStringLiteral("Cannot write the output"));
}

Task<> importAndAnswer(const Options *options)
{
    ConnectionPool pool(options->settings, 2);
    if (!options->file.isEmpty())
        co_await importFile(&pool, options);
    if (!options->query.isEmpty())
        co_await answer(&pool, options->query);
}

/// The same with the time limit, and with a status and words for what happened.
Task<int> work(const Options *options)
{
    try {
        co_await withTimeout(importAndAnswer(options), options->timeout);
        co_return Succeeded;
    } catch (const DatabaseError &e) {
        report(e.message());
        co_return e.kind() == DatabaseError::Unreachable ? NoDatabase
                : e.kind() == DatabaseError::Locked      ? Locked
                                                         : Failed;
    } catch (const CsvError &e) {
        report(QString::fromUtf8(e.what()));
        co_return BadFile;
    } catch (const CallTimeout &) {
        report(QStringLiteral("timed out; what was not complete was rolled back"));
        co_return TimedOut;
    }
}

Task<int> interrupted(Interrupt *interrupt)
{
    co_await fromSignal(interrupt, &Interrupt::requested);
    report(QStringLiteral("interrupted; what was not complete is being rolled back"));
    co_return Interrupted;
}

Task<int> workOrInterrupt(const Options *options)
{
    Interrupt interrupt;
    co_return co_await race(work(options), interrupted(&interrupt)); // waits for the loser, too
}

} // namespace

int main(int argc, char *argv[])
{
    const QCoreApplication app(argc, argv);
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral(
            "Imports a CSV file into a database, in one transaction, and prints the answer to a query.\n"
            "Exit status: 0 done, 1 a statement failed, 3 no such database or connection lost, 4 the SQLite\n"
            "file is locked, 5 the CSV file is unusable, 124 timed out, 130 interrupted."));
    parser.addHelpOption();
    parser.addOptions({
            {QStringLiteral("db"), QStringLiteral("SQLite file (database.sqlite)."), QStringLiteral("path"),
             QStringLiteral("database.sqlite")},
            {QStringLiteral("dsn"), QStringLiteral("PostgreSQL: postgresql://user:password@host:port/database."),
             QStringLiteral("url")},
            {QStringLiteral("table"), QStringLiteral("Table to import into (the file's name)."),
             QStringLiteral("name")},
            {QStringLiteral("query"), QStringLiteral("What to ask (how many rows there are)."),
             QStringLiteral("sql")},
            {QStringLiteral("strict"), QStringLiteral("Malformed lines end the import instead of being skipped.")},
            {QStringLiteral("timeout"), QStringLiteral("Seconds for all of it."), QStringLiteral("s")},
            {QStringLiteral("lock-timeout"), QStringLiteral("Seconds to wait for a locked SQLite file (5)."),
             QStringLiteral("s"), QStringLiteral("5")},
    });
    parser.addPositionalArgument(QStringLiteral("file"), QStringLiteral("CSV file to import."),
                                 QStringLiteral("[file]"));
    parser.process(app);

    Options options;
    bool valid = parser.positionalArguments().size() <= 1;
    const auto seconds = [&](const QString &name) {
        bool isNumber = false;
        const double value = parser.value(name).toDouble(&isNumber);
        valid = valid && isNumber && value >= 0 && value < 1e6;
        return valid ? std::chrono::milliseconds(qint64(value * 1000)) : std::chrono::milliseconds(0);
    };
    if (parser.isSet(QStringLiteral("timeout")))
        options.timeout = seconds(QStringLiteral("timeout"));
    try {
        options.settings = parser.isSet(QStringLiteral("dsn"))
                ? ConnectionSettings::postgres(parser.value(QStringLiteral("dsn")))
                : ConnectionSettings::sqlite(parser.value(QStringLiteral("db")));
    } catch (const DatabaseError &e) {
        report(e.message());
        return NoDatabase;
    }
    options.settings.lockTimeout = seconds(QStringLiteral("lock-timeout"));
    options.file = parser.positionalArguments().value(0);
    options.table = parser.value(QStringLiteral("table"));
    if (options.table.isEmpty())
        options.table = QFileInfo(options.file).completeBaseName();
    options.query = parser.value(QStringLiteral("query"));
    options.strict = parser.isSet(QStringLiteral("strict"));
    if (options.query.isEmpty() && !options.file.isEmpty())
        options.query = QStringLiteral("SELECT count(*) AS rows FROM %1").arg(quotedName(options.table));
    if (!valid || options.query.isEmpty()) {
        std::fputs(qPrintable(parser.helpText()), stderr);
        return Usage;
    }
    return run(workOrInterrupt(&options));
}
