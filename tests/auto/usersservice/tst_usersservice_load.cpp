// examples/usersservice under wrk: no error, and neither memory nor descriptors grow. Five seconds;
// SYNCHRONAUT_LOAD_SECONDS=20 makes it twenty.
#include "serviceprocess.h"

#include "../support/waiting.h"

#include <QtCore/QRegularExpression>
#include <QtCore/QStandardPaths>
#include <QtTest/QTest>

#include <csignal>

namespace {

constexpr int clients = 64;

struct Load
{
    QByteArray output;
    double requestsPerSecond = 0;
    QString p99;
};

/// What the process holds.
struct Holdings
{
    qint64 rss = 0; ///< KiB
    int descriptors = 0;
    int threads = 0;
};

Holdings holdingsOf(qint64 pid)
{
    const QString folder = QStringLiteral("/proc/%1/").arg(pid);
    Holdings holdings;
    QFile status(folder + QStringLiteral("status"));
    if (status.open(QIODevice::ReadOnly)) {
        const QByteArray text = status.readAll();
        holdings.rss = text.mid(text.indexOf("VmRSS:") + 6).trimmed().split(' ').first().toLongLong();
    }
    holdings.descriptors = TestSupport::entriesOf(folder + QStringLiteral("fd"));
    holdings.threads = TestSupport::entriesOf(folder + QStringLiteral("task"));
    return holdings;
}

QString captured(const QByteArray &output, const char *pattern)
{
    return QRegularExpression(QString::fromLatin1(pattern), QRegularExpression::MultilineOption)
            .match(QString::fromUtf8(output))
            .captured(1);
}

Load runWrk(const QString &wrk, const QString &url, int seconds)
{
    QProcess process;
    process.start(wrk, {QStringLiteral("-t2"), QStringLiteral("-c%1").arg(clients),
                        QStringLiteral("-d%1s").arg(seconds), QStringLiteral("--latency"),
                        QStringLiteral("--timeout"), QStringLiteral("10s"), url});
    Load load;
    if (process.waitForFinished((seconds + 30) * 1000)) {
        load.output = process.readAll();
        load.requestsPerSecond = captured(load.output, "^Requests/sec:\\s+([0-9.]+)").toDouble();
        load.p99 = captured(load.output, "^\\s+99%\\s+(\\S+)");
    }
    return load;
}

} // namespace

class TestLoad : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void load_data()
    {
        QTest::addColumn<QByteArray>("path");
        QTest::newRow("users") << QByteArray("/users/1");
        QTest::newRow("hello") << QByteArray("/");
    }

    void load()
    {
        const QString wrk = QStandardPaths::findExecutable(QStringLiteral("wrk"));
        if (wrk.isEmpty())
            QSKIP("wrk is missing");
        QFETCH(const QByteArray, path);
        const int seconds = std::clamp(qEnvironmentVariableIntValue("SYNCHRONAUT_LOAD_SECONDS"), 5, 60);
        // the deadline is none of this test's business, nor is how fast a sanitizer lets it run
        ServiceProcess service({QStringLiteral("--log"), QStringLiteral("quiet"), QStringLiteral("--deadline"),
                                QStringLiteral("60000")});
        QVERIFY(service.isListening());

        const Load warmUp = runWrk(wrk, service.url(path.constData()), 3);
        QVERIFY2(warmUp.requestsPerSecond > 0, warmUp.output.constData());
        QVERIFY(waitForNoClients(service.pid()));
        const Holdings before = holdingsOf(service.pid());
        const Load load = runWrk(wrk, service.url(path.constData()), seconds);
        QVERIFY(waitForNoClients(service.pid()));
        const Holdings after = holdingsOf(service.pid());

        qInfo("%s, %d s, %d connections: %.0f requests/s, p99 %s; RSS %lld -> %lld KiB, descriptors %d -> %d, "
              "threads %d -> %d",
              path.constData(), seconds, clients, load.requestsPerSecond, qPrintable(load.p99), before.rss,
              after.rss, before.descriptors, after.descriptors, before.threads, after.threads);
        QVERIFY2(load.requestsPerSecond > 0 && !load.p99.isEmpty(), load.output.constData());
        QVERIFY2(!load.output.contains("Socket errors"), load.output.constData());
        QVERIFY2(!load.output.contains("Non-2xx"), load.output.constData());
        // each thread has a descriptor; the pool has 32, and need not have started them all in the warm-up
        QCOMPARE(after.descriptors - after.threads, before.descriptors - before.threads);
        QVERIFY(after.threads <= 45);
        if (!TestSupport::sanitized) // which keeps what was freed
            QVERIFY(after.rss <= before.rss + before.rss / 10);

        QCOMPARE(service.get("/users/1").status, 200);
        service.signal(SIGTERM);
        QCOMPARE(service.waitForEnd(), 0);
    }

private:
    /// wrk has hung up; the service notices that a moment later.
    static bool waitForNoClients(qint64 pid)
    {
        const auto sockets = [pid] {
            int count = 0;
            const QDir folder(QStringLiteral("/proc/%1/fd").arg(pid));
            const QStringList names = folder.entryList(QDir::AllEntries | QDir::System | QDir::NoDotAndDotDot);
            for (const QString &name : names)
                count += QFile::symLinkTarget(folder.filePath(name)).contains(QLatin1String("socket:")) ? 1 : 0;
            return count;
        };
        return TestSupport::eventually([&] { return sockets() <= 1; }); // the one it listens on
    }
};

QTEST_GUILESS_MAIN(TestLoad)
#include "tst_usersservice_load.moc"
