#pragma once

#include <QtCore/QString>

#include <chrono>

/// What a connection is made with. Plain data, copied freely.
struct ConnectionSettings
{
    QString driver;   ///< QSQLITE or QPSQL
    QString database; ///< SQLite: the file
    QString host;     ///< a folder, from the root on: the server's Unix socket in it
    int port = -1;
    QString user;
    QString password;
    QString options; ///< further ones of libpq: "connect_timeout=5;sslmode=require"
    /// SQLite: how long a statement waits for a file that somebody else has locked.
    std::chrono::milliseconds lockTimeout = std::chrono::seconds(5);

    bool isSqlite() const { return driver == QLatin1String("QSQLITE"); }
    /// For messages: the file, or database and server. Without the password.
    QString description() const;

    /// The SQLite file \a path, made when it does not exist.
    static ConnectionSettings sqlite(const QString &path);
    /*!
        PostgreSQL from a URL in the manner of libpq:
        postgresql://user:password@host:port/database?connect_timeout=5, where host, port, user and
        password may also stand behind the question mark (host=/run/postgresql). Throws
        DatabaseError when it is none.
    */
    static ConnectionSettings postgres(const QString &dsn);
};
