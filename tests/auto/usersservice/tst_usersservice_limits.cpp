// examples/usersservice where it has to refuse, to give up, and to end: deadlines, overload, clients that hang
// up, signals.
#include "serviceprocess.h"

#include "../support/waiting.h"

#include <QtCore/QElapsedTimer>
#include <QtNetwork/QTcpSocket>
#include <QtTest/QTest>

#include <csignal>
#include <sys/resource.h>
#include <vector>

namespace {

QStringList options(const QStringList &more = {})
{
    return QStringList{QStringLiteral("--with-test-routes"), QStringLiteral("--log"), QStringLiteral("verbose")}
            + more;
}

} // namespace

class TestLimits : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void deadlineEndsBlockingCode()
    {
        ServiceProcess service(options({QStringLiteral("--deadline"), QStringLiteral("500")}));
        QElapsedTimer timer;
        timer.start();
        const Answer answer = service.get("/slow?ms=60000", "late");
        QCOMPARE(answer.status, 504);
        QCOMPARE(answer.body, QByteArray(R"({"detail":"The request took too long"})"));
        QCOMPARE(answer.id, QByteArray("late"));
        QVERIFY(timer.elapsed() >= 500);
        QVERIFY(timer.elapsed() < 20'000);
        QVERIFY(service.waitForLog("[late] (Synchronaut) usersservice: blocking was cancelled"));
        QCOMPARE(service.get("/slow?ms=1").status, 200);
    }

    /// The query itself ends: else the one connection would not answer again.
    void deadlineEndsAQuery()
    {
        ServiceProcess service(options({QStringLiteral("--deadline"), QStringLiteral("1000"),
                                        QStringLiteral("--connections"), QStringLiteral("1")}));
        QCOMPARE(service.get("/slow-query").status, 504);
        QVERIFY(service.waitForLog("counting has ended"));
        QCOMPARE(service.get("/users/1").status, 200);
    }

    /// One who waits for a connection has a deadline, too.
    void deadlineEndsTheWaitForAConnection()
    {
        ServiceProcess service(options({QStringLiteral("--deadline"), QStringLiteral("1000"),
                                        QStringLiteral("--connections"), QStringLiteral("1")}));
        const auto first = service.send("/slow-query");
        const auto second = service.send("/slow-query");
        QCOMPARE(ServiceProcess::answerOf(first.get()).status, 504);
        QCOMPARE(ServiceProcess::answerOf(second.get()).status, 504);
        QCOMPARE(service.get("/users/1").status, 200);
    }

    void overload()
    {
        ServiceProcess service(options({QStringLiteral("--max-pending"), QStringLiteral("2"),
                                        QStringLiteral("--deadline"), QStringLiteral("60000")}));
        const auto first = service.send("/slow?ms=60000");
        const auto second = service.send("/slow?ms=60000");
        QVERIFY(service.waitForLog("blocking for", 2));
        const Answer refused = service.get("/users/1", "third");
        QCOMPARE(refused.status, 503);
        QCOMPARE(refused.body, QByteArray(R"({"detail":"Too many requests are under way"})"));
        QCOMPARE(refused.retryAfter, QByteArray("1"));
        QCOMPARE(refused.id, QByteArray("third"));
        QCOMPARE(service.logged("[third]").size(), 1); // nothing was done for it

        first->abort();
        QVERIFY(service.waitForLog("cancelled after"));
        QCOMPARE(service.get("/users/1").status, 200);
    }

    void clientsThatHangUp()
    {
        ServiceProcess service(options({QStringLiteral("--deadline"), QStringLiteral("60000")}));
        const auto reply = service.send("/slow?ms=60000", "gone");
        QVERIFY(service.waitForLog("[gone] (Synchronaut) usersservice: blocking for"));
        reply->abort();
        QVERIFY(service.waitForLog("[gone] (Synchronaut) usersservice: blocking was cancelled"));
        QVERIFY(service.waitForLog("[gone] (main) usersservice.access: GET /slow?ms=60000 cancelled after"));
        QCOMPARE(service.get("/users/1").status, 200);
    }

    /// At any moment, also just when the answer is given.
    void manyClientsThatHangUp()
    {
        // nobody reads its log meanwhile, and a full pipe would stop it
        ServiceProcess service(options({QStringLiteral("--log"), QStringLiteral("quiet")}));
        const QByteArray requests[] = {"GET /users/1 HTTP/1.1\r\nHost: a\r\n\r\n",
                                       "GET /slow?ms=5 HTTP/1.1\r\nHost: a\r\n\r\n",
                                       "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\nGET /users/2 HTTP/1.1\r\n\r\n",
                                       "GET /users/1 HTTP/1.1\r\nHos", ""};
        const int count = TestSupport::rounds(1000, 200);
        for (int i = 0; i < count; ++i) {
            QTcpSocket socket;
            socket.connectToHost(QHostAddress::LocalHost, service.port());
            QVERIFY2(socket.waitForConnected(20'000), qPrintable(socket.errorString()));
            socket.write(requests[i % 5]);
            socket.waitForBytesWritten(20'000);
            QThread::usleep(50UL * static_cast<unsigned long>(i % 37)); // moves the moment about
            socket.abort();
        }
        QCOMPARE(service.get("/users/1", "last").status, 200);
        service.signal(SIGTERM);
        QCOMPARE(service.waitForEnd(), 0);
    }

    /// More clients than it has descriptors for: it goes on when some have left.
    void runsOutOfDescriptors()
    {
        ServiceProcess service(options());
        QCOMPARE(service.get("/users/1").status, 200); // the threads that it takes are there now
        const QString folder = QStringLiteral("/proc/%1/fd").arg(service.pid());
        const rlim_t limit = rlim_t(TestSupport::entriesOf(folder)) + 10;
        const rlimit limits{limit, limit};
        QCOMPARE(::prlimit(pid_t(service.pid()), RLIMIT_NOFILE, &limits, nullptr), 0);
        {
            QTcpSocket clients[30];
            for (QTcpSocket &client : clients) {
                client.connectToHost(QHostAddress::LocalHost, service.port());
                QVERIFY(client.waitForConnected(20'000));
            }
            QVERIFY(TestSupport::eventually([&] { return rlim_t(TestSupport::entriesOf(folder)) >= limit; }));
        }
        QCOMPARE(service.get("/users/2").status, 200);
    }

    void endFinishesWhatIsUnderWay()
    {
        ServiceProcess service(options());
        QCOMPARE(service.get("/users/1").status, 200); // leaves an idle connection
        const auto reply = service.send("/slow?ms=700");
        QVERIFY(service.waitForLog("blocking for"));
        service.signal(SIGTERM);
        QVERIFY(service.waitForLog("Finishing 1 requests"));
        QTcpSocket late;
        late.connectToHost(QHostAddress::LocalHost, service.port());
        QVERIFY(!late.waitForConnected(20'000));
        const Answer answer = ServiceProcess::answerOf(reply.get());
        QCOMPARE(answer.status, 200);
        QCOMPARE(answer.body, QByteArray(R"({"slow":true})"));
        QCOMPARE(service.waitForEnd(), 0);
    }

    void endIsBounded()
    {
        ServiceProcess service(options({QStringLiteral("--deadline"), QStringLiteral("60000"),
                                        QStringLiteral("--grace"), QStringLiteral("100")}));
        const auto blocking = service.send("/slow?ms=60000");
        const auto query = service.send("/slow-query");
        QVERIFY(service.waitForLog("blocking for"));
        QElapsedTimer timer;
        timer.start();
        service.signal(SIGINT);
        QCOMPARE(service.waitForEnd(), 0);
        QVERIFY2(timer.elapsed() < 10'000, QByteArray::number(timer.elapsed()).constData());
        QCOMPARE(ServiceProcess::answerOf(blocking.get()).status, 0);
        QCOMPARE(ServiceProcess::answerOf(query.get()).status, 0);
        QVERIFY(!service.logged("Cancelling 2 requests").isEmpty());
    }

    void secondSignalEndsAtOnce()
    {
        ServiceProcess service(options({QStringLiteral("--deadline"), QStringLiteral("60000"),
                                        QStringLiteral("--grace"), QStringLiteral("60000")}));
        const auto reply = service.send("/slow?ms=60000");
        QVERIFY(service.waitForLog("blocking for"));
        service.signal(SIGINT);
        QVERIFY(service.waitForLog("Finishing 1 requests"));
        service.signal(SIGINT);
        QCOMPARE(service.waitForEnd(), 130);
    }
};

QTEST_GUILESS_MAIN(TestLimits)
#include "tst_usersservice_limits.moc"
