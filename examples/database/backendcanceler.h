#pragma once

#include "connectionsettings.h"

#include <Synchronaut/Synchronized>

#include <QtCore/QSemaphore>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

class Connection;

/*!
    Cancels what other connections to a PostgreSQL server run, through a connection of its own, which
    is made when it is first needed. A plain blocking class for a Synchronizer of its own.
*/
class BackendCanceler
{
public:
    explicit BackendCanceler(const ConnectionSettings &settings);
    ~BackendCanceler();

    /// Asks the server to cancel what its process \a pid runs, again and again until \a ended is
    /// released or a second has passed: the first time may come before the query has. Does not throw.
    void cancel(int pid, std::shared_ptr<QSemaphore> ended);

private:
    const ConnectionSettings m_settings;
    std::unique_ptr<Connection> m_connection;
};

/*!
    While it lives, a cancelled or timed out call cancels the query that it runs on the server. Lives on the
    stack of that call, around the query. When it has gone no cancellation is under way any more that could
    hit the next query.
*/
class BackendQuery
{
public:
    /// An empty \a canceler: nothing happens (SQLite).
    BackendQuery(const Synchronaut::Synchronized<BackendCanceler> &canceler, int pid);
    ~BackendQuery();
    BackendQuery(const BackendQuery &) = delete;
    BackendQuery &operator=(const BackendQuery &) = delete;

private:
    std::shared_ptr<QSemaphore> m_ended;
    QFuture<void> m_request; ///< written by the callback, in the cancelling thread
    std::optional<std::stop_callback<std::function<void()>>> m_callback;
};
