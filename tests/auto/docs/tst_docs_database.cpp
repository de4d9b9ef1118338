// Snippets of src/doc/database.md, on a SQLite file; the parts are those of examples/database.
#include "connectionpool.h"
#include "rowstream.h"
#include "transaction.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

using namespace Synchronaut;

namespace {

//! [database-lease]
Task<int> countOrders(ConnectionPool &pool)
{
    const ConnectionLease connection = co_await pool.acquire();
    const QString sql = QStringLiteral("SELECT count(*) FROM orders");
    const QList<Row> rows = co_await connection->async(&Connection::query, sql);
    co_return rows.first().first().toInt();
}
//! [database-lease]

//! [database-transaction]
Task<> order(ConnectionPool &pool, QVariantList goods)
{
    const auto body = [&goods](const Synchronized<Connection> &connection) -> Task<> {
        const QString insert = QStringLiteral("INSERT INTO orders VALUES (?)");
        for (const QVariant &item : goods) {
            const QVariantList values(1, item);
            co_await connection.async(&Connection::execute, insert, values);
        }
    };
    Transaction transaction(pool);
    co_await withResource(transaction, body);
}
//! [database-transaction]

Task<qint64> sumOrders(ConnectionPool &pool)
{
    const ConnectionLease connection = co_await pool.acquire();
    const QString sql = QStringLiteral("SELECT item FROM orders");
    qint64 total = 0;
    //! [database-stream]
    SYNCHRONAUT_FOR_AWAIT(const Row &row, rowStream(*connection, sql))
        total += row.at(0).toLongLong();
    //! [database-stream]
    co_return total;
}

} // namespace

class tst_DocsDatabase : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void page()
    {
        const QTemporaryDir folder;
        const ConnectionSettings settings =
                ConnectionSettings::sqlite(folder.filePath(QStringLiteral("shop.sqlite")));
        const QString createTable = QStringLiteral("CREATE TABLE orders (item INTEGER)");
        const QVariantList noValues;
        //! [database-synchronized]
        Synchronizer thread("shop", Synchronizer::ThreadAffine);
        auto connection = thread.make<Connection>(settings); // connects, in that thread
        connection.sync(&Connection::execute, createTable, noValues);
        //! [database-synchronized]

        ConnectionPool pool(settings, 2);
        run(order(pool, {1, 2, 3}));
        QCOMPARE(run(countOrders(pool)), 3);
        QCOMPARE(run(sumOrders(pool)), 6);
    }
};

QTEST_GUILESS_MAIN(tst_DocsDatabase)
#include "tst_docs_database.moc"
