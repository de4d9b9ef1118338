#include "rowstream.h"

#include <Synchronaut/Synchronaut>

using namespace Synchronaut;

namespace {

/// Ends the query with the stream, wherever that is left.
class Finisher
{
public:
    explicit Finisher(const Synchronized<Connection> &connection) : m_connection(connection) { }
    ~Finisher() { m_connection.call(&Connection::finish); } // in its turn: nobody has to wait for it
    Finisher(const Finisher &) = delete;
    Finisher &operator=(const Finisher &) = delete;

private:
    const Synchronized<Connection> m_connection;
};

} // namespace

AsyncGenerator<Row> rowStream(Synchronized<Connection> connection, QString sql, int block)
{
    const Finisher finisher(connection);
    co_await connection.async(&Connection::open, sql);
    for (;;) {
        QList<Row> rows = co_await connection.async(&Connection::fetch, block);
        if (rows.isEmpty())
            co_return;
        for (Row &row : rows)
            co_yield std::move(row);
    }
}
