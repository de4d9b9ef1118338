// Snippets of src/doc/http.md, served and asked in one process.
#include <Synchronaut/Synchronaut>

#include <QtCore/QEventLoop>
#include <QtCore/QJsonObject>
#include <QtHttpServer/QHttpServer>
#include <QtNetwork/QNetworkAccessManager>
#include <QtNetwork/QNetworkReply>
#include <QtNetwork/QTcpServer>
#include <QtNetwork/QTcpSocket>
#include <QtTest/QTest>

#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

//! [http-function]
QJsonObject loadUser(int id) // may block, and knows nothing of HTTP
{
    if (id != 1)
        throw std::out_of_range("User not found");
    return {{QStringLiteral("id"), id}, {QStringLiteral("name"), QStringLiteral("Alice")}};
}
//! [http-function]

QJsonObject sleepLong()
{
    while (!isCanceled())
        QThread::msleep(1);
    return {};
}

//! [http-answer]
using Status = QHttpServerResponse::StatusCode;

Task<QHttpServerResponse> answer(std::function<QJsonObject()> load)
{
    const CallOptions limit{.timeout = 300ms};
    Status status = Status::InternalServerError;
    try {
        const QJsonObject json = co_await callAsync(limit, load); // on a thread that may block
        co_return json;
    } catch (const CallTimeout &) {
        status = Status::GatewayTimeout;
    } catch (const std::out_of_range &) {
        status = Status::NotFound;
    } catch (...) {
        throwIfCanceled(); // nobody is there to be answered
    }
    co_return QHttpServerResponse(status);
}
//! [http-answer]

//! [http-listener]
class Listener : public QTcpServer
{
public:
    using QTcpServer::QTcpServer;
    QTcpSocket *current() const { return m_current; }

protected:
    void incomingConnection(qintptr descriptor) override
    {
        auto *const socket = new QTcpSocket(this);
        socket->setSocketDescriptor(descriptor);
        // connected before the server's own slot, which calls the handlers
        connect(socket, &QTcpSocket::readyRead, this, [this, socket] { m_current = socket; });
        addPendingConnection(socket);
    }

private:
    QPointer<QTcpSocket> m_current;
};
//! [http-listener]

//! [http-id]
ContextVar<QByteArray> requestId("requestId");
//! [http-id]

QByteArray s_seen;

QJsonObject tellId()
{
    s_seen = requestId.get();
    return {};
}

} // namespace

class tst_DocsHttp : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void page()
    {
        QHttpServer server;
        auto *const listener = new Listener(&server);
        QVERIFY(listener->listen(QHostAddress::LocalHost));
        server.bind(listener);

        //! [http-route]
        server.route(QStringLiteral("/users/"), [](int id) {
            return callAny(answer, [id] { return loadUser(id); }); // a QFuture<QHttpServerResponse>
        });
        //! [http-route]
        server.route(QStringLiteral("/slow"), [] { return callAny(answer, sleepLong); });
        //! [http-context]
        server.route(QStringLiteral("/mine/"), [listener](int id) {
            const CallOptions options{.context = listener->current()}; // cancelled when the client hangs up
            return callAny(options, answer, [id] { return loadUser(id); });
        });
        //! [http-context]
        //! [http-scope]
        server.route(QStringLiteral("/id"), [](const QHttpServerRequest &request) {
            const ContextVar<QByteArray>::Scope scope(requestId, request.value("X-Request-Id"));
            return callAny(answer, tellId); // requestId.get() is the request's, on whatever thread
        });
        //! [http-scope]

        m_port = listener->serverPort();
        QCOMPARE(get("/users/1"), QByteArray(R"(200 {"id":1,"name":"Alice"})"));
        QCOMPARE(get("/users/3"), QByteArray("404 "));
        QCOMPARE(get("/slow"), QByteArray("504 "));
        QCOMPARE(get("/mine/1"), QByteArray(R"(200 {"id":1,"name":"Alice"})"));
        QCOMPARE(get("/id"), QByteArray("200 {}"));
        QCOMPARE(s_seen, QByteArray("abc"));
    }

private:
    QByteArray get(const char *path)
    {
        QNetworkAccessManager network;
        QNetworkRequest request(QUrl(QStringLiteral("http://127.0.0.1:%1%2").arg(m_port).arg(QLatin1String(path))));
        request.setRawHeader("X-Request-Id", "abc");
        request.setTransferTimeout(20'000);
        const std::unique_ptr<QNetworkReply> reply(network.get(request));
        QEventLoop loop;
        connect(reply.get(), &QNetworkReply::finished, &loop, &QEventLoop::quit);
        loop.exec();
        const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
        return QByteArray::number(status) + ' ' + reply->readAll().simplified().replace(": ", ":")
                .replace(", ", ",").replace("{ ", "{").replace(" }", "}");
    }

    quint16 m_port = 0;
};

QTEST_GUILESS_MAIN(tst_DocsHttp)
#include "tst_docs_http.moc"
