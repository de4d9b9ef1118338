#pragma once

#include "connection.h"

#include <Synchronaut/Synchronized>
#include <Synchronaut/Synchronizer>
#include <Synchronaut/Task>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

class ConnectionLease;

/*!
    Up to \c size connections, each a Synchronized<Connection> on a thread of its own, made when they are
    first needed. A connection is asked whether it is alive before it is handed out, and made
    anew if it is not: after a restart of the server things go on.

    The pool belongs to one thread, as the tasks do that use it there, and needs no lock. It outlives all
    leases and everybody who waits for one.
*/
class ConnectionPool
{
public:
    /// \a patience is how long acquire() waits for a connection.
    ConnectionPool(const ConnectionSettings &settings, int size,
                   std::chrono::milliseconds patience = std::chrono::seconds(30));
    /// Waits for the statements that are still running.
    ~ConnectionPool();
    ConnectionPool(const ConnectionPool &) = delete;
    ConnectionPool &operator=(const ConnectionPool &) = delete;

    /// Waits for its turn, first come, first served, and gives a connection that works. Throws
    /// DatabaseError: Exhausted when patience ends, or why there is no connection.
    Synchronaut::Task<ConnectionLease> acquire();

    int size() const noexcept { return m_size; }
    qsizetype waiting() const noexcept { return qsizetype(m_waiters.size()); }

private:
    friend class ConnectionLease;
    class Waiter;
    struct Slot;

    Slot *freeSlot();
    void giveBack(Slot *slot);
    Synchronaut::Task<> makeReady(Slot *slot);

    const ConnectionSettings m_settings;
    const int m_size;
    const std::chrono::milliseconds m_patience;
    std::optional<Synchronaut::Synchronizer> m_control; ///< PostgreSQL: for m_canceler
    Synchronaut::Synchronized<BackendCanceler> m_canceler;
    std::vector<std::unique_ptr<Slot>> m_slots;
    std::vector<Slot *> m_free;
    std::deque<Waiter *> m_waiters; ///< in the frames of those who wait
};

/// A connection for the time of this object's life. Destroy it in the pool's thread, while the pool
/// lives; what was left open is finished or rolled back then.
class ConnectionLease
{
public:
    ConnectionLease() = default;
    ConnectionLease(ConnectionLease &&other) noexcept
        : m_pool(other.m_pool), m_slot(std::exchange(other.m_slot, nullptr))
    {
    }
    ConnectionLease &operator=(ConnectionLease &&other) noexcept
    {
        std::swap(m_pool, other.m_pool);
        std::swap(m_slot, other.m_slot);
        return *this;
    }
    ~ConnectionLease();

    /// Not for use beyond the lease.
    const Synchronaut::Synchronized<Connection> &operator*() const;
    const Synchronaut::Synchronized<Connection> *operator->() const { return &**this; }

private:
    friend class ConnectionPool;
    ConnectionLease(ConnectionPool *pool, ConnectionPool::Slot *slot) : m_pool(pool), m_slot(slot) { }

    ConnectionPool *m_pool = nullptr;
    ConnectionPool::Slot *m_slot = nullptr;
};
