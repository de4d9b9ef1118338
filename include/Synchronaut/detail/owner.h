#pragma once

#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/export.h>

QT_BEGIN_NAMESPACE
class QObject;
QT_END_NAMESPACE

namespace Synchronaut::detail {

/// From now on \a call, which is about to start here, is destroyed with \a owner. Settles it with a
/// CallError where that is null or lives in another thread.
SYNCHRONAUT_EXPORT void setOwner(CallState *call, QObject *owner);

} // namespace Synchronaut::detail
