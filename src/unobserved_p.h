#pragma once

#include <Synchronaut/errors.h>

#include <exception>

namespace Synchronaut::detail {

/// An error that nobody can see any more goes to the handler, else to the log (G16), with \a advice.
void reportUnobserved(const std::exception_ptr &error, const CallErrorOrigin &origin,
                      const char *advice = "keep the QFuture") noexcept;
/// The GUI thread has been waiting for too long: to the handler, else to the log, once a site (G5).
void reportGuiBlock(const CallErrorOrigin &origin) noexcept;

} // namespace Synchronaut::detail
