#include "connection.h"

#include "databaseerror.h"
#include "sqlitecancel.h"

#include <Synchronaut/Cancellation>
#include <Synchronaut/CancellationShield>
#include <Synchronaut/Synchronizer>

#include <QtSql/QSqlError>
#include <QtSql/QSqlRecord>

#include <algorithm>
#include <atomic>

using namespace Synchronaut;

namespace {

QString uniqueName()
{
    static std::atomic<int> s_count{0};
    return QStringLiteral("connection %1").arg(++s_count);
}

QString placeholders(qsizetype columns, qsizetype rows)
{
    QString row = QStringLiteral("(?") + QStringLiteral(",?").repeated(columns - 1) + QLatin1Char(')');
    return row + (QLatin1Char(',') + row).repeated(rows - 1);
}

Row currentRow(const QSqlQuery &query, int columns)
{
    Row row;
    row.reserve(columns);
    for (int i = 0; i < columns; ++i)
        row += query.value(i);
    return row;
}

} // namespace

Connection::Connection(const ConnectionSettings &settings, const Synchronized<BackendCanceler> &canceler)
    : m_canceler(canceler), m_name(uniqueName()), m_description(settings.description())
{
    if (!QSqlDatabase::isDriverAvailable(settings.driver)) {
        throw DatabaseError(DatabaseError::Unreachable,
                            QStringLiteral("Qt's driver %1 is missing; on Debian it is in the package %2")
                                    .arg(settings.driver,
                                         settings.isSqlite() ? QStringLiteral("libqt6sql6-sqlite")
                                                             : QStringLiteral("libqt6sql6-psql")));
    }
    m_database = QSqlDatabase::addDatabase(settings.driver, m_name);
    try {
        connectToDatabase(settings);
    } catch (...) {
        m_database = {};
        QSqlDatabase::removeDatabase(m_name);
        throw;
    }
}

Connection::~Connection()
{
    reset();
    m_prepared.clear();
    m_database = {};
    QSqlDatabase::removeDatabase(m_name);
}

void Connection::connectToDatabase(const ConnectionSettings &settings)
{
    m_database.setDatabaseName(settings.database);
    m_database.setHostName(settings.host);
    m_database.setPort(settings.port);
    m_database.setUserName(settings.user);
    m_database.setPassword(settings.password);
    m_database.setConnectOptions(settings.options);
    if (!m_database.open()) {
        throw DatabaseError(DatabaseError::Unreachable,
                            QStringLiteral("Cannot connect to %1: %2")
                                    .arg(m_description, messageOf(m_database.lastError())));
    }
    if (settings.isSqlite()) {
        cancelSqliteWithCalls(m_database.driver(), settings.lockTimeout);
        execute(QStringLiteral("PRAGMA schema_version")); // opening alone does not look at the file
    } else {
        m_pid = query(QStringLiteral("SELECT pg_backend_pid()")).first().first().toInt();
    }
}

bool Connection::isHealthy()
{
    try {
        return query(QStringLiteral("SELECT 1")).size() == 1;
    } catch (const DatabaseError &) {
        return false;
    }
}

int Connection::execute(const QString &sql, const QVariantList &values)
{
    if (values.isEmpty()) {
        QSqlQuery query(m_database);
        run(query, [&] { return query.exec(sql); });
        return query.numRowsAffected();
    }
    QSqlQuery &query = prepared(sql);
    for (int i = 0; i < values.size(); ++i)
        query.bindValue(i, values.at(i));
    run(query, [&] { return query.exec(); });
    const int changed = query.numRowsAffected();
    query.finish(); // it would keep a lock on a SQLite file
    return changed;
}

QList<Row> Connection::query(const QString &sql)
{
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    QList<Row> rows;
    run(query, [&] {
        const bool done = query.exec(sql);
        const int columns = query.record().count();
        while (done && query.next())
            rows += currentRow(query, columns);
        return !query.lastError().isValid();
    });
    return rows;
}

