#pragma once

#include <QtCore/QLoggingCategory>

namespace Synchronaut {

/// Category \c synchronaut: warnings by default; debug output on request.
Q_DECLARE_LOGGING_CATEGORY(lcSynchronaut)

} // namespace Synchronaut
