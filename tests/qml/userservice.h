#pragma once

#include <Synchronaut/CallAny>
#include <Synchronaut/Promise>

#include <QtCore/QFuture>
#include <QtCore/QObject>
#include <QtCore/QThread>
#include <QtQml/QJSValue>
#include <QtQml/qqml.h>

using Synchronaut::callAny;
using Synchronaut::promise;

/// What a database or a server would be asked; blocks.
inline QString loadUser(int id)
{
    QThread::msleep(50);
    return QStringLiteral("user %1").arg(id);
}

//! [qml-service]
class UserService : public QObject
{
    Q_OBJECT
    QML_ELEMENT
    Q_CLASSINFO("synchronaut.threadsafe", "find") // find() may run on the pool

public:
    Q_INVOKABLE QString greet(const QString &user) const { return QStringLiteral("Hello, ") + user; }
    Q_INVOKABLE QString find(int id) const { return loadUser(id); }
    Q_INVOKABLE QFuture<QString> load(int id) { return callAny(loadUser, id); }
    Q_INVOKABLE QJSValue promised(int id) { return promise(this, callAny(loadUser, id)); }
};
//! [qml-service]
