#pragma once

#include "mailbox_p.h"

namespace Synchronaut::detail {

constexpr int deepestNesting = 100;

/// Starts a coroutine's call inside of the running one; from the loop, with a fresh stack, where
/// that would go too deep.
inline void startNested(CallState *call)
{
    if (threadBlock().depth < deepestNesting)
        call->startHome();
    else
        call->sendTo(&Mailbox::current());
}

} // namespace Synchronaut::detail
