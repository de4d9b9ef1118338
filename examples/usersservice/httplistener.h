#pragma once

#include <Synchronaut/Task>

#include <QtCore/QFuture>
#include <QtCore/QHash>
#include <QtCore/QPointer>
#include <QtCore/QPromise>
#include <QtNetwork/QTcpServer>
#include <QtNetwork/QTcpSocket>

#include <chrono>

/*!
    The connections of a QHttpServer, which keeps them to itself.

    Of a handler that gives a QFuture, Qt 6.4's server uses socket and request when that has finished,
    and crashes if the client has hung up meanwhile. The handler has to cancel its future before, and
    cannot know the socket from its request: here it learns it. Nor does that server keep answers in the order
    of requests, when a client sends the next one without waiting.
*/
class HttpListener : public QTcpServer
{
    Q_OBJECT

public:
    using QTcpServer::QTcpServer;

    /// A request's place among those of the current connection. Ends where its answer is given.
    class Turn
    {
    public:
        explicit Turn(HttpListener *listener);
        ~Turn() { m_end.finish(); }
        Turn(const Turn &) = delete;
        Turn &operator=(const Turn &) = delete;

        /// Finishes when the request before has had its turn.
        QFuture<void> before() const { return m_before; }

    private:
        QPromise<void> m_end;
        QFuture<void> m_before;
    };

    /// Stands for the client whose request is being handed to a handler right now; gone when it hangs up.
    QObject *current() const { return m_client; }

    /// Closes all connections when what was written has been sent, and after \a limit in any case.
    Synchronaut::Task<> closeConnections(std::chrono::milliseconds limit);

Q_SIGNALS:
    void allClosed();

protected:
    void incomingConnection(qintptr descriptor) override;

private:
    void forget(QTcpSocket *socket);

    QTcpSocket *m_current = nullptr; ///< whose request is being handed over
    QPointer<QObject> m_client;
    QHash<QTcpSocket *, QFuture<void>> m_last; ///< the end of the last turn of each connection
};
