#pragma once

#include "connectionsettings.h"
#include "postgresserver.h"

#include <QtCore/QObject>
#include <QtCore/QTemporaryDir>

/*!
    Base of tests that run on a SQLite file and, where it is installed, on a PostgreSQL server of their
    own: each test function once on each. Before each one the table pairs (id, half) is made anew.
*/
class DatabaseTest : public QObject
{
    Q_OBJECT

protected:
    const ConnectionSettings &settings() const { return m_settings; }
    bool isPostgres() const { return m_postgres; }
    const QTemporaryDir &folder() const { return m_folder; }

    /// A query without end or result.
    QString endless() const;
    /// A query that gives the rows 1 to 5, and then works without end; SQLite.
    static QString endlessRows();
    /// A query that gives the rows (1, text) to (count, text), with texts of 100 characters.
    QString numbers(int count) const;

private Q_SLOTS:
    void initTestCase_data();
    void initTestCase();
    void init();

private:
    QTemporaryDir m_folder;
    PostgresServer m_server;
    ConnectionSettings m_settings;
    bool m_postgres = false;
};
