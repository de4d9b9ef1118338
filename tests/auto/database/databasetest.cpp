#include "databasetest.h"

#include "pairs.h"

#include <QtTest/QTest>

void DatabaseTest::initTestCase_data()
{
    QTest::addColumn<bool>("postgres");
    QTest::newRow("SQLite") << false;
    if (PostgresServer::isInstalled())
        QTest::newRow("PostgreSQL") << true;
}

void DatabaseTest::initTestCase()
{
    if (!PostgresServer::isInstalled())
        return;
    QCOMPARE(m_server.create(), QString());
    QCOMPARE(m_server.start(), QString());
}

void DatabaseTest::init()
{
    QFETCH_GLOBAL(const bool, postgres);
    m_postgres = postgres;
    m_settings = postgres ? ConnectionSettings::postgres(m_server.dsn())
                          : ConnectionSettings::sqlite(m_folder.filePath(QStringLiteral("test.sqlite")));
    m_settings.lockTimeout = std::chrono::seconds(60);
    makePairs(m_settings);
}

QString DatabaseTest::endless() const
{
    return m_postgres ? QStringLiteral("SELECT pg_sleep(600)")
                      : QStringLiteral("SELECT max(i) FROM (%1)").arg(endlessRows());
}

QString DatabaseTest::endlessRows()
{
    return QStringLiteral("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                          "SELECT i FROM n WHERE i <= 5");
}

QString DatabaseTest::numbers(int count) const
{
    const QString text = m_postgres ? QStringLiteral("repeat('x', 100)") : QStringLiteral("hex(zeroblob(50))");
    return QStringLiteral("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %1) "
                          "SELECT i, %2 FROM n")
            .arg(QString::number(count), text);
}
