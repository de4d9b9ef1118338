#pragma once

#include "backendcanceler.h"
#include "connectionsettings.h"

#include <QtCore/QList>
#include <QtCore/QStringList>
#include <QtCore/QVariantList>
#include <QtSql/QSqlDatabase>
#include <QtSql/QSqlQuery>

#include <map>
#include <optional>

using Row = QVariantList;

/*!
    A connection to a database: plain, blocking, and for one thread, as a QSqlDatabase is. A
    Synchronizer brings it together with coroutines, see ConnectionPool.

    All members throw DatabaseError unless they say otherwise. A call that is cancelled or timed out
    ends the statement that it runs, with DatabaseError::Interrupted. (With PostgreSQL that takes a
    time limit, or a task that awaits async(): QFuture::cancel() alone calls no stop_callback.)
*/
class Connection
{
public:
    /// Connects. \a canceler ends queries on a PostgreSQL server; without one they cannot be cancelled.
    explicit Connection(const ConnectionSettings &settings,
                        const Synchronaut::Synchronized<BackendCanceler> &canceler = {});
    ~Connection();
    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;

    /// Asks the database whether it is still there. Does not throw.
    bool isHealthy();

    /// Runs a statement and gives the number of rows that it changed. \a values are for its question
    /// marks. Prepared once where it has values, and kept.
    int execute(const QString &sql, const QVariantList &values = {});
    /// All rows of a result that is small.
    QList<Row> query(const QString &sql);
    /// Inserts \a rows of texts, several a statement. \a target is what stands behind INSERT INTO.
    void insert(const QString &target, const QList<QStringList> &rows);

    /// Begins a query whose result is fetched piece by piece, and ends an earlier one.
    void open(const QString &sql);
    /// Names of the columns of the query that was opened last.
    QStringList columns() const { return m_columns; }
    /// The next rows of the open query, at most \a count; none: it is at its end. An error that comes
    /// after some rows is thrown by the next call.
    QList<Row> fetch(int count);
    /// Ends the open query, also before its last row. Does not throw.
    void finish() noexcept;

    /// Begins a transaction; with SQLite it has the file for itself among writers from here on.
    void begin();
    /// A transaction in which a statement has failed is rolled back instead, and that is thrown.
    void commit();
    void rollback();
    /// Makes it as good as new: ends an open query, rolls back an open transaction. Does not throw.
    void reset() noexcept;

private:
    enum class State { NoTransaction, Transaction, FailedTransaction };

    void connectToDatabase(const ConnectionSettings &settings);
    /// Runs \a work, which gives true or has left its error in \a query.
    template <typename Work>
    void run(const QSqlQuery &query, Work work);
    QSqlQuery &prepared(const QString &sql);
    [[noreturn]] void fail(const QSqlError &error);

    const Synchronaut::Synchronized<BackendCanceler> m_canceler;
    const QString m_name; ///< of the QSqlDatabase
    QString m_description;
    QSqlDatabase m_database;
    int m_pid = 0; ///< of the server's process
    State m_state = State::NoTransaction;
    std::map<QString, QSqlQuery> m_prepared;
    std::optional<QSqlQuery> m_open;
    QStringList m_columns;
};
