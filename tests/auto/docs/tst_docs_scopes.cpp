// Snippets of src/doc/scopes.md.
#include <Synchronaut/Synchronaut>

#include <QtTest/QTest>

#include <stdexcept>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

/// Writes down what it was asked to do.
class Database
{
public:
    Task<> execute(const char *statement)
    {
        co_await sleepFor(1ms);
        add(statement);
    }
    void executeAndWait(const char *statement) { callSync(&Database::execute, this, statement); }
    int countAndWait(const QString &table)
    {
        add("count");
        return int(table.size());
    }
    QStringList done;
    const char *broken = nullptr;

private:
    void add(const char *statement)
    {
        if (qstrcmp(statement, broken) == 0)
            throw std::runtime_error(statement);
        done += QString::fromLatin1(statement);
    }
};

//! [scopes-resource]
class Transaction
{
public:
    explicit Transaction(Database *database) : m_database(database) { }

    Task<Database *> acquire()
    {
        co_await m_database->execute("begin");
        co_return m_database;
    }
    Task<> release(std::exception_ptr error)
    {
        co_await m_database->execute(error ? "rollback" : "commit");
    }

private:
    Database *m_database;
};
//! [scopes-resource]

//! [scopes-task]
Task<> transfer(Database *database)
{
    const auto body = [](Database *db) -> Task<> {
        co_await db->execute("take from one account");
        co_await db->execute("put into the other");
    };
    co_await withResource(Transaction(database), body); // commits, or rolls back
}
//! [scopes-task]

//! [scopes-generator]
AsyncGenerator<QString> temporaryTable(Database *database)
{
    co_await database->execute("create table scratch");
    std::exception_ptr error;
    try {
        co_yield QStringLiteral("scratch");
    } catch (...) {
        error = std::current_exception(); // there is no co_await in a handler
    }
    co_await database->execute("drop table scratch");
    if (error)
        std::rethrow_exception(error);
}
//! [scopes-generator]

//! [scopes-scoped]
void transferAndWait(Database *database)
{
    Transaction transaction(database);
    ScopedResource<Transaction> scope(transaction); // waits for acquire
    (*scope)->executeAndWait("take from one account");
    (*scope)->executeAndWait("put into the other");
    scope.release(); // waits for release, and throws its error
}
//! [scopes-scoped]

int countRows(Database *database)
{
    //! [scopes-sync]
    int rows = withResourceSync({.timeout = 5s}, temporaryTable(database), [&](const QString &table) {
        return database->countAndWait(table); // in this thread
    });
    //! [scopes-sync]
    return rows;
}

const QStringList transferred{QStringLiteral("begin"), QStringLiteral("take from one account"),
                              QStringLiteral("put into the other"), QStringLiteral("commit")};

} // namespace

class tst_DocsScopes : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void tasks()
    {
        Database database;
        run(transfer(&database));
        QCOMPARE(database.done, transferred);
        database.done.clear();
        database.broken = "put into the other";
        QVERIFY_THROWS_EXCEPTION(std::runtime_error, run(transfer(&database)));
        QCOMPARE(database.done.last(), QStringLiteral("rollback"));
    }

    void syncCode()
    {
        Database database;
        transferAndWait(&database);
        QCOMPARE(database.done, transferred);
        database.done.clear();
        QCOMPARE(countRows(&database), 7);
        QCOMPARE(database.done, (QStringList{QStringLiteral("create table scratch"), QStringLiteral("count"),
                                             QStringLiteral("drop table scratch")}));
    }
};

QTEST_GUILESS_MAIN(tst_DocsScopes)
#include "tst_docs_scopes.moc"
