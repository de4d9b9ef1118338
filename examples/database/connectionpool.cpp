#include "connectionpool.h"

#include "databaseerror.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QFuture>
#include <QtCore/QPromise>

#include <algorithm>

using namespace Synchronaut;

/// A connection and its thread. Without a connection as long as nobody has needed it, and after it
/// was found dead.
struct ConnectionPool::Slot
{
    explicit Slot(const QString &name) : thread(name, Synchronizer::ThreadAffine) { }

    Synchronizer thread;
    Synchronized<Connection> connection;
};

/*!
    One who wants a slot, on the stack of its task. It has a slot at once, or is in the queue until
    it is given one. However the task ends, by its deadline just when it is given one too, a slot
    that nobody has taken goes back.
*/
class ConnectionPool::Waiter
{
public:
    explicit Waiter(ConnectionPool *pool) : m_pool(pool), m_slot(pool->freeSlot())
    {
        m_turn.start();
        if (!m_slot)
            m_pool->m_waiters.push_back(this);
    }
    ~Waiter()
    {
        std::erase(m_pool->m_waiters, this);
        if (m_slot)
            m_pool->giveBack(m_slot);
        m_turn.finish();
    }
    Waiter(const Waiter &) = delete;
    Waiter &operator=(const Waiter &) = delete;

    bool hasSlot() const { return m_slot != nullptr; }
    QFuture<void> turn() const { return m_turn.future(); }
    void give(Slot *slot)
    {
        m_slot = slot;
        m_turn.finish();
    }
    Slot *take() { return std::exchange(m_slot, nullptr); }

private:
    ConnectionPool *m_pool;
    Slot *m_slot;
    QPromise<void> m_turn;
};

ConnectionPool::ConnectionPool(const ConnectionSettings &settings, int size,
                               std::chrono::milliseconds patience)
    : m_settings(settings), m_size(size), m_patience(patience)
{
    if (!m_settings.isSqlite()) // which cancels by itself
        m_control.emplace("database control", Synchronizer::ThreadAffine);
}

ConnectionPool::~ConnectionPool() = default;

Task<ConnectionLease> ConnectionPool::acquire()
{
    Waiter waiter(this);
    if (!waiter.hasSlot()) {
        const QFuture<void> turn = waiter.turn();
        try {
            co_await withTimeout(turn, m_patience);
        } catch (const CallTimeout &) {
            if (!waiter.hasSlot()) {
                throw DatabaseError(DatabaseError::Exhausted,
                                    QStringLiteral("All %1 connections to %2 were in use for %3 ms; %4 wait")
                                            .arg(m_size)
                                            .arg(m_settings.description())
                                            .arg(m_patience.count())
                                            .arg(waiting()));
            }
        }
    }
    ConnectionLease lease(this, waiter.take());
    co_await makeReady(lease.m_slot);
    co_return lease;
}

Task<> ConnectionPool::makeReady(Slot *slot)
{
    if (slot->connection) {
        const bool healthy = co_await slot->connection.async(&Connection::isHealthy);
        if (!healthy)
            slot->connection = {};
    }
    if (m_control && !m_canceler)
        m_canceler = co_await m_control->makeAsync<BackendCanceler>(m_settings);
    if (!slot->connection)
        slot->connection = co_await slot->thread.makeAsync<Connection>(m_settings, m_canceler);
}

ConnectionPool::Slot *ConnectionPool::freeSlot()
{
    if (m_free.empty() && m_slots.size() < std::size_t(m_size)) {
        m_slots.push_back(std::make_unique<Slot>(QStringLiteral("database %1").arg(m_slots.size() + 1)));
        return m_slots.back().get();
    }
    if (m_free.empty())
        return nullptr;
    Slot *const slot = m_free.back();
    m_free.pop_back();
    return slot;
}

void ConnectionPool::giveBack(Slot *slot)
{
    if (m_waiters.empty()) {
        m_free.push_back(slot);
        return;
    }
    Waiter *const first = m_waiters.front();
    m_waiters.pop_front();
    first->give(slot);
}

ConnectionLease::~ConnectionLease()
{
    if (!m_slot)
        return;
    // comes after all calls that were made with the lease, and before those of the next one
    if (m_slot->connection)
        m_slot->connection.call(&Connection::reset);
    m_pool->giveBack(m_slot);
}

const Synchronized<Connection> &ConnectionLease::operator*() const
{
    return m_slot->connection;
}
