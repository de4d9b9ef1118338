// examples/usersservice, asked by QNetworkAccessManager, by curl and by a bare socket: what it answers, and
// whose request it works for.
#include "serviceprocess.h"

#include <QtCore/QRegularExpression>
#include <QtCore/QStandardPaths>
#include <QtCore/QTemporaryDir>
#include <QtNetwork/QTcpServer>
#include <QtNetwork/QTcpSocket>
#include <QtTest/QTest>

#include <vector>

namespace {

int statusOf(const QStringList &arguments)
{
    QProcess process;
    process.start(QStringLiteral(USERSSERVICE_PROGRAM), arguments);
    return process.waitForFinished(30'000) && process.exitStatus() == QProcess::NormalExit
            ? process.exitCode()
            : -1;
}

/// The thread that a line of the log names.
QByteArray threadOf(const QByteArray &line)
{
    return line.mid(line.indexOf('('), line.indexOf(')') - line.indexOf('('));
}

} // namespace

class TestAnswers : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void usage()
    {
        QCOMPARE(statusOf({QStringLiteral("--port"), QStringLiteral("65536")}), 2);
        QCOMPARE(statusOf({QStringLiteral("--deadline"), QStringLiteral("0")}), 2);
        QCOMPARE(statusOf({QStringLiteral("--address"), QStringLiteral("home")}), 2);
        QCOMPARE(statusOf({QStringLiteral("--log"), QStringLiteral("loud")}), 2);
        QCOMPARE(statusOf({QStringLiteral("--db"), QStringLiteral("/no/such/folder/users.sqlite")}), 1);
        QTcpServer other;
        QVERIFY(other.listen(QHostAddress::LocalHost));
        QCOMPARE(statusOf({QStringLiteral("--port"), QString::number(other.serverPort())}), 1);
    }

    void answers_data()
    {
        QTest::addColumn<QByteArray>("path");
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("body");
        const auto row = [](const char *path, int status, const char *body) {
            QTest::newRow(path) << QByteArray(path) << status << QByteArray(body);
        };
        row("/", 200, R"(["Hello, @syncronauts!"])");
        row("/users/1", 200, R"({"id":1,"name":"Alice"})");
        row("/users/2", 200, R"({"id":2,"name":"Bob"})");
        row("/users/3", 404, R"({"detail":"User not found"})");
        row("/users/-1", 404, R"({"detail":"User not found"})");
        row("/users/99999999999999999999", 404, R"({"detail":"User not found"})");
        row("/users/1%20OR%201", 404, R"({"detail":"Not found"})");
        row("/users/", 404, R"({"detail":"Not found"})");
        row("/users", 404, R"({"detail":"Not found"})");
        row("/slow", 404, R"({"detail":"Not found"})"); // for tests only
    }

    void answers()
    {
        QFETCH(const QByteArray, path);
        if (!m_service)
            m_service = std::make_unique<ServiceProcess>();
        QVERIFY(m_service->isListening());
        const Answer answer = m_service->get(path.constData());
        QTEST(answer.status, "status");
        QTEST(answer.body, "body");
        QCOMPARE(answer.type, QByteArray("application/json"));
        QVERIFY(!answer.id.isEmpty());
    }

