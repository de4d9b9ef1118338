#include "pairs.h"

#include "transaction.h"

#include <Synchronaut/Synchronaut>

using namespace Synchronaut;

void makePairs(const ConnectionSettings &settings)
{
    Connection connection(settings);
    connection.execute(QStringLiteral("DROP TABLE IF EXISTS pairs"));
    connection.execute(QStringLiteral("CREATE TABLE pairs (id INTEGER, half TEXT)"));
}

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

Task<> awaitAll(QList<QFuture<void>> futures)
{
    for (const QFuture<void> &future : futures)
        co_await future;
}
