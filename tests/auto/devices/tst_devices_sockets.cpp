// Sockets, which Qt Network has and the library does not know: the end before, between, during reads.
#include "../support/waiting.h"

#include <QtNetwork/QLocalServer>
#include <QtNetwork/QLocalSocket>
#include <QtNetwork/QTcpServer>
#include <QtNetwork/QTcpSocket>
#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

class TestDevicesSockets : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void tcp()
    {
        QTcpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        QTcpSocket client;
        client.connectToHost(QHostAddress::LocalHost, server.serverPort());
        QTRY_VERIFY(server.hasPendingConnections());
        QTcpSocket *const peer = server.nextPendingConnection();
        QTRY_COMPARE(client.state(), QAbstractSocket::ConnectedState);

        const QByteArray big(1'000'000, 'b');
        QFuture<void> writing = spawn(writeAll(&client, big + '\n'));
        QCOMPARE(run(readLine(peer)).size(), big.size() + 1);
        QTRY_VERIFY(writing.isFinished());

        QFuture<QByteArray> reading = spawn(readAll(&client));
        run(writeAll(peer, "bye"));
        peer->disconnectFromHost();
        QTRY_VERIFY(reading.isFinished());
        QCOMPARE(reading.result(), QByteArray("bye"));
        QCOMPARE(run(readSome(&client, 5)), QByteArray());
        QCOMPARE(thrownBy([&] { run(writeAll(&client, "x")); }), QByteArray("CallError"));
    }

    void endedBeforeTheFirstRead_data()
    {
        QTest::addColumn<bool>("local");
        QTest::newRow("tcp") << false;
        QTest::newRow("local") << true;
    }
    void endedBeforeTheFirstRead()
    {
        QFETCH(const bool, local);
        QTcpServer tcpServer;
        QLocalServer localServer;
        QTcpSocket tcpClient;
        QLocalSocket localClient;
        QIODevice *peer = nullptr;
        if (local) {
            QVERIFY(localServer.listen(QStringLiteral("tst_devices_%1").arg(qApp->applicationPid())));
            localClient.connectToServer(localServer.fullServerName());
            QTRY_VERIFY(localServer.hasPendingConnections());
            peer = localServer.nextPendingConnection();
        } else {
            QVERIFY(tcpServer.listen(QHostAddress::LocalHost));
            tcpClient.connectToHost(QHostAddress::LocalHost, tcpServer.serverPort());
            QTRY_VERIFY(tcpServer.hasPendingConnections());
            peer = tcpServer.nextPendingConnection();
        }
        run(writeAll(peer, "last words"));
        delete peer;
        QIODevice *const client = local ? static_cast<QIODevice *>(&localClient) : &tcpClient;
        if (local)
            QTRY_COMPARE(localClient.state(), QLocalSocket::UnconnectedState);
        else
            QTRY_COMPARE(tcpClient.state(), QAbstractSocket::UnconnectedState);
        QCOMPARE(run(withTimeout(readLine(client), 5s)), QByteArray("last words"));
        QCOMPARE(run(withTimeout(readLine(client), 5s)), QByteArray());
        QCOMPARE(run(withTimeout(readAll(client), 5s)), QByteArray());
    }
};

QTEST_GUILESS_MAIN(TestDevicesSockets)
#include "tst_devices_sockets.moc"
