#pragma once

#include <QtCore/QString>

/// Where a type stands in a declaration.
enum class TypeRole { Argument, Result };

/*!
    Why a value of \a type, as moc spells it, cannot be passed from one thread to another: what is
    wrong with it and what to do. Empty: it can. moc has taken away the const and the reference of
    `const T &`, so that a reference that is left is one that is written to.
*/
QString crossingFlaw(const QString &type, TypeRole role, bool allowPointers);

/// What a method that returns \a type finally gives: X for QFuture<X> and Task<X>.
QString awaitedType(const QString &type);
