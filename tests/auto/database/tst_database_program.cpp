// examples/database as users run it, on SQLite files: answers, messages and exit statuses.
#include "../support/waiting.h"

#include "connection.h"
#include "programrun.h"

#include <QtCore/QElapsedTimer>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <csignal>

class TestDatabaseProgram : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QVERIFY(writeOrders(m_folder.filePath(QStringLiteral("orders.csv")), orders)); }

    void usage()
    {
        QCOMPARE(database({}).status, 2);
        QCOMPARE(database({QStringLiteral("a.csv"), QStringLiteral("b.csv")}).status, 2);
        QCOMPARE(database({QStringLiteral("--timeout"), QStringLiteral("x"), QStringLiteral("a.csv")}).status, 2);
    }

    void importsAndAnswers()
    {
        const Ended ended = database({QStringLiteral("--db"), file("a.sqlite"), QStringLiteral("--query"),
                                      ordersQuery(), file("orders.csv")});
        QCOMPARE(ended.errors.count("skipped\n"), 1); // the summary
        QCOMPARE(ended.status, 0);
        QCOMPARE(ended.output, ordersAnswer(orders));
        QVERIFY2(ended.errors.contains(" rows imported, 40 %\n") || ended.errors.contains(" rows imported, 41 %\n"),
                 ended.errors.constData());
        QVERIFY2(ended.errors.contains("300000 rows imported, 100 %\n"), ended.errors.constData());
        QVERIFY(ended.errors.contains("300000 rows imported into orders, 0 malformed lines skipped\n"));

        // it stays in the file; another import adds to it
        const Ended again = database({QStringLiteral("--db"), file("a.sqlite"), QStringLiteral("--table"),
                                      QStringLiteral("orders"), write("more.csv", "id,city,amount\n1,\"\"\"x\"\"\",2\n")});
        QCOMPARE(again.status, 0);
        QCOMPARE(again.output, QByteArray("rows\n300001\n"));
    }

    void malformedLinesAreSkippedOrFatal()
    {
        const QString path = write("bad.csv", "id,city\n1,a\n2\n3,\"c\n4,d\n\n5,e,f\n6,f\n");
        const Ended skipping = database({QStringLiteral("--db"), file("bad.sqlite"), path});
        QCOMPARE(skipping.status, 0);
        QCOMPARE(skipping.output, QByteArray("rows\n3\n"));
        QVERIFY(skipping.errors.contains("bad.csv, line 3: 1 fields in place of 2; skipped\n"));
        QVERIFY(skipping.errors.contains("bad.csv, line 4: a quote is not closed; skipped\n"));
        QVERIFY(skipping.errors.contains("bad.csv, line 7: 3 fields in place of 2; skipped\n"));
        QVERIFY(skipping.errors.contains("3 rows imported into bad, 3 malformed lines skipped\n"));

        const Ended strict = database({QStringLiteral("--db"), file("bad.sqlite"), QStringLiteral("--strict"),
                                       QStringLiteral("--table"), QStringLiteral("other"), path});
        QCOMPARE(strict.status, 5);
        QCOMPARE(strict.output, QByteArray());
        QVERIFY2(strict.errors.contains("bad.csv, line 3: 1 fields in place of 2; nothing was imported\n"),
                 strict.errors.constData());
        const Ended asked = ask("bad.sqlite", "SELECT count(*) AS n FROM other");
        QCOMPARE(asked.status, 1); // the table was rolled back, too
        QVERIFY2(asked.errors.contains("no such table: other"), asked.errors.constData());
    }

    void unusableFiles()
    {
        const Ended none = database({QStringLiteral("--db"), file("c.sqlite"), file("none.csv")});
        QCOMPARE(none.status, 5);
        QVERIFY2(none.errors.contains("Cannot read") && none.errors.contains("none.csv"), none.errors.constData());
        const Ended empty = database({QStringLiteral("--db"), file("c.sqlite"), write("empty.csv", "")});
        QCOMPARE(empty.status, 5);
        QVERIFY2(empty.errors.contains("is empty"), empty.errors.constData());

        const Ended noFolder = database({QStringLiteral("--db"), file("none/x.sqlite"), file("orders.csv")});
        QCOMPARE(noFolder.status, 3);
        QVERIFY2(noFolder.errors.contains("Cannot connect to"), noFolder.errors.constData());
        const Ended noDatabase = database({QStringLiteral("--db"), file("orders.csv"), file("orders.csv")});
        QCOMPARE(noDatabase.status, 3);
        QVERIFY2(noDatabase.errors.contains("not a database"), noDatabase.errors.constData());
    }

    void lockedFile()
    {
        QCOMPARE(database({QStringLiteral("--db"), file("l.sqlite"), write("l.csv", "x\n1\n")}).status, 0);
        Connection other(ConnectionSettings::sqlite(file("l.sqlite")));
        other.execute(QStringLiteral("BEGIN EXCLUSIVE"));
        QElapsedTimer timer;
        timer.start();
        const Ended ended = database({QStringLiteral("--db"), file("l.sqlite"), QStringLiteral("--lock-timeout"),
                                      QStringLiteral("0.3"), file("l.csv")});
        QCOMPARE(ended.status, 4);
        QVERIFY(timer.elapsed() >= 300);
        QVERIFY2(ended.errors.contains("l.sqlite is locked by another program"), ended.errors.constData());

        // waiting for the lock ends with the timeout, not after it
        const Ended late = database({QStringLiteral("--db"), file("l.sqlite"), QStringLiteral("--lock-timeout"),
                                     QStringLiteral("1000"), QStringLiteral("--timeout"), QStringLiteral("0.3"),
                                     file("l.csv")});
        QCOMPARE(late.status, 124);

        // one that is released in time is waited for
        QProcess waiting;
        waiting.start(QStringLiteral(DATABASE_PROGRAM), {QStringLiteral("--db"), file("l.sqlite"),
                                                         QStringLiteral("--lock-timeout"), QStringLiteral("60"),
                                                         file("l.csv")});
        QVERIFY(waiting.waitForStarted());
        QVERIFY(!waiting.waitForFinished(300));
        other.execute(QStringLiteral("COMMIT"));
        QVERIFY(waiting.waitForFinished(100'000));
        QCOMPARE(waiting.exitCode(), 0);
        QCOMPARE(waiting.readAllStandardOutput(), QByteArray("rows\n2\n"));
    }

    void wrongDsn_data()
    {
        QTest::addColumn<QString>("dsn");
        QTest::addColumn<QByteArray>("said");
        const auto row = [](const char *name, const char *dsn, const char *said) {
            QTest::newRow(name) << QString::fromLatin1(dsn) << QByteArray(said);
        };
        row("empty", "", "The DSN is wrong: it is empty");
        row("no URL", "shop", "The DSN is wrong: it does not begin with postgresql://");
        row("other scheme", "mysql://localhost/shop", "The DSN is wrong: it does not begin with postgresql://");
        row("no database", "postgresql://localhost", "The DSN is wrong: no database is named");
        row("port", "postgresql://localhost/shop?port=x", "The DSN is wrong: the port \"x\" is no number");
        row("option", "postgresql://localhost/shop?sslmode=a;b", "contains a space or a semicolon");
        row("nobody there", "postgresql://me@/shop?host=/no/such/folder", "Cannot connect to shop on /no/such/folder");
        row("unknown option", "postgresql://me@/shop?host=/no/such/folder&nonsense=1", "Cannot connect to shop");
    }
    void wrongDsn()
    {
        QFETCH(const QString, dsn);
        QFETCH(const QByteArray, said);
        const Ended ended = database({QStringLiteral("--dsn"), dsn, file("orders.csv")});
        QCOMPARE(ended.status, 3);
        QCOMPARE(ended.output, QByteArray());
        if (!QSqlDatabase::isDriverAvailable(QStringLiteral("QPSQL")) && said.startsWith("Cannot connect"))
            QVERIFY2(ended.errors.contains("libqt6sql6-psql"), ended.errors.constData());
        else
            QVERIFY2(ended.errors.contains(said), ended.errors.constData());
    }

    void wrongQuery()
    {
        const Ended ended = ask("q.sqlite", "SELECT 1 FROM nowhere");
        QCOMPARE(ended.status, 1);
        QVERIFY2(ended.errors.contains("no such table: nowhere"), ended.errors.constData());
    }

    void answersAreCsv()
    {
        const Ended ended = ask("q.sqlite", "SELECT 'a,b' AS \"x,y\", 'c\"d' AS y, NULL AS z");
        QCOMPARE(ended.status, 0);
        QCOMPARE(ended.output, QByteArray("\"x,y\",y,z\n\"a,b\",\"c\"\"d\",\n"));
        QCOMPARE(ask("q.sqlite", "SELECT 1 AS a WHERE 0").output, QByteArray("a\n"));
    }

    void runningQueryIsCancelled()
    {
        const Ended late = database({QStringLiteral("--db"), file("q.sqlite"), QStringLiteral("--timeout"),
                                     QStringLiteral("0.3"), QStringLiteral("--query"), endless()});
        QCOMPARE(late.status, 124);
        QVERIFY2(late.errors.contains("timed out"), late.errors.constData());

        QProcess process;
        process.start(QStringLiteral(DATABASE_PROGRAM), {QStringLiteral("--db"), file("q.sqlite"),
                                                         QStringLiteral("--query"), endless(),
                                                         write("q.csv", "x\n1\n")});
        process.setReadChannel(QProcess::StandardError);
        QVERIFY(process.waitForReadyRead(100'000)); // it is at work, and listens
        ::kill(static_cast<pid_t>(process.processId()), SIGINT);
        QVERIFY(process.waitForFinished(100'000));
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        QCOMPARE(process.exitCode(), 130);
    }

    void interruptedImportLeavesNothing()
    {
        QProcess process;
        process.start(QStringLiteral(DATABASE_PROGRAM), {QStringLiteral("--db"), file("i.sqlite"), file("orders.csv")});
        process.setReadChannel(QProcess::StandardError);
        QVERIFY(process.waitForReadyRead(100'000)); // the first progress line
        ::kill(static_cast<pid_t>(process.processId()), SIGINT);
        QVERIFY(process.waitForFinished(100'000));
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        QCOMPARE(process.exitCode(), 130);
        const Ended asked = ask("i.sqlite", "SELECT count(*) AS n FROM orders");
        QVERIFY2(asked.errors.contains("no such table"), asked.errors.constData());
    }

private:
    static constexpr int orders = 300'000;

    QString file(const char *name) const { return m_folder.filePath(QString::fromLatin1(name)); }
    QString write(const char *name, const QByteArray &text) const
    {
        QFile made(file(name));
        if (!made.open(QIODevice::WriteOnly) || made.write(text) != text.size())
            qFatal("Cannot write %s", name);
        return made.fileName();
    }
    Ended ask(const char *name, const char *query) const
    {
        return database({QStringLiteral("--db"), file(name), QStringLiteral("--query"), QString::fromLatin1(query)});
    }
    static QString endless()
    {
        return QStringLiteral("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
    }

    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(TestDatabaseProgram)
#include "tst_database_program.moc"
