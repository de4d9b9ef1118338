#include "databaseerror.h"

#include <QtSql/QSqlError>

namespace {

DatabaseError::Kind kindOf(const QSqlError &error, bool sqlite)
{
    const QString code = error.nativeErrorCode();
    if (!sqlite) { // SQLSTATE
        if (code == QLatin1String("57014"))
            return DatabaseError::Interrupted;
        return code.startsWith(QLatin1String("57P")) ? DatabaseError::Unreachable : DatabaseError::Failed;
    }
    switch (code.toInt() & 0xff) { // the rest of the number says it more exactly
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
        return DatabaseError::Locked;
    case 9: // SQLITE_INTERRUPT
        return DatabaseError::Interrupted;
    case 14: // SQLITE_CANTOPEN
    case 26: // SQLITE_NOTADB
        return DatabaseError::Unreachable;
    default:
        return DatabaseError::Failed;
    }
}

} // namespace

QString messageOf(const QSqlError &error)
{
    const QString text = error.databaseText().isEmpty() ? error.text() : error.databaseText();
    return text.simplified();
}

DatabaseError databaseError(const QSqlError &error, const QString &place, bool sqlite, bool open)
{
    // what PostgreSQL says has a code, what libpq says of a lost connection has none
    const bool lost = !open || (!sqlite && error.nativeErrorCode().isEmpty());
    const DatabaseError::Kind kind = lost ? DatabaseError::Unreachable : kindOf(error, sqlite);
    QString format = QStringLiteral("%1: %2");
    if (kind == DatabaseError::Unreachable)
        format = lost ? QStringLiteral("The connection to %1 is lost: %2")
                      : QStringLiteral("Cannot use %1: %2");
    else if (kind == DatabaseError::Locked)
        format = QStringLiteral("%1 is locked by another program (%2); try again when that is done");
    else if (kind == DatabaseError::Interrupted)
        format = QStringLiteral("A statement on %1 was cancelled: %2");
    return DatabaseError(kind, format.arg(place, messageOf(error)));
}
