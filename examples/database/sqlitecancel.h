#pragma once

#include <QtCore/qglobal.h>

#include <chrono>

QT_BEGIN_NAMESPACE
class QSqlDriver;
QT_END_NAMESPACE

/*!
    Lets statements on \a driver's open SQLite connection end when the call that runs them is cancelled
    or timed out, while they work and while they wait for a locked file: SQLite asks now and then, and
    Synchronaut::isCanceled() answers. No other thread touches the connection. \a lockTimeout is how long a
    locked file is waited for. Call it in the connection's thread.
*/
void cancelSqliteWithCalls(QSqlDriver *driver, std::chrono::milliseconds lockTimeout);
