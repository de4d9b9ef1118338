#pragma once

#include "connectionpool.h"

#include <QtCore/QJsonDocument>
#include <QtCore/QString>

#include <optional>

/// A row of the table of users.
struct User
{
    int id = 0;
    QString name;

    QJsonDocument toJson() const;
};

/// Makes the table, with Alice and Bob in it, where there is none.
void createUsers(Connection &connection);
/// Runs where the connection lives, as all does that touches one.
std::optional<User> selectUser(Connection &connection, int id);

/// A plain function that blocks until the database has answered. Throws HttpError.
User getUser(const Synchronaut::Synchronized<Connection> &connection, int id);
/// The same for requests: borrows a connection, then has getUser() called on a thread that may block.
Synchronaut::Task<QJsonDocument> readUser(ConnectionPool *pool, int id);
