#pragma once

#include "connection.h"

#include <Synchronaut/AsyncGenerator>
#include <Synchronaut/Synchronized>

/*!
    The rows of \a sql, one at a time, however many there are. They are fetched \a block at a time, the
    next ones when the consumer has had those before: it sets the pace. The query begins with the first
    item. Leaving early, or destroying the stream, ends it on the connection; so do cancellation and
    timeout. One stream a connection at a time.
*/
Synchronaut::AsyncGenerator<Row> rowStream(Synchronaut::Synchronized<Connection> connection, QString sql,
                                           int block = 1000);
