// Queries of examples/database that run for long or give much, on a SQLite file and on a PostgreSQL server.
#include "../support/waiting.h"

#include "databaseerror.h"
#include "databasetest.h"
#include "pairs.h"
#include "rowstream.h"

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

qint64 residentMemory() // bytes
{
    QFile file(QStringLiteral("/proc/self/statm"));
    if (!file.open(QIODevice::ReadOnly))
        return -1;
    return file.readAll().split(' ').value(1).toLongLong() * 4096;
}

} // namespace

class TestDatabaseStreams : public DatabaseTest
{
    Q_OBJECT

private Q_SLOTS:
    void cancelledQueryEnds()
    {
        ConnectionPool pool(settings(), 1);
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
        ConnectionPool pool(settings(), 1);
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
        ConnectionPool pool(settings(), 1);
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
        ConnectionPool pool(settings(), 1);
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
        ConnectionPool pool(settings(), 1);
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
        ConnectionPool pool(settings(), 1);
        const QString sql = isPostgres()
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
        ConnectionPool pool(settings(), 1);
        const auto test = [&]() -> Task<> {
            const ConnectionLease lease = co_await pool.acquire();
            // never gives its second block
            const QString sql = isPostgres() ? QStringLiteral("SELECT i, CASE WHEN i > 5 THEN pg_sleep(600) END FROM generate_series(1, 10) AS i")
                                           : endlessRows();
            AsyncGenerator<Row> rows = rowStream(*lease, sql, 5);
            SYNCHRONAUT_FOR_AWAIT(const Row &row, rows)
                static_cast<void>(row);
        };
        QVERIFY_THROWS_EXCEPTION(CallTimeout, run(withTimeout(test(), 300ms)));
        QCOMPARE(run(count(&pool)), 0);
    }
};

QTEST_GUILESS_MAIN(TestDatabaseStreams)
#include "tst_database_streams.moc"
