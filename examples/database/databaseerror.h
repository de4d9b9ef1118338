#pragma once

#include <QtCore/QString>

#include <stdexcept>

QT_BEGIN_NAMESPACE
class QSqlError;
QT_END_NAMESPACE

/// Why a database has not done what it was asked to do; what() is for people, in UTF-8.
class DatabaseError : public std::runtime_error
{
public:
    enum Kind {
        Failed,      ///< the statement is wrong, or cannot be done
        Unreachable, ///< no connection, or it was lost
        Locked,      ///< somebody else holds the SQLite file
        Exhausted,   ///< all connections of the pool were in use for too long
        Interrupted, ///< the call that ran the statement was cancelled
    };

    DatabaseError(Kind kind, const QString &message)
        : std::runtime_error(message.toStdString()), m_kind(kind)
    {
    }

    Kind kind() const noexcept { return m_kind; }
    QString message() const { return QString::fromUtf8(what()); }

private:
    Kind m_kind;
};

/// The database's own words, without what Qt puts around them.
QString messageOf(const QSqlError &error);

/// What \a error of a statement means. \a place is the database, for the message; \a open: the
/// connection is still there, as far as the driver knows.
DatabaseError databaseError(const QSqlError &error, const QString &place, bool sqlite, bool open);
