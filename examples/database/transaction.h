#pragma once

#include "connectionpool.h"

#include <exception>

/*!
    A transaction as an async resource: takes a connection of the pool, begins; commits when the body
    of withResource() ends well, else rolls back, after an error as after cancellation and timeout.

    \code
    co_await withResource(Transaction(pool), body);  // body takes const Synchronized<Connection> &
    \endcode
    A commit that fails is thrown in place of the body's result. The pool outlives it.
*/
class Transaction
{
public:
    explicit Transaction(ConnectionPool &pool) : m_pool(&pool) { }

    Synchronaut::Task<Synchronaut::Synchronized<Connection>> acquire();
    Synchronaut::Task<> release(std::exception_ptr error);

private:
    ConnectionPool *m_pool;
    ConnectionLease m_lease;
};
