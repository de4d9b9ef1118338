#pragma once

#include <QtCore/QLoggingCategory>

namespace Synchronaut {

/// Category \c synchronaut.qml.
Q_DECLARE_LOGGING_CATEGORY(lcSynchronautQml)

} // namespace Synchronaut
