#pragma once

#include "connectionpool.h"
#include "csvreader.h"

#include <Synchronaut/Task>

#include <functional>

/// What importCsv() is to do, and whom it tells.
struct CsvImport
{
    QString file;
    QString table;       ///< made if it is not there; all its columns are texts
    bool strict = false; ///< a malformed line ends it, with nothing imported
    /// Called for each malformed line that was skipped, in the task's thread.
    std::function<void(const MalformedLine &)> onMalformed = [](const MalformedLine &) { };
    /// Called after each block: rows so far, bytes read so far, size of the file.
    std::function<void(qint64 rows, qint64 bytes, qint64 size)> onProgress = [](qint64, qint64, qint64) { };
};

/// What has come of it.
struct CsvImported
{
    qint64 rows = 0;
    qint64 malformed = 0;
};

/// As it stands in SQL.
QString quotedName(QString name);

/*!
    Imports a CSV file into a table, in one transaction: all of it or, after an error, a timeout or a
    cancellation, nothing. The file is read on one thread and written on the connection's, a block ahead.
    Throws CsvError and DatabaseError. \a pool outlives the task.
*/
Synchronaut::Task<CsvImported> importCsv(ConnectionPool &pool, CsvImport import);
