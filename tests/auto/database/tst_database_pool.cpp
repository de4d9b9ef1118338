// Pool, transactions and streams of examples/database, on a SQLite file and on a PostgreSQL server.
#include "../support/waiting.h"

#include "connectionpool.h"
#include "databaseerror.h"
#include "postgresserver.h"
#include "rowstream.h"
#include "transaction.h"

#include <QtCore/QElapsedTimer>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <functional>
#include <memory>
#include <stdexcept>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

enum class End { Error, Cancel, CancelInQuery, Timeout, TimeoutInQuery, Destruction };

const QString insertOne = QStringLiteral("INSERT INTO pairs VALUES (?, ?)");
const QString countAll = QStringLiteral("SELECT count(*) FROM pairs");

/// Inserts two rows that belong together.
Task<> insertPair(ConnectionPool *pool, int id)
{
    const auto body = [id](const Synchronized<Connection> &connection) -> Task<> {
        const QVariantList first{id, QStringLiteral("a")};
        const QVariantList second{id, QStringLiteral("b")};
        co_await connection.async(&Connection::execute, insertOne, first);
        co_await connection.async(&Connection::execute, insertOne, second);
    };
    Transaction transaction(*pool);
    co_await withResource(transaction, body);
}

Task<int> count(ConnectionPool *pool)
{
    const ConnectionLease lease = co_await pool->acquire();
    const QList<Row> rows = co_await lease->async(&Connection::query, countAll);
    co_return rows.first().first().toInt();
}

/// Inserts a row in a transaction that ends badly.
Task<> insertInVain(ConnectionPool *pool, End end, QString endless, QPromise<void> *inserted)
{
    const auto body = [=](const Synchronized<Connection> &connection) -> Task<> {
        const QVariantList values{1, QStringLiteral("a")};
        co_await connection.async(&Connection::execute, insertOne, values);
        inserted->finish();
        if (end == End::Error)
            throw std::runtime_error("enough");
        if (end == End::CancelInQuery || end == End::TimeoutInQuery)
            co_await connection.async(&Connection::query, endless);
        co_await sleepFor(1h);
    };
    Transaction transaction(*pool);
    co_await withResource(transaction, body);
}

/// Takes a connection and writes down that it was \a number's turn.
Task<> takeTurn(ConnectionPool *pool, int number, QList<int> *turns)
{
    const ConnectionLease lease = co_await pool->acquire();
    turns->append(number);
    co_await lease->async(&Connection::isHealthy);
}

Task<> awaitAll(QList<QFuture<void>> futures)
{
    for (const QFuture<void> &future : futures)
        co_await future;
}

Task<DatabaseError::Kind> kindThrownBy(Task<> task)
{
    try {
        co_await std::move(task);
    } catch (const DatabaseError &e) {
        co_return e.kind();
    }
    throw std::runtime_error("no DatabaseError");
}

qint64 residentMemory() // bytes
{
    QFile file(QStringLiteral("/proc/self/statm"));
    if (!file.open(QIODevice::ReadOnly))
        return -1;
    return file.readAll().split(' ').value(1).toLongLong() * 4096;
}

} // namespace

