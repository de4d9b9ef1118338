// examples/database on a PostgreSQL server of the test's own: what only a server can do to it.
#include "../support/waiting.h"

#include "databaseerror.h"
#include "pairs.h"
#include "postgresserver.h"
#include "programrun.h"

#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <csignal>
#include <set>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

/// What the writers know to be in the database, and how they ended.
struct Ledger
{
    int next = 0;
    std::set<int> committed;
    int errors = 0;
    QStringList others; ///< errors of another kind than Unreachable
    bool full = false;
    QPromise<void> begun; ///< finished when there are \a enough transactions
    std::size_t enough = 0;
};

/// Writes pairs until the first error, or until the ledger is full.
Task<> keepWriting(ConnectionPool *pool, Ledger *ledger)
{
    try {
        while (!ledger->full) {
            const int id = ledger->next++;
            co_await insertPair(pool, id);
            ledger->committed.insert(id);
            if (ledger->committed.size() == ledger->enough)
                ledger->begun.finish();
        }
    } catch (const DatabaseError &e) {
        ++ledger->errors;
        if (e.kind() != DatabaseError::Unreachable)
            ledger->others += e.message();
    }
}

} // namespace

class TestDatabasePostgres : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (!PostgresServer::isInstalled())
            QSKIP("PostgreSQL is not installed");
        QCOMPARE(m_server.create(), QString());
        QCOMPARE(m_server.start(), QString());
        QVERIFY(writeOrders(m_folder.filePath(QStringLiteral("orders.csv")), orders));
    }

    void init()
    {
        if (!m_server.isRunning()) // the test before has failed
            QCOMPARE(m_server.start(), QString());
        makePairs(settings());
        Connection(settings()).execute(QStringLiteral("DROP TABLE IF EXISTS orders"));
    }

    void serverStopsHard()
    {
        ConnectionPool pool(settings(), 4);
        Ledger ledger;
        ledger.enough = 200;
        ledger.begun.start();
        QList<QFuture<void>> writers;
        for (int i = 0; i < 64; ++i)
            writers += spawn(keepWriting(&pool, &ledger));
        QCOMPARE(pool.waiting(), 60);
        run(withTimeout(ledger.begun.future(), 100s));

        // Every call that is pending now ends, with an error.
        QCOMPARE(m_server.stopHard(), QString());
        run(withTimeout(awaitAll(writers), 100s));
        QCOMPARE(ledger.errors, 64);
        QCOMPARE(ledger.others.join(u'\n'), QString());
        QCOMPARE(pool.waiting(), 0);

        // The same pool goes on when the server is there again.
        QCOMPARE(m_server.start(), QString());
        ledger.errors = 0;
        ledger.enough = ledger.committed.size() + 64;
        ledger.begun = {};
        ledger.begun.start();
        writers.clear();
        for (int i = 0; i < 64; ++i)
            writers += spawn(keepWriting(&pool, &ledger));
        run(withTimeout(ledger.begun.future(), 100s));
        ledger.full = true;
        run(withTimeout(awaitAll(writers), 100s));
        QCOMPARE(ledger.errors, 0);

        Connection connection(settings());
        const QList<Row> pairs = connection.query(
                QStringLiteral("SELECT id, count(*), count(DISTINCT half) FROM pairs GROUP BY id"));
        for (const Row &pair : pairs) {
            QCOMPARE(pair.at(1).toInt(), 2); // no half transaction
            QCOMPARE(pair.at(2).toInt(), 2);
            ledger.committed.erase(pair.at(0).toInt());
        }
        QCOMPARE(ledger.committed.size(), std::size_t(0)); // none lost
    }

    void deadConnectionsAreReplaced()
    {
        ConnectionPool pool(settings(), 4);
        for (int round = 0; round < 3; ++round) {
            QList<QFuture<void>> writers;
            for (int i = 0; i < 16; ++i)
                writers += spawn(insertPair(&pool, i));
            run(awaitAll(writers));
            Connection connection(settings());
            connection.query(QStringLiteral("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                                            "WHERE pid <> pg_backend_pid() AND usename = 'tester'"));
        }
        Connection connection(settings());
        QCOMPARE(connection.query(QStringLiteral("SELECT count(*) FROM pairs")).first().first().toInt(), 96);
    }

    void programImportsAndAnswers()
    {
        const Ended ended = database({QStringLiteral("--dsn"), m_server.dsn(), QStringLiteral("--query"),
                                      ordersQuery(), m_folder.filePath(QStringLiteral("orders.csv"))});
        QVERIFY2(ended.status == 0, ended.errors.constData());
        QCOMPARE(ended.output, ordersAnswer(orders));
        QVERIFY(ended.errors.contains(" rows imported, 100 %\n"));
    }

    void programToldWrongDsn_data()
    {
        QTest::addColumn<QString>("dsn");
        QTest::addColumn<QByteArray>("said");
        QTest::newRow("database") << m_server.dsn(QStringLiteral("nowhere"))
                                  << QByteArray("database \"nowhere\" does not exist");
        QTest::newRow("user") << m_server.dsn() + QStringLiteral("&user=nobody")
                              << QByteArray("role \"nobody\" does not exist");
        QTest::newRow("port") << m_server.dsn() + QStringLiteral("&port=1")
                              << QByteArray("No such file or directory");
    }
    void programToldWrongDsn()
    {
        QFETCH(const QString, dsn);
        QFETCH(const QByteArray, said);
        const Ended ended = database({QStringLiteral("--dsn"), dsn, m_folder.filePath(QStringLiteral("orders.csv"))});
        QCOMPARE(ended.status, 3);
        QCOMPARE(ended.output, QByteArray());
        QVERIFY2(ended.errors.contains("Cannot connect to") && ended.errors.contains(said),
                 ended.errors.constData());
    }

    void programInterruptedLeavesNothing()
    {
        QProcess process;
        process.start(QStringLiteral(DATABASE_PROGRAM),
                      {QStringLiteral("--dsn"), m_server.dsn(), m_folder.filePath(QStringLiteral("orders.csv"))});
        process.setReadChannel(QProcess::StandardError);
        QVERIFY(process.waitForReadyRead(100'000)); // the first progress line
        ::kill(static_cast<pid_t>(process.processId()), SIGINT);
        QVERIFY(process.waitForFinished(100'000));
        QCOMPARE(process.exitCode(), 130);
        Connection connection(settings());
        QVERIFY(connection.query(QStringLiteral("SELECT to_regclass('orders')")).first().first().isNull());
    }

    void programTimedOutLeavesNoQuery()
    {
        const Ended ended = database({QStringLiteral("--dsn"), m_server.dsn(), QStringLiteral("--timeout"),
                                      QStringLiteral("0.5"), QStringLiteral("--query"),
                                      QStringLiteral("SELECT pg_sleep(601)")});
        QCOMPARE(ended.status, 124);
        Connection connection(settings());
        const QList<Row> left = connection.query(
                QStringLiteral("SELECT query FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() "
                               "AND query LIKE '%601%'"));
        QCOMPARE(left.size(), 0);
    }

private:
    static constexpr int orders = 50'000;

    ConnectionSettings settings() const { return ConnectionSettings::postgres(m_server.dsn()); }

    QTemporaryDir m_folder;
    PostgresServer m_server;
};

QTEST_GUILESS_MAIN(TestDatabasePostgres)
#include "tst_database_postgres.moc"
