#pragma once

#include <Synchronaut/detail/erasedfuture.h>
#include <Synchronaut/qmlexport.h>

#include <QtCore/QFuture>
#include <QtQml/QJSValue>

QT_BEGIN_NAMESPACE
class QJSEngine;
class QObject;
QT_END_NAMESPACE

namespace Synchronaut {

namespace detail {

SYNCHRONAUT_QML_EXPORT QJSValue promiseOf(QObject *context, const ErasedFuture &future);
SYNCHRONAUT_QML_EXPORT QJSValue promiseOf(QJSEngine *engine, QObject *context, const ErasedFuture &future);

} // namespace detail

/*!
    A JavaScript Promise of what \a future gives, for invokable methods:
    \code
    Q_INVOKABLE QJSValue load(int id) { return Synchronaut::promise(this, callAny(loadUser, id)); }
    \endcode
    It is resolved with the future's first result, or rejected with an Error whose \c name is the type of the error
    (CallTimeout, CallCanceled, …), on the engine's thread, from its event loop. The future stays yours:
    no continuation is attached to it.

    \a context is an object that QML knows, in the engine's thread; usually \c this. When it dies, the future is cancelled and the promise is
    rejected with SenderDestroyed. When the engine dies first, the future is cancelled and nothing else happens.
    If QML does not know \a context, this logs a warning and gives undefined: name the engine then.
*/
template <typename T>
QJSValue promise(QObject *context, const QFuture<T> &future)
{
    return detail::promiseOf(context, detail::eraseFuture(future));
}

/// The same for an object that QML need not know, or for none (\a context is null). In the thread of \a engine.
template <typename T>
QJSValue promise(QJSEngine *engine, QObject *context, const QFuture<T> &future)
{
    return detail::promiseOf(engine, context, detail::eraseFuture(future));
}

} // namespace Synchronaut
