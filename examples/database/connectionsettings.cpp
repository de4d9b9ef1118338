#include "connectionsettings.h"

#include "databaseerror.h"

#include <QtCore/QUrl>
#include <QtCore/QUrlQuery>

QString ConnectionSettings::description() const
{
    if (isSqlite())
        return database;
    QString place = host.isEmpty() ? QStringLiteral("the local server") : host;
    if (port >= 0)
        place += QStringLiteral(", port %1").arg(port);
    return QStringLiteral("%1 on %2").arg(database, place);
}

ConnectionSettings ConnectionSettings::sqlite(const QString &path)
{
    ConnectionSettings settings;
    settings.driver = QStringLiteral("QSQLITE");
    settings.database = path;
    return settings;
}

ConnectionSettings ConnectionSettings::postgres(const QString &dsn)
{
    const auto refuse = [](const QString &why) {
        throw DatabaseError(DatabaseError::Unreachable,
                            QStringLiteral("The DSN is wrong: %1; write "
                                           "postgresql://user:password@host:port/database")
                                    .arg(why));
    };
    const QUrl url(dsn, QUrl::StrictMode);
    if (!url.isValid())
        refuse(url.isEmpty() ? QStringLiteral("it is empty") : url.errorString());
    if (url.scheme() != QLatin1String("postgresql") && url.scheme() != QLatin1String("postgres"))
        refuse(QStringLiteral("it does not begin with postgresql://"));

    ConnectionSettings settings;
    settings.driver = QStringLiteral("QPSQL");
    settings.host = url.host(QUrl::FullyDecoded);
    settings.port = url.port();
    settings.user = url.userName(QUrl::FullyDecoded);
    settings.password = url.password(QUrl::FullyDecoded);
    settings.database = url.path(QUrl::FullyDecoded).mid(1);

    QStringList options;
    const auto items = QUrlQuery(url).queryItems(QUrl::FullyDecoded);
    for (const auto &[key, value] : items) {
        if (key == QLatin1String("host")) {
            settings.host = value;
        } else if (key == QLatin1String("user")) {
            settings.user = value;
        } else if (key == QLatin1String("password")) {
            settings.password = value;
        } else if (key == QLatin1String("port")) {
            bool valid = false;
            settings.port = value.toInt(&valid);
            if (!valid)
                refuse(QStringLiteral("the port \"%1\" is no number").arg(value));
        } else if (value.contains(QLatin1Char(';')) || value.contains(QLatin1Char(' '))) {
            refuse(QStringLiteral("the value of %1 contains a space or a semicolon").arg(key));
        } else {
            options += key + QLatin1Char('=') + value;
        }
    }
    if (settings.database.isEmpty())
        refuse(QStringLiteral("no database is named"));
    settings.options = options.join(QLatin1Char(';'));
    return settings;
}
