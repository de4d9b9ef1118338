#pragma once

#include <Synchronaut/config.h>

#include <QtCore/qglobal.h>

#if SYNCHRONAUT_STATIC_BUILD
#  define SYNCHRONAUT_EXPORT
#elif defined(SYNCHRONAUT_BUILDING)
#  define SYNCHRONAUT_EXPORT Q_DECL_EXPORT
#else
#  define SYNCHRONAUT_EXPORT Q_DECL_IMPORT
#endif