class TestDatabasePool : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data()
    {
        QTest::addColumn<bool>("postgres");
        QTest::newRow("SQLite") << false;
        if (PostgresServer::isInstalled())
            QTest::newRow("PostgreSQL") << true;
    }
    void initTestCase()
    {
        if (!PostgresServer::isInstalled())
            return;
        QCOMPARE(m_server.create(), QString());
        QCOMPARE(m_server.start(), QString());
    }

    void init()
    {
        QFETCH_GLOBAL(const bool, postgres);
        m_postgres = postgres;
        m_settings = postgres ? ConnectionSettings::postgres(m_server.dsn())
                              : ConnectionSettings::sqlite(m_folder.filePath(QStringLiteral("test.sqlite")));
        m_settings.lockTimeout = 60s;
        Connection connection(m_settings);
        connection.execute(QStringLiteral("DROP TABLE IF EXISTS pairs"));
        connection.execute(QStringLiteral("CREATE TABLE pairs (id INTEGER, half TEXT)"));
    }

    void manyTasksShareFewConnections()
    {
        ConnectionPool pool(m_settings, 4);
        QList<QFuture<void>> futures;
        for (int i = 0; i < 64; ++i)
            futures += spawn(insertPair(&pool, i));
        QCOMPARE(pool.waiting(), 60);
        run(awaitAll(futures));
        QCOMPARE(pool.waiting(), 0);
        QCOMPARE(run(count(&pool)), 128);
    }

    void waitersComeInOrder()
    {
        ConnectionPool pool(m_settings, 1);
        QList<int> turns;
        QList<QFuture<void>> futures;
        for (int i = 0; i < 10; ++i)
            futures += spawn(takeTurn(&pool, i, &turns));
        futures[4].cancel(); // one who has gone is passed over
        futures.removeAt(4);
        run(awaitAll(futures));
        QCOMPARE(turns, QList<int>({0, 1, 2, 3, 5, 6, 7, 8, 9}));
    }

    void waitEndsAtItsDeadline()
    {
        ConnectionPool pool(m_settings, 1, 200ms);
        const auto test = [&pool]() -> Task<QByteArray> {
            const ConnectionLease lease = co_await pool.acquire();
            try {
                const ConnectionLease second = co_await pool.acquire();
            } catch (const DatabaseError &e) {
                co_return e.kind() == DatabaseError::Exhausted ? QByteArray(e.what()) : "another kind";
            }
            co_return "no error";
        };
        QElapsedTimer timer;
        timer.start();
        const QByteArray error = run(test());
        QVERIFY2(error.startsWith("All 1 connections to ") && error.contains("were in use for 200 ms"),
                 error.constData());
        QVERIFY(timer.elapsed() >= 200);
        QCOMPARE(pool.waiting(), 0);
        QCOMPARE(run(count(&pool)), 0);
    }

    void connectionGivenToWhoHasGoneIsKept()
    {
        ConnectionPool pool(m_settings, 1);
        const auto test = [&pool]() -> Task<int> {
            QFuture<int> waiter;
            {
                const ConnectionLease lease = co_await pool.acquire();
                waiter = spawn(count(&pool));
            } // given to the waiter, which does not get to run
            waiter.cancel();
            co_return co_await count(&pool);
        };
        QCOMPARE(run(test()), 0);
    }

    void transactionCommits()
    {
        ConnectionPool pool(m_settings, 1);
        run(insertPair(&pool, 1));
        QCOMPARE(run(count(&pool)), 2);
    }

    void transactionIsRolledBack_data()
    {
        QTest::addColumn<End>("end");
        QTest::newRow("error") << End::Error;
        QTest::newRow("cancelled") << End::Cancel;
        QTest::newRow("cancelled in a query") << End::CancelInQuery;
        QTest::newRow("timed out") << End::Timeout;
        QTest::newRow("timed out in a query") << End::TimeoutInQuery;
        QTest::newRow("destroyed") << End::Destruction;
    }
    void transactionIsRolledBack()
    {
        QFETCH(const End, end);
        ConnectionPool pool(m_settings, 1);
        QPromise<void> inserted;
        inserted.start();
        auto task = insertInVain(&pool, end, endless(), &inserted);
        if (end == End::Error) {
            QVERIFY_EXCEPTION_THROWN(run(std::move(task)), std::runtime_error);
        } else if (end == End::Timeout || end == End::TimeoutInQuery) {
            QVERIFY_EXCEPTION_THROWN(run(withTimeout(std::move(task), 500ms)), CallTimeout);
        } else {
            auto owner = std::make_unique<QObject>();
            QFuture<void> future = spawn(owner.get(), std::move(task));
            run(inserted.future());
            if (end == End::Destruction)
                owner.reset();
            else
                future.cancel();
            QCOMPARE(run(count(&pool)), 0); // the pool's only connection: waits for the rollback
        }
        QCOMPARE(run(count(&pool)), 0);
        run(insertPair(&pool, 2));
        QCOMPARE(run(count(&pool)), 2);
    }

    void failedStatementFailsItsTransaction()
    {
        ConnectionPool pool(m_settings, 1);
        const auto body = [](const Synchronized<Connection> &connection) -> Task<> {
            const QVariantList values{1, QStringLiteral("a")};
            co_await connection.async(&Connection::execute, insertOne, values);
            try {
                co_await connection.async(&Connection::query, QStringLiteral("SELECT nothing"));
            } catch (const DatabaseError &) {
                // a body that does not look
            }
            try {
                co_await connection.async(&Connection::execute, insertOne, values);
            } catch (const DatabaseError &) {
            }
        };
        const auto test = [&]() -> Task<> {
            Transaction transaction(pool);
            co_await withResource(transaction, body);
        };
        QCOMPARE(run(kindThrownBy(test())), DatabaseError::Failed);
        QCOMPARE(run(count(&pool)), 0);
    }

    void cancelledQueryEnds()
    {
        ConnectionPool pool(m_settings, 1);
        const auto test = [&]() -> Task<int> {
            const QString query = endless();
            const ConnectionLease lease = co_await pool.acquire();
            for (int i = 0; i < 5; ++i) {
                try {
                    co_await withTimeout(lease->async(&Connection::query, query), std::chrono::milliseconds(i * 20 + 1));
                } catch (const CallTimeout &) {
                }
                // comes after the other one, and is not hit by what has ended that
                const QList<Row> rows = co_await lease->async(&Connection::query, countAll);
                if (rows.size() != 1)
                    co_return i;
            }
            QFuture<QList<Row>> call = spawn(lease->async(&Connection::query, query));
            co_await sleepFor(50ms);
            call.cancel();
            const QList<Row> rows = co_await lease->async(&Connection::query, countAll);
            co_return rows.size() == 1 ? -1 : 5;
        };
        QCOMPARE(run(test()), -1);
    }

    void endedQuerySaysWhy()
    {
        // seen by what runs on the connection's own thread
        ConnectionPool pool(m_settings, 1);
        std::atomic<int> kind = -1;
        const auto watch = [&kind](Connection &connection, const QString &query) {
            try {
                connection.query(query);
            } catch (const DatabaseError &e) {
                kind = e.kind();
            }
        };
        const auto test = [&]() -> Task<bool> {
            const ConnectionLease lease = co_await pool.acquire();
            QFuture<void> call = spawn(lease->async(watch, endless()));
            co_await sleepFor(50ms);
            call.cancel();
            const bool healthy = co_await lease->async(&Connection::isHealthy);
            co_return healthy;
        };
        QVERIFY(run(test()));
        QCOMPARE(kind.load(), int(DatabaseError::Interrupted));
    }

    void millionRowsInConstantMemory()
    {
        ConnectionPool pool(m_settings, 1);
        qint64 most = 0;
        qint64 sum = 0;
        const auto test = [&]() -> Task<int> {
            const ConnectionLease lease = co_await pool.acquire();
            AsyncGenerator<Row> rows = rowStream(*lease, numbers(1'000'000));
            int received = 0;
            SYNCHRONAUT_FOR_AWAIT(const Row &row, rows)
            {
                sum += row.at(0).toLongLong();
                if (row.at(1).toString().size() != 100)
                    co_return -1;
                if (++received % 10'000 == 0)
                    most = std::max(most, residentMemory());
            }
            co_return received;
        };
        const qint64 before = residentMemory();
        QVERIFY(before > 0);
        QCOMPARE(run(test()), 1'000'000);
        QCOMPARE(sum, qint64(500'000'500'000));
        const qint64 growth = (most - before) / (1 << 20);
        qInfo("%lld MiB more", static_cast<long long>(growth));
        if (!TestSupport::sanitized) // those keep what is freed
            QVERIFY2(growth < 32, QByteArray::number(growth).constData()); // all rows: more than 300
    }

    void consumerSetsThePace()
    {
        ConnectionPool pool(m_settings, 1);
        const auto test = [&]() -> Task<int> {
            const ConnectionLease lease = co_await pool.acquire();
            AsyncGenerator<Row> rows = rowStream(*lease, numbers(100'000), 100);
            co_await rows.next();
            co_await sleepFor(20ms);
            const QList<Row> more = co_await lease->async(&Connection::fetch, 1);
            co_return more.first().first().toInt(); // no more than one block was taken before
        };
        QCOMPARE(run(test()), 101);
    }

    void streamLeftEarlyFreesItsConnection()
    {
        ConnectionPool pool(m_settings, 1);
        const auto test = [&]() -> Task<int> {
            const ConnectionLease lease = co_await pool.acquire();
            int received = 0;
            for (int i = 0; i < 3; ++i) {
                SYNCHRONAUT_FOR_AWAIT(const Row &row, rowStream(*lease, numbers(100'000'000), 10))
                {
                    received += int(row.size());
                    if (received % 30 == 0)
                        break;
                }
            }
            const QList<Row> rows = co_await lease->async(&Connection::query, countAll);
            co_return received + rows.first().first().toInt();
        };
        QCOMPARE(run(test()), 90);
        QCOMPARE(run(count(&pool)), 0);
    }

    void streamErrorArrivesAtItsItem()
    {
        ConnectionPool pool(m_settings, 1);
        const QString sql = m_postgres
                ? QStringLiteral("SELECT 1 / (2500 - i) FROM generate_series(1, 5000) AS i")
                : QStringLiteral("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000) "
                                 "SELECT CASE i WHEN 2500 THEN abs(-9223372036854775807 - 1) ELSE i END FROM n");
        const auto test = [&]() -> Task<int> {
            const ConnectionLease lease = co_await pool.acquire();
            AsyncGenerator<Row> rows = rowStream(*lease, sql);
            int received = 0;
            try {
                for (auto row = co_await rows.next(); row; row = co_await rows.next())
                    ++received;
            } catch (const DatabaseError &) {
                co_return received;
            }
            co_return -1;
        };
        QCOMPARE(run(test()), 2499);
        QCOMPARE(run(count(&pool)), 0);
    }

    void streamIsCancelledWithItsTask()
    {
        ConnectionPool pool(m_settings, 1);
        const auto test = [&]() -> Task<> {
            const ConnectionLease lease = co_await pool.acquire();
            // never gives its second block
            const QString sql = m_postgres ? QStringLiteral("SELECT i, CASE WHEN i > 5 THEN pg_sleep(600) END FROM generate_series(1, 10) AS i")
                                           : endlessRows();
            AsyncGenerator<Row> rows = rowStream(*lease, sql, 5);
            SYNCHRONAUT_FOR_AWAIT(const Row &row, rows)
                static_cast<void>(row);
        };
        QVERIFY_EXCEPTION_THROWN(run(withTimeout(test(), 300ms)), CallTimeout);
        QCOMPARE(run(count(&pool)), 0);
    }

    void poolWithoutDatabase()
    {
        ConnectionSettings settings = m_settings;
        settings.database = m_postgres ? QStringLiteral("nowhere") : m_folder.filePath(QStringLiteral("no/where"));
        ConnectionPool pool(settings, 2);
        const auto test = [&pool]() -> Task<> { co_await pool.acquire(); };
        for (int i = 0; i < 5; ++i) // the places in the pool are not lost
            QCOMPARE(run(kindThrownBy(test())), DatabaseError::Unreachable);
    }

    void connectionIsLeftClean()
    {
        ConnectionPool pool(m_settings, 1);
        const auto test = [&pool]() -> Task<> {
            const ConnectionLease lease = co_await pool.acquire();
            const QVariantList values{1, QStringLiteral("a")};
            co_await lease->async(&Connection::begin);
            co_await lease->async(&Connection::execute, insertOne, values);
            co_await lease->async(&Connection::open, QStringLiteral("SELECT * FROM pairs"));
        };
        run(test());
        QCOMPARE(run(count(&pool)), 0);
        run(insertPair(&pool, 1));
        QCOMPARE(run(count(&pool)), 2);
    }

private:
    QString endless() const
    {
        return m_postgres ? QStringLiteral("SELECT pg_sleep(600)")
                          : QStringLiteral("SELECT max(i) FROM (%1)").arg(endlessRows());
    }
    static QString endlessRows() // which take their time after the fifth
    {
        return QStringLiteral("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                              "SELECT i FROM n WHERE i <= 5");
    }
    QString numbers(int count) const
    {
        return (m_postgres ? QStringLiteral("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %1) "
                                            "SELECT i, repeat('x', 100) FROM n")
                           : QStringLiteral("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %1) "
                                            "SELECT i, hex(zeroblob(50)) FROM n"))
                .arg(count);
    }

    QTemporaryDir m_folder;
    PostgresServer m_server;
    ConnectionSettings m_settings;
    bool m_postgres = false;
};

QTEST_GUILESS_MAIN(TestDatabasePool)
#include "tst_database_pool.moc"
