#pragma once

#include "mailbox_p.h"

#include <cstdint>

namespace Synchronaut::detail {

/// The chain for which the thread of \a mailbox, a loop of ours, is blocked now; 0: for none. Any
/// thread.
std::uint64_t chainWaitedForBy(Mailbox &mailbox);

} // namespace Synchronaut::detail
