// Rows that belong together, two a transaction: what the tests of pool and server share.
#pragma once

#include "connectionpool.h"

#include <Synchronaut/Task>

#include <QtCore/QFuture>

inline const QString insertOne = QStringLiteral("INSERT INTO pairs VALUES (?, ?)");
inline const QString countAll = QStringLiteral("SELECT count(*) FROM pairs");

/// Makes the empty table pairs (id, half).
void makePairs(const ConnectionSettings &settings);

/// Inserts both halves of \a id in one transaction.
Synchronaut::Task<> insertPair(ConnectionPool *pool, int id);

/// How many rows there are, asked through a connection of \a pool.
Synchronaut::Task<int> count(ConnectionPool *pool);

/// Throws what one of them throws.
Synchronaut::Task<> awaitAll(QList<QFuture<void>> futures);
