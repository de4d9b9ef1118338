#include "csvimport.h"

#include "transaction.h"

#include <Synchronaut/Synchronaut>

using namespace Synchronaut;

namespace {

constexpr int blockSize = 2000; // records

QStringList quotedNames(const QStringList &names)
{
    QStringList quoted;
    for (const QString &name : names)
        quoted += quotedName(name);
    return quoted;
}

/// Reads and writes side by side: while one block is written the next one is read.
Task<CsvImported> copyRows(const CsvImport &import, const Synchronized<CsvReader> &reader,
                           const Synchronized<Connection> &connection)
{
    const QStringList names = quotedNames(co_await reader.async(&CsvReader::columns));
    const qint64 size = co_await reader.async(&CsvReader::size);
    const QString table = quotedName(import.table);
    const QString create = QStringLiteral("CREATE TABLE IF NOT EXISTS %1 (%2 TEXT)")
                                   .arg(table, names.join(QStringLiteral(" TEXT, ")));
    const QVariantList noValues;
    co_await connection.async(&Connection::execute, create, noValues);
    const QString target = QStringLiteral("%1 (%2)").arg(table, names.join(QLatin1Char(',')));

    CsvImported imported;
    QFuture<CsvBlock> next = reader.call(&CsvReader::read, blockSize);
    for (;;) {
        const CsvBlock block = co_await std::exchange(next, {});
        if (!block.atEnd)
            next = reader.call(&CsvReader::read, blockSize);
        for (const MalformedLine &line : block.malformed) {
            if (import.strict)
                throw CsvError(QStringLiteral("%1, line %2: %3; nothing was imported")
                                       .arg(import.file).arg(line.number).arg(line.flaw));
            import.onMalformed(line);
        }
        co_await connection.async(&Connection::insert, target, block.rows);
        imported.rows += block.rows.size();
        imported.malformed += block.malformed.size();
        import.onProgress(imported.rows, block.position, size);
        if (block.atEnd)
            co_return imported;
    }
}

} // namespace

QString quotedName(QString name)
{
    return QLatin1Char('"') + name.replace(QLatin1Char('"'), QLatin1String("\"\"")) + QLatin1Char('"');
}

Task<CsvImported> importCsv(ConnectionPool &pool, CsvImport import)
{
    Synchronizer files("csv", Synchronizer::ThreadAffine);
    const Synchronized<CsvReader> reader = co_await files.makeAsync<CsvReader>(import.file);
    const auto body = [&](const Synchronized<Connection> &connection) {
        return copyRows(import, reader, connection);
    };
    Transaction transaction(pool);
    co_return co_await withResource(transaction, body);
}
