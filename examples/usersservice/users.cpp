#include "users.h"

#include "answers.h"
#include "requestlog.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QJsonObject>

using namespace Synchronaut;

QJsonDocument User::toJson() const
{
    return QJsonDocument(QJsonObject{{QStringLiteral("id"), id}, {QStringLiteral("name"), name}});
}

void createUsers(Connection &connection)
{
    const QString tables = QStringLiteral("SELECT name FROM sqlite_master WHERE name = 'users'");
    if (!connection.query(tables).isEmpty())
        return;
    connection.execute(QStringLiteral("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"));
    connection.execute(QStringLiteral("INSERT INTO users VALUES (1, 'Alice'), (2, 'Bob')"));
}

std::optional<User> selectUser(Connection &connection, int id)
{
    qCDebug(usersLog, "selecting user %d", id);
    // a number cannot break out of the statement; texts would have to be bound
    const QList<Row> rows =
            connection.query(QStringLiteral("SELECT id, name FROM users WHERE id = %1").arg(id));
    if (rows.isEmpty())
        return std::nullopt;
    return User{rows.first().at(0).toInt(), rows.first().at(1).toString()};
}

User getUser(const Synchronized<Connection> &connection, int id)
{
    qCDebug(usersLog, "getting user %d", id);
    std::optional<User> user = connection.sync(selectUser, id);
    if (!user)
        throw HttpError(HttpError::StatusCode::NotFound, "User not found");
    return *std::move(user);
}

Task<QJsonDocument> readUser(ConnectionPool *pool, int id)
{
    const ConnectionLease connection = co_await pool->acquire();
    const User user = co_await callAsync(SYNCHRONAUT_FN(getUser), *connection, id);
    co_return user.toJson();
}
