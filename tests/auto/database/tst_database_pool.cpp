// Pool and transactions of examples/database, on a SQLite file and on a PostgreSQL server.
#include "../support/waiting.h"

#include "databaseerror.h"
#include "databasetest.h"
#include "pairs.h"
#include "transaction.h"

#include <QtCore/QElapsedTimer>
#include <QtTest/QTest>

#include <memory>
#include <stdexcept>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

enum class End { Error, Cancel, CancelInQuery, Timeout, TimeoutInQuery, Destruction };

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

Task<DatabaseError::Kind> kindThrownBy(Task<> task)
{
    try {
        co_await std::move(task);
    } catch (const DatabaseError &e) {
        co_return e.kind();
    }
    throw std::runtime_error("no DatabaseError");
}

} // namespace

class TestDatabasePool : public DatabaseTest
{
    Q_OBJECT

private Q_SLOTS:
    void manyTasksShareFewConnections()
    {
        ConnectionPool pool(settings(), 4);
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
        ConnectionPool pool(settings(), 1);
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
        ConnectionPool pool(settings(), 1, 200ms);
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
        ConnectionPool pool(settings(), 1);
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
        ConnectionPool pool(settings(), 1);
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
        ConnectionPool pool(settings(), 1);
        QPromise<void> inserted;
        inserted.start();
        auto task = insertInVain(&pool, end, endless(), &inserted);
        if (end == End::Error) {
            QVERIFY_THROWS_EXCEPTION(std::runtime_error, run(std::move(task)));
        } else if (end == End::Timeout || end == End::TimeoutInQuery) {
            QVERIFY_THROWS_EXCEPTION(CallTimeout, run(withTimeout(std::move(task), 500ms)));
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
        ConnectionPool pool(settings(), 1);
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

    void poolWithoutDatabase()
    {
        ConnectionSettings wrong = settings();
        wrong.database = isPostgres() ? QStringLiteral("nowhere") : folder().filePath(QStringLiteral("no/where"));
        ConnectionPool pool(wrong, 2);
        const auto test = [&pool]() -> Task<> { co_await pool.acquire(); };
        for (int i = 0; i < 5; ++i) // the places in the pool are not lost
            QCOMPARE(run(kindThrownBy(test())), DatabaseError::Unreachable);
    }

    void connectionIsLeftClean()
    {
        ConnectionPool pool(settings(), 1);
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
};

QTEST_GUILESS_MAIN(TestDatabasePool)
#include "tst_database_pool.moc"
