#pragma once

#include <QtCore/QHash>
#include <QtCore/QObject>
#include <QtQml/QJSValue>

QT_BEGIN_NAMESPACE
class QJSEngine;
QT_END_NAMESPACE

namespace Synchronaut::detail {

class CallRun;

/*!
    Makes JavaScript promises and settles them: one for each engine, whose child it is. Used on the engine's thread
    only, and gone with the engine, together with the calls that are its children; so nothing touches an engine that is gone.
*/
class PromiseFactory : public QObject
{
    Q_OBJECT

public:
    struct Deferred
    {
        QJSValue promise;
        QJSValue resolve;
        QJSValue reject;
    };
    /// Work done by the script: a promise, a function that stops what settles it, and, of drive(), one that begins it.
    struct ScriptWork
    {
        QJSValue promise;
        QJSValue stop;
        QJSValue start;
    };

    /// That of \a engine, made if need be; it lives in this thread.
    static PromiseFactory *of(QJSEngine *engine);

    QJSEngine *engine() const { return m_engine; }

    /// The number that the script knows \a run by.
    int add(CallRun *run);
    void remove(int number) { m_runs.remove(number); }

    Deferred make(int number);
    /// fulfilCall() or failCall() when \a thenable, or any value, has settled.
    void follow(const QJSValue &thenable, int number);
    QJSValue invoke(const QJSValue &target, const QString &name, const QJSValueList &arguments);
    /// These throw CallError, or in \a error give what the script has thrown.
    ScriptWork drive(const QJSValue &body, QJSValue *error) { return work(m_drive, body, error); }
    ScriptWork all(const QJSValue &list, QJSValue *error) { return work(m_all, list, error); }
    ScriptWork race(const QJSValue &list, QJSValue *error) { return work(m_race, list, error); }
    bool cancel(const QJSValue &promise);

    /// An Error with these properties besides its name and message.
    QJSValue makeError(const QString &name, const QString &message, const QJSValue &details)
    {
        return m_makeError.call({name, message, details});
    }

    QString kindOf(const QJSValue &object) { return m_kind.call({object}).toString(); }
    QJSValue bytesOf(const QJSValue &view) { return m_bytes.call({view}); }

    // For the script.
    Q_INVOKABLE bool cancelCall(int number);
    Q_INVOKABLE void fulfilCall(int number, const QJSValue &value);
    Q_INVOKABLE void failCall(int number, const QJSValue &error);
    Q_INVOKABLE void reportUnobserved(const QJSValue &error);

private:
    explicit PromiseFactory(QJSEngine *engine);
    ScriptWork work(QJSValue &function, const QJSValue &argument, QJSValue *error);

    QJSEngine *m_engine;
    QHash<int, CallRun *> m_runs;
    int m_lastNumber = 0;
    QJSValue m_make;
    QJSValue m_follow;
    QJSValue m_invoke;
    QJSValue m_drive;
    QJSValue m_all;
    QJSValue m_race;
    QJSValue m_cancel;
    QJSValue m_makeError;
    QJSValue m_kind;
    QJSValue m_bytes;
};

} // namespace Synchronaut::detail
