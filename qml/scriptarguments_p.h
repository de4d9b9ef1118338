#pragma once

#include <QtQml/QJSValue>

namespace Synchronaut::detail {

class CallRun;
class PromiseFactory;

/// The items of an array; none for undefined. Throws CallError for anything else.
QJSValueList argumentsOf(const QJSValue &array);

/// The promise that \a run settles.
QJSValue settledBy(CallRun *run, PromiseFactory *factory);

} // namespace Synchronaut::detail