void Connection::insert(const QString &target, const QList<QStringList> &rows)
{
    constexpr qsizetype most = 400; // values a statement
    for (qsizetype first = 0, count = 0; first < rows.size(); first += count) {
        const qsizetype columns = rows.at(first).size();
        const qsizetype many = std::clamp<qsizetype>(most / columns, 1, 100);
        count = rows.size() - first >= many ? many : 1; // two statements to prepare, not a hundred
        QVariantList values;
        values.reserve(count * columns);
        for (qsizetype i = first; i < first + count; ++i) {
            for (const QString &text : rows.at(i))
                values += text;
        }
        execute(QStringLiteral("INSERT INTO %1 VALUES %2").arg(target, placeholders(columns, count)), values);
    }
}

void Connection::open(const QString &sql)
{
    finish();
    m_open.emplace(m_database);
    m_open->setForwardOnly(true); // neither Qt nor libpq keeps rows then
    run(*m_open, [&] { return m_open->exec(sql); });
    const QSqlRecord record = m_open->record();
    m_columns.clear();
    for (int i = 0; i < record.count(); ++i)
        m_columns += record.fieldName(i);
}

QList<Row> Connection::fetch(int count)
{
    QList<Row> rows;
    if (!m_open)
        return rows;
    rows.reserve(count);
    run(*m_open, [&] {
        while (rows.size() < count && m_open->next())
            rows += currentRow(*m_open, int(m_columns.size()));
        return !rows.isEmpty() || !m_open->lastError().isValid(); // the error waits for its turn
    });
    return rows;
}

void Connection::finish() noexcept
{
    if (!m_open)
        return;
    // Qt's PostgreSQL driver reads what is left of the result: the server had better stop
    // (but not in a transaction, which would fail with that)
    if (m_canceler && m_state == State::NoTransaction && m_open->isActive()
        && m_open->at() != QSql::AfterLastRow) {
        const CancellationShield shield;
        const auto once = std::make_shared<QSemaphore>(1);
        m_canceler.call(&BackendCanceler::cancel, m_pid, once).waitForFinished();
    }
    m_open.reset();
}

void Connection::begin()
{
    execute(m_pid != 0 ? QStringLiteral("BEGIN") : QStringLiteral("BEGIN IMMEDIATE"));
    m_state = State::Transaction;
}

void Connection::commit()
{
    finish();
    if (m_state == State::FailedTransaction) {
        rollback();
        throw DatabaseError(DatabaseError::Failed,
                            QStringLiteral("The transaction was rolled back, because a statement in it "
                                           "has failed"));
    }
    execute(QStringLiteral("COMMIT"));
    m_state = State::NoTransaction;
}

void Connection::rollback()
{
    finish();
    m_state = State::NoTransaction; // if this fails, the database has done it already
    QSqlQuery query(m_database);
    if (!query.exec(QStringLiteral("ROLLBACK")) && !m_database.isOpen())
        fail(query.lastError());
}

void Connection::reset() noexcept
{
    try {
        finish();
        if (m_state != State::NoTransaction)
            rollback();
    } catch (const DatabaseError &) {
        // the connection is lost, and the transaction with it
    }
}

template <typename Work>
void Connection::run(const QSqlQuery &query, Work work)
{
    // SQLite may have ended the transaction: what came now would be committed by itself
    if (m_state == State::FailedTransaction) {
        throw DatabaseError(DatabaseError::Failed,
                            QStringLiteral("A statement of this transaction has failed; roll it back"));
    }
    bool done = false;
    {
        const BackendQuery cancellable(m_canceler, m_pid);
        done = work();
    }
    if (!done)
        fail(query.lastError());
}

QSqlQuery &Connection::prepared(const QString &sql)
{
    const auto found = m_prepared.find(sql);
    if (found != m_prepared.end())
        return found->second;
    QSqlQuery query(m_database);
    run(query, [&] { return query.prepare(sql); });
    return m_prepared.emplace(sql, std::move(query)).first->second;
}

void Connection::fail(const QSqlError &error)
{
    if (m_state == State::Transaction)
        m_state = State::FailedTransaction;
    throw databaseError(error, m_description, m_pid == 0, m_database.isOpen());
}
