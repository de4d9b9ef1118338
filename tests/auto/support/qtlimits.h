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

} // namespace TestSupport
