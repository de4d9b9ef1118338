#include "transaction.h"

#include "databaseerror.h"

#include <Synchronaut/Synchronaut>

using namespace Synchronaut;

Task<Synchronized<Connection>> Transaction::acquire()
{
    ConnectionLease lease = co_await m_pool->acquire();
    co_await lease->async(&Connection::begin);
    m_lease = std::move(lease);
    co_return *m_lease;
}

Task<> Transaction::release(std::exception_ptr error)
{
    const ConnectionLease lease = std::move(m_lease); // given back at the end, whatever happens
    if (!error) {
        co_await lease->async(&Connection::commit);
        co_return;
    }
    try {
        // Begins when what the body has left behind, cancelled, has ended.
        co_await lease->async(&Connection::rollback);
    } catch (const DatabaseError &) {
        // The connection is lost, and the transaction with it; the body's error says why.
    }
}
