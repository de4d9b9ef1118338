#include "httplistener.h"

#include <Synchronaut/FromSignal>
#include <Synchronaut/WithTimeout>

#include <unistd.h>
#include <utility>

using namespace Synchronaut;

HttpListener::Turn::Turn(HttpListener *listener)
{
    m_end.start();
    m_before = std::exchange(listener->m_last[listener->m_current], m_end.future());
}

void HttpListener::incomingConnection(qintptr descriptor)
{
    auto *const socket = new QTcpSocket(this);
    if (!socket->setSocketDescriptor(descriptor)) {
        delete socket;
        ::close(int(descriptor));
        return;
    }
    QPromise<void> none; // nothing to wait for
    none.start();
    none.finish();
    m_last.insert(socket, none.future());
    auto *const client = new QObject(socket);
    // Qt 6.8 keeps a socket whose client has hung up until its request is answered
    connect(socket, &QTcpSocket::disconnected, client, [this, socket, client] {
        forget(socket);
        delete client;
    });
    connect(socket, &QObject::destroyed, this, [this, socket] { forget(socket); });
    // connected before the server's own slot, which calls the handlers, and so called before it
    connect(socket, &QTcpSocket::readyRead, client, [this, socket, client] {
        m_current = socket;
        m_client = client;
    });
    addPendingConnection(socket);
}

void HttpListener::forget(QTcpSocket *socket)
{
    if (m_last.remove(socket) && m_last.isEmpty())
        Q_EMIT allClosed();
}

Task<> HttpListener::closeConnections(std::chrono::milliseconds limit)
{
    const QList<QTcpSocket *> sockets = m_last.keys();
    for (QTcpSocket *socket : sockets)
        socket->disconnectFromHost();
    if (!m_last.isEmpty()) {
        try {
            co_await withTimeout(fromSignal(this, &HttpListener::allClosed), limit);
        } catch (const CallTimeout &) {
            const QList<QTcpSocket *> stuck = m_last.keys();
            for (QTcpSocket *socket : stuck)
                socket->abort();
        }
    }
}
