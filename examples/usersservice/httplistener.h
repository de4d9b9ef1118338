#pragma once

#include <Synchronaut/Task>

#include <QtCore/QPointer>
#include <QtNetwork/QTcpServer>
#include <QtNetwork/QTcpSocket>

#include <chrono>

/*!
    The connections of a QHttpServer, which keeps them to itself.

    Of a handler that gives a QFuture, Qt 6.4's server uses socket and request when that has finished,
    and crashes if the client has hung up meanwhile. The handler has to cancel its future before, and
    cannot know the socket from its request: here it learns it.
*/
class HttpListener : public QTcpServer
{
    Q_OBJECT

public:
    using QTcpServer::QTcpServer;

    /// The connection whose request is being handed to a handler right now.
    QTcpSocket *current() const { return m_current; }

    /// Closes all connections when what was written has been sent, and after \a limit in any case.
    Synchronaut::Task<> closeConnections(std::chrono::milliseconds limit);

Q_SIGNALS:
    void allClosed();

protected:
    void incomingConnection(qintptr descriptor) override;

private:
    QPointer<QTcpSocket> m_current;
    int m_open = 0;
};
