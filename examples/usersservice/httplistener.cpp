#include "httplistener.h"

#include <Synchronaut/FromSignal>
#include <Synchronaut/WithTimeout>

using namespace Synchronaut;

void HttpListener::incomingConnection(qintptr descriptor)
{
    auto *const socket = new QTcpSocket(this);
    if (!socket->setSocketDescriptor(descriptor)) {
        delete socket;
        return;
    }
    ++m_open;
    connect(socket, &QObject::destroyed, this, [this] {
        if (--m_open == 0)
            Q_EMIT allClosed();
    });
    // connected before the server's own slot, which calls the handlers, and so called before it
    connect(socket, &QTcpSocket::readyRead, this, [this, socket] { m_current = socket; });
    addPendingConnection(socket);
}

Task<> HttpListener::closeConnections(std::chrono::milliseconds limit)
{
    const QList<QTcpSocket *> sockets = findChildren<QTcpSocket *>();
    for (QTcpSocket *socket : sockets)
        socket->disconnectFromHost();
    if (m_open > 0) {
        try {
            co_await withTimeout(fromSignal(this, &HttpListener::allClosed), limit);
        } catch (const CallTimeout &) {
            const QList<QTcpSocket *> stuck = findChildren<QTcpSocket *>();
            for (QTcpSocket *socket : stuck)
                socket->abort();
        }
    }
}
