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
    connect(socket, &QObject::destroyed, this, [this, socket] {
        m_last.remove(socket);
        if (m_last.isEmpty())
            Q_EMIT allClosed();
    });
    // connected before the server's own slot, which calls the handlers, and so called before it
    connect(socket, &QTcpSocket::readyRead, this, [this, socket] { m_current = socket; });
    addPendingConnection(socket);
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
