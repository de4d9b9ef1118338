#pragma once

#include <QtCore/QFuture>
#include <QtQml/QJSValue>

#include <exception>

namespace Synchronaut::detail {

class PromiseFactory;

/// A JavaScript Error for \a error: \c name is its type, \c message what it says. CallErrors also have \c functionName and
/// \c details, CallTimeout has \c timeout in milliseconds.
QJSValue scriptError(PromiseFactory &factory, const std::exception_ptr &error);

/// What the finished \a future has failed with: what was thrown, or CallCanceled; null when it has not failed.
std::exception_ptr errorOfFinished(QFuture<void> future);

} // namespace Synchronaut::detail
