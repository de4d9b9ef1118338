#pragma once

#include <Synchronaut/config.h>

#include <QtCore/qglobal.h>

#if SYNCHRONAUT_STATIC_BUILD
#  define SYNCHRONAUT_QML_EXPORT
#elif defined(SYNCHRONAUT_BUILDING_QML)
#  define SYNCHRONAUT_QML_EXPORT Q_DECL_EXPORT
#else
#  define SYNCHRONAUT_QML_EXPORT Q_DECL_IMPORT
#endif
