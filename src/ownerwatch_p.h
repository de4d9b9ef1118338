#pragma once

#include <Synchronaut/detail/callstate.h>

QT_BEGIN_NAMESPACE
class QObject;
QT_END_NAMESPACE

namespace Synchronaut::detail {

/// Ends calls when an object dies: one connection an object, not one a call.
class OwnerWatch
{
public:
    enum class Then : std::uint8_t {
        Cancel,  ///< of a CallOptions::context
        Destroy, ///< of an owner: the coroutine's frame goes at once (G13)
    };
    /// Any thread; \a owner must be alive until this returns.
    static void watch(CallState *call, QObject *owner, Then then = Then::Cancel);
    /// Called when a watched call has settled.
    static void unwatch(CallState *call);
};

} // namespace Synchronaut::detail
