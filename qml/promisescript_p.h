#pragma once

#include <QtCore/QString>

namespace Synchronaut::detail {

/// The JavaScript half of PromiseFactory: a function that takes the factory as \c host.
QString promiseScript();

} // namespace Synchronaut::detail
