#pragma once

#include "connectionpool.h"
#include "httplistener.h"

#include <QtCore/QJsonDocument>
#include <QtHttpServer/QHttpServer>

#include <chrono>
#include <functional>

/// What the service allows.
struct ServiceLimits
{
    std::chrono::milliseconds deadline{2000}; ///< for one request
    int pending = 256;                        ///< requests that are under way at the same time
    int connections = 4;                      ///< to the database
};

/*!
    Users over HTTP: / greets, /users/ID is a user. Requests are served on one loop, by tasks, and
    what blocks is called on threads for that; a task knows nothing of HTTP but HttpError.

    An answer is JSON and has an X-Request-Id. A request that takes too long gets 504, one too many
    503; when the client hangs up the work for it is cancelled.
*/
class UsersService : public QObject
{
    Q_OBJECT

public:
    using Handler = std::function<Synchronaut::Task<QJsonDocument>()>;

    UsersService(const ConnectionSettings &database, const ServiceLimits &limits);

    /// Another route, for GET: what \a handler gives is the answer.
    void addRoute(const QString &path, std::function<Handler(const QHttpServerRequest &)> handler);

    ConnectionPool *pool() { return &m_pool; }
    /// Port 0: any. Gives the port, or 0 when it cannot be had.
    quint16 listen(const QHostAddress &address, quint16 port);
    /// Takes no more requests, finishes those under way within \a grace, and cancels what is left then.
    Synchronaut::Task<> stop(std::chrono::milliseconds grace);
    /// Cancels what is under way, and waits until it has let go of this object. To be awaited before it goes.
    Synchronaut::Task<> end();

Q_SIGNALS:
    void idle();

private:
    class Pending;

    QFuture<QHttpServerResponse> serve(const QHttpServerRequest &request, Handler handler);
    Synchronaut::Task<QHttpServerResponse> respond(QString what, Handler handler);
    Synchronaut::Task<QHttpServerResponse> answer(Handler handler);

    const ServiceLimits m_limits;
    ConnectionPool m_pool;
    QHttpServer m_server;
    HttpListener *m_listener;
    int m_pending = 0;
    bool m_stopping = false;
};
