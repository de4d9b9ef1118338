#pragma once

#include <QtCore/QLibraryInfo>
#include <QtCore/QVersionNumber>

namespace TestSupport {

/// Since Qt 6.5 nobody can tell whether a QFuture has a continuation, nor who holds a QFuture<void>; see
/// src/futurefinisher.cpp.
inline bool qtShowsHolders()
{
    return QLibraryInfo::version() < QVersionNumber(6, 5);
}

/// False where a continuation that is attached while the future finishes may run twice, and crash: in every
/// QFuture (QTBUG-118032), and from Qt 6.5 on we cannot do anything about it.
inline bool qtAttachesSafely()
{
    const QVersionNumber version = QLibraryInfo::version();
    return version < QVersionNumber(6, 5) || version >= QVersionNumber(6, 8, 3)
            || (version >= QVersionNumber(6, 5, 9) && version < QVersionNumber(6, 6));
}

} // namespace TestSupport
