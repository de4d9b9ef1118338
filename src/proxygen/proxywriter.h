#pragma once

#include "proxyclass.h"

/// The header with the proxy of \a proxy.
QString proxyText(const ProxyClass &proxy);
/// Its file name.
QString proxyFileName(const QString &className);