    void curl()
    {
        const QString program = QStandardPaths::findExecutable(QStringLiteral("curl"));
        if (program.isEmpty())
            QSKIP("curl is missing");
        ServiceProcess service;
        QProcess process;
        process.start(program, {QStringLiteral("-si"), QStringLiteral("--max-time"), QStringLiteral("20"),
                                service.url("/users/1"), service.url("/users/3")});
        QVERIFY(process.waitForFinished(30'000));
        const QByteArray output = process.readAllStandardOutput();
        QVERIFY2(output.startsWith("HTTP/1.1 200 "), output.constData());
        QVERIFY2(output.contains("\r\n\r\n{\"id\":1,\"name\":\"Alice\"}HTTP/1.1 404 "), output.constData());
        QVERIFY2(output.endsWith("\r\n\r\n{\"detail\":\"User not found\"}"), output.constData());
    }

    void keepsItsUsers()
    {
        const QTemporaryDir folder;
        const QStringList arguments{QStringLiteral("--db"), folder.filePath(QStringLiteral("users.sqlite"))};
        for (int i = 0; i < 2; ++i) {
            ServiceProcess service(arguments);
            QCOMPARE(service.get("/users/2").body, QByteArray(R"({"id":2,"name":"Bob"})"));
        }
    }

    void requestIdIsTheClientsOrNew()
    {
        ServiceProcess service;
        QCOMPARE(service.get("/users/1", "a-B_c.1").id, QByteArray("a-B_c.1"));
        QCOMPARE(service.get("/nowhere", "a-B_c.1").id, QByteArray("a-B_c.1"));
        const QByteArray unfit[] = {"with space", "(main)", QByteArray(65, 'x'), "\xc3\xbc"};
        for (const QByteArray &id : unfit) {
            const QByteArray made = service.get("/", id).id;
            QCOMPARE(made.size(), 36); // a UUID
            QVERIFY(service.logged("[" + id + "]").isEmpty());
        }
        QVERIFY(service.get("/").id != service.get("/").id);
    }

    void requestIdReachesEveryHop()
    {
        ServiceProcess service({QStringLiteral("--log"), QStringLiteral("verbose")});
        QCOMPARE(service.get("/users/1", "hop-1").status, 200);
        QVERIFY(service.waitForLog("GET /users/1 200"));
        const QList<QByteArray> lines = service.logged("[hop-1]");
        QCOMPARE(lines.size(), 3);
        QVERIFY2(lines.at(0).endsWith("getting user 1"), lines.at(0).constData());
        QVERIFY2(lines.at(1).endsWith("selecting user 1"), lines.at(1).constData());
        QVERIFY2(lines.at(2).contains("access: GET /users/1 200"), lines.at(2).constData());
        QVERIFY2(threadOf(lines.at(1)).startsWith("(database"), lines.at(1).constData());
        QVERIFY2(threadOf(lines.at(2)) == "(main", lines.at(2).constData());
        QVERIFY(threadOf(lines.at(0)) != threadOf(lines.at(1)));
        QVERIFY(threadOf(lines.at(0)) != threadOf(lines.at(2)));
    }

    void requestsDoNotSeeEachOthersId()
    {
        constexpr int count = 120;
        ServiceProcess service({QStringLiteral("--log"), QStringLiteral("verbose")});
        std::vector<std::unique_ptr<QNetworkReply>> replies;
        for (int i = 0; i < count; ++i) {
            const QByteArray number = QByteArray::number(i + 1);
            replies.push_back(service.send(("/users/" + number).constData(), "id-" + number));
        }
        for (int i = 0; i < count; ++i) {
            const Answer answer = ServiceProcess::answerOf(replies[std::size_t(i)].get());
            QCOMPARE(answer.status, i < 2 ? 200 : 404);
            QCOMPARE(answer.id, "id-" + QByteArray::number(i + 1));
        }
        QVERIFY(service.waitForLog("access: GET /users/", count));
        for (int i = 1; i <= count; ++i) {
            const QByteArray number = QByteArray::number(i);
            const QList<QByteArray> lines = service.logged("[id-" + number + "]");
            QCOMPARE(lines.size(), 3);
            QVERIFY2(lines.at(0).endsWith("getting user " + number), lines.at(0).constData());
            QVERIFY2(lines.at(1).endsWith("selecting user " + number), lines.at(1).constData());
            QVERIFY2(lines.at(2).contains("GET /users/" + number + " "), lines.at(2).constData());
        }
    }

    void errorsAreLoggedAndNotTold()
    {
        ServiceProcess service({QStringLiteral("--with-test-routes")});
        const Answer answer = service.get("/fail", "bad-luck");
        QCOMPARE(answer.status, 500);
        QCOMPARE(answer.body, QByteArray(R"({"detail":"Internal server error"})"));
        QCOMPARE(answer.id, QByteArray("bad-luck"));
        QVERIFY(service.waitForLog("secret"));
        QVERIFY(service.logged("secret").first().contains("[bad-luck]"));
        QCOMPARE(service.get("/users/1").status, 200);
    }

    /// Requests that a client sends without waiting for answers, apart and in one piece.
    void answersKeepTheOrderOfRequests()
    {
        ServiceProcess service({QStringLiteral("--with-test-routes")});
        QTcpSocket socket;
        socket.connectToHost(QHostAddress::LocalHost, service.port());
        QVERIFY(socket.waitForConnected(20'000));
        const auto request = [](const char *path) {
            return QByteArray("GET ") + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
        };
        socket.write(request("/slow?ms=300"));
        QVERIFY(socket.waitForBytesWritten(20'000));
        QTest::qWait(50); // for them to be two pieces
        socket.write(request("/nowhere") + request("/users/1") + request("/slow?ms=100") + request("/users/2"));
        QByteArray received;
        while (!received.contains("Bob") && socket.waitForReadyRead(20'000))
            received += socket.readAll();
        static const QRegularExpression body(QStringLiteral("\\{[^}]*\\}"));
        QStringList bodies;
        auto it = body.globalMatch(QString::fromUtf8(received));
        while (it.hasNext())
            bodies += it.next().captured();
        const QStringList expected{QStringLiteral(R"({"slow":true})"), QStringLiteral(R"({"detail":"Not found"})"),
                                   QStringLiteral(R"({"id":1,"name":"Alice"})"),
                                   QStringLiteral(R"({"slow":true})"),
                                   QStringLiteral(R"({"id":2,"name":"Bob"})")};
        QCOMPARE(bodies, expected);
    }

private:
    std::unique_ptr<ServiceProcess> m_service; ///< of the table of answers
};

QTEST_GUILESS_MAIN(TestAnswers)
#include "tst_usersservice_answers.moc"
