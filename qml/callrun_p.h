#pragma once

#include "methodcall_p.h"

#include <Synchronaut/calloptions.h>

#include <QtCore/QFutureWatcher>
#include <QtCore/QObject>
#include <QtCore/QPointer>
#include <QtCore/QTimer>
#include <QtQml/QJSValue>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>

namespace Synchronaut::detail {

class PromiseFactory;

/*!
    One call made by QML, from its start until succeeded() or failed(), of which one is emitted, from the event loop,
    unless the call is dropped before. Child of the engine's PromiseFactory; deletes itself at its end. Deleting it earlier
    cancels the call without a word.
*/
class CallRun : public QObject
{
    Q_OBJECT

public:
    enum class ContextDeath { Silence, Rejection };

    CallRun(PromiseFactory *factory, const QString &name);
    ~CallRun() override;

    int number() const { return m_number; }

    /// What happens when \a context dies: the call is cancelled in any case.
    void bindTo(QObject *context, ContextDeath death);
    /// Counted from now. Throws CallError for a negative one.
    void setTimeout(std::chrono::nanoseconds timeout);
    /// The result is the list of all results of a future, instead of its first one.
    void setWantsList(bool wanted) { m_wantsList = wanted; }

    // One of these; errors of starting are those of the call.
    void startMethod(const QJSValue &target, const QJSValue &method, const QJSValueList &arguments,
                     std::optional<bool> offload);
    void startFuture(const ErasedFuture &future);
    void startScript(const QJSValue &promise, const QJSValue &stop);
    void startFailed(const QJSValue &error);
    void startFailed(const std::exception_ptr &error);

    /// False: it was over already.
    bool cancel();
    /// Cancels, and nothing is emitted.
    void drop();

    // The outcome of startScript(), from the PromiseFactory.
    void scriptFulfilled(const QJSValue &value) { succeed(value); }
    void scriptFailed(const QJSValue &error) { fail(error); }

Q_SIGNALS:
    void succeeded(const QJSValue &value);
    void failed(const QJSValue &error);
    /// \a fraction: of what is to be done, 0 to 1; -1 where that is not known.
    void progressChanged(double fraction, const QString &text);
    /// One result of a future that may give several.
    void itemArrived(const QJSValue &item);

private:
    enum class Stopping { Error, Silence };

    void invoke(const std::shared_ptr<MethodCall> &call);
    void invoked();
    void reportProgress();
    void reportItems(int begin, int end);
    void futureFinished();
    void timedOut();
    void contextDied();
    void succeed(const QJSValue &value);
    void fail(const QJSValue &error);
    void fail(const std::exception_ptr &error);
    void stop(Stopping how);
    bool end();

    PromiseFactory *m_factory; ///< the parent
    QPointer<PromiseFactory> m_factoryAlive;
    QString m_name;
    int m_number;
    bool m_ended = false;
    bool m_wantsList = false;
    ContextDeath m_contextDeath = ContextDeath::Silence;
    std::optional<std::chrono::nanoseconds> m_timeout;
    QTimer m_timer;
    std::shared_ptr<MethodCall> m_call;
    QFutureWatcher<MethodResult> m_invocation;
    ErasedFuture m_future;
    QFutureWatcher<void> m_watcher;
    QJSValue m_promise; ///< of startScript()
    QJSValue m_stop;
};

} // namespace Synchronaut::detail
