#pragma once

#include <QtCore/qglobal.h>

/// Thread-local variables at a fixed offset: one instruction instead of a call. A few hundred bytes
/// of such fit also into a library that is loaded late (by a QML plugin, say).
#if defined(__ELF__) && (defined(Q_CC_GNU) || defined(Q_CC_CLANG))
#  define SYNCHRONAUT_FAST_TLS [[gnu::tls_model("initial-exec")]]
#else
#  define SYNCHRONAUT_FAST_TLS
#endif
