#pragma once

#include <QtCore/QVariant>

#if QT_VERSION < QT_VERSION_CHECK(6, 11, 0)
#    include <QtCore/QAssociativeIterable>
#    include <QtCore/QSequentialIterable>
#else
#    include <QtCore/QMetaAssociation>
#    include <QtCore/QMetaSequence>
#endif

namespace Synchronaut::detail {

// Qt's views of containers whose types are known at run time only; 6.11 has renamed them.
#if QT_VERSION < QT_VERSION_CHECK(6, 11, 0)
using SequenceView = QSequentialIterable;
using AssociationView = QAssociativeIterable;
#else
using SequenceView = QMetaSequence::Iterable;
using AssociationView = QMetaAssociation::Iterable;
#endif

} // namespace Synchronaut::detail
