#pragma once

#include <QtCore/QObject>
#include <QtQml/QJSValue>
#include <QtQml/qqml.h>

QT_BEGIN_NAMESPACE
class QJSEngine;
class QQmlEngine;
QT_END_NAMESPACE

namespace Synchronaut::detail {

class CallRun;
class PromiseFactory;

/*!
    The verbs that QML has. Each gives a promise, whatever goes wrong.

    Options are an object with any of \c timeout (milliseconds), \c offload (bool), \c context (an object that ends the call
    when it is destroyed), \c list (all results of a future, not its first), \c onProgress (a function of fraction and text),
    \c onItem (a function of one result).
*/
class CallVerbs : public QObject
{
    Q_OBJECT
    QML_ANONYMOUS

public:
    /// Calls an invokable method or slot of \a target with an array of arguments.
    Q_INVOKABLE QJSValue call(const QJSValue &target = {}, const QJSValue &method = {}, const QJSValue &arguments = {},
                              const QJSValue &options = {});
    /// Runs a generator function, in which `yield promise` waits.
    Q_INVOKABLE QJSValue spawn(const QJSValue &body = {}, const QJSValue &options = {});
    /// The values of all promises of an array; the first failure is that of the whole, and cancels the other calls.
    Q_INVOKABLE QJSValue all(const QJSValue &promises = {}, const QJSValue &options = {});
    /// What the first of an array of promises gives; the other calls are cancelled.
    Q_INVOKABLE QJSValue race(const QJSValue &promises = {}, const QJSValue &options = {});
    /// Resolved after a time.
    Q_INVOKABLE QJSValue sleep(const QJSValue &milliseconds = {}, const QJSValue &options = {});
    /// Cancels the call that \a promise is of, also if it came by then(): rejected with CallCanceled. False: it is no
    /// pending promise of this module.
    Q_INVOKABLE bool cancel(const QJSValue &promise = {});

protected:
    explicit CallVerbs(QObject *parent) : QObject(parent) { }
    /// What ends the calls when it dies, besides the option; may be null.
    virtual QObject *scope() { return nullptr; }

private:
    struct Start;
    Start begin(const QString &name, const QJSValue &options);
    QJSEngine *engine() const;
};

// The base is written in full for qmltyperegistrar, which looks nothing up.

/// The singleton of the module.
class SynchronautSingleton : public Synchronaut::detail::CallVerbs
{
    Q_OBJECT
    QML_NAMED_ELEMENT(Synchronaut)
    QML_SINGLETON

public:
    explicit SynchronautSingleton(QObject *parent = nullptr) : CallVerbs(parent) { }
};

/// The verbs for one page: its calls are cancelled, without a word, when it is destroyed.
class CallScope : public Synchronaut::detail::CallVerbs
{
    Q_OBJECT
    QML_ELEMENT

public:
    explicit CallScope(QObject *parent = nullptr) : CallVerbs(parent) { }

protected:
    QObject *scope() override { return this; }
};

} // namespace Synchronaut::detail
