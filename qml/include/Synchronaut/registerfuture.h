#pragma once

#include <Synchronaut/detail/erasedfuture.h>
#include <Synchronaut/qmlexport.h>

#include <QtCore/QFuture>
#include <QtCore/QList>
#include <QtCore/QMetaType>

#include <type_traits>

namespace Synchronaut {

namespace detail {

template <typename T>
void registerOneFuture()
{
    // Qt's registry is used, which is there for all threads and warns if asked twice.
    if (!QMetaType::hasRegisteredConverterFunction<QFuture<T>, ErasedFuture>())
        QMetaType::registerConverter<QFuture<T>, ErasedFuture>(eraseFuture<T>);
}

} // namespace detail

/*!
    Lets QML follow methods that return QFuture<T> or QFuture<QList<T>>. Call it once, in main(), for each T
    of your own:
    \code
    Synchronaut::registerFuture<Contact>();
    \endcode
    Known without it: void, bool, int, qint64, double, QString, QStringList, QVariant, QVariantList, QVariantMap, QByteArray,
    QDateTime, QUrl, QJsonObject, QJsonArray, QJsonValue, QObject *. Not needed for promise(), which sees the type. Any thread.
*/
template <typename T>
void registerFuture()
{
    detail::registerOneFuture<T>();
    if constexpr (!std::is_void_v<T>)
        detail::registerOneFuture<QList<T>>();
}

} // namespace Synchronaut
