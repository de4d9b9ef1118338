#include "sqlitecancel.h"

#include <Synchronaut/Cancellation>

#include <QtCore/QThread>
#include <QtCore/QVariant>
#include <QtSql/QSqlDriver>

#include <sqlite3.h>

namespace {

constexpr int stepsBetween = 10'000; // of SQLite's virtual machine: well below a millisecond
constexpr int pause = 5;             // ms between two attempts at a locked file

extern "C" int endWhenCanceled(void *)
{
    return Synchronaut::isCanceled();
}

/// \a timeout is the time in ms, in the guise of a pointer. Zero: give up.
extern "C" int waitForLock(void *timeout, int attempts)
{
    if (Synchronaut::isCanceled() || attempts * pause >= int(reinterpret_cast<qintptr>(timeout)))
        return 0;
    QThread::msleep(pause);
    return 1;
}

} // namespace

void cancelSqliteWithCalls(QSqlDriver *driver, std::chrono::milliseconds lockTimeout)
{
    const QVariant handle = driver->handle(); // as Qt's documentation has it
    if (qstrcmp(handle.typeName(), "sqlite3*") != 0)
        return;
    auto *const sqlite = *static_cast<sqlite3 *const *>(handle.constData());
    sqlite3_progress_handler(sqlite, stepsBetween, endWhenCanceled, nullptr);
    sqlite3_busy_handler(sqlite, waitForLock, reinterpret_cast<void *>(qintptr(lockTimeout.count())));
}
