#pragma once

namespace Synchronaut::detail {

/// True in a child forked after our first thread was started: locks may be held for ever there.
bool processWasForked() noexcept;

} // namespace Synchronaut::detail
