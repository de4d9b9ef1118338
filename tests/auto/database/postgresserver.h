#pragma once

#include <QtCore/QProcess>
#include <QtCore/QString>
#include <QtCore/QTemporaryDir>

/*!
    A PostgreSQL server of its own in a temporary folder, reached through a Unix socket there. It ends
    with this object, and with this process. As root it runs as user postgres, which the server
    demands. Members that give a QString say what went wrong; empty: nothing.
*/
class PostgresServer
{
public:
    PostgresServer();
    ~PostgresServer();

    /// Whether there is a server on this machine: then the tests have to work with it.
    static bool isInstalled();

    /// Makes the database files, once.
    QString create();
    /// Starts the server and waits until it takes connections; after stopHard() it recovers first.
    QString start();
    bool isRunning() const { return m_server.state() != QProcess::NotRunning; }
    /// `pg_ctl stop -m immediate`: ends all its processes as a crash would.
    QString stopHard();

    /// For ConnectionSettings::postgres() and the program.
    QString dsn(const QString &database = QStringLiteral("postgres")) const;

private:
    QString runProgram(const QString &name, const QStringList &arguments);
    void prepare(QProcess &process, const QString &name, const QStringList &arguments);
    QString dataFolder() const;

    QTemporaryDir m_folder;
    QProcess m_server;
};
