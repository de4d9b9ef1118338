#pragma once

#include <QtCore/QLoggingCategory>

namespace Synchronaut {

/// Category \c synchronaut: warnings by default; debug output on request.
Q_DECLARE_LOGGING_CATEGORY(lcSynchronaut)
/// Category \c synchronaut.calls: where each call begins and how it ends. All three: on request.
Q_DECLARE_LOGGING_CATEGORY(lcCalls)
/// Category \c synchronaut.loop: event loops of ours that start and end.
Q_DECLARE_LOGGING_CATEGORY(lcLoop)
/// Category \c synchronaut.pool: threads that start and end working for a pool.
Q_DECLARE_LOGGING_CATEGORY(lcPool)

} // namespace Synchronaut
