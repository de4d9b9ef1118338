#include "callrun_p.h"

#include "offloadgate_p.h"
#include "promisefactory_p.h"
#include "qmllogging_p.h"
#include "scripterror_p.h"
#include "valueconversion_p.h"

#include <Synchronaut/callany.h>
#include <Synchronaut/callon.h>
#include <Synchronaut/errors.h>

#include <QtCore/QThread>
#include <QtQml/QJSEngine>

#include <utility>

namespace Synchronaut::detail {

namespace {

/// As the library writes it: "0.5s", "1.0s".
QString seconds(std::chrono::nanoseconds time)
{
    QString text = QString::number(std::chrono::duration<double>(time).count());
    if (!text.contains(QLatin1Char('.')) && !text.contains(QLatin1Char('e')))
        text += QStringLiteral(".0");
    return text + QLatin1Char('s');
}

} // namespace

CallRun::CallRun(PromiseFactory *factory, const QString &name)
    : QObject(factory), m_factory(factory), m_factoryAlive(factory), m_name(name), m_number(factory->add(this))
{
    connect(&m_invocation, &QFutureWatcherBase::finished, this, &CallRun::invoked);
    connect(&m_watcher, &QFutureWatcherBase::finished, this, &CallRun::futureFinished);
    connect(&m_watcher, &QFutureWatcherBase::resultsReadyAt, this, &CallRun::reportItems);
    connect(&m_watcher, &QFutureWatcherBase::progressValueChanged, this, &CallRun::reportProgress);
    connect(&m_watcher, &QFutureWatcherBase::progressTextChanged, this, &CallRun::reportProgress);
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, &CallRun::timedOut);
}

CallRun::~CallRun()
{
    if (m_ended)
        return;
    m_invocation.cancel();
    m_watcher.cancel();
    if (m_call) {
        m_call->returnedFuture().abandon();
        m_call->takeScript();
    }
    if (m_factoryAlive) // else this is one of the children that it is just deleting
        m_factoryAlive->remove(m_number);
}

void CallRun::bindTo(QObject *context, ContextDeath death)
{
    m_contextDeath = death;
    connect(context, &QObject::destroyed, this, &CallRun::contextDied);
}

void CallRun::setTimeout(std::chrono::nanoseconds timeout)
{
    if (timeout < std::chrono::nanoseconds::zero())
        throw CallError(QStringLiteral("The timeout is negative"));
    m_timeout = timeout;
    m_timer.start(std::chrono::ceil<std::chrono::milliseconds>(timeout));
}

void CallRun::startMethod(const QJSValue &target, const QJSValue &method, const QJSValueList &arguments,
                          std::optional<bool> offload)
{
    if (m_ended)
        return;
    const QPointer<CallRun> self(this); // scripts may run event loops, in which this ends
    try {
        if (!method.isString())
            throw CallError(QStringLiteral("The method is %1; its name is needed").arg(method.toString()));
        const auto call = MethodCall::prepare(*m_factory, target, method.toString(), arguments, offload);
        if (!self || m_ended)
            return;
        if (call->place() != MethodCall::Place::Script) {
            invoke(call);
            return;
        }
        const QJSValue promise = m_factory->invoke(target, method.toString(), arguments);
        if (self)
            startScript(promise, {});
    } catch (...) {
        if (self)
            startFailed(std::current_exception());
    }
}

void CallRun::invoke(const std::shared_ptr<MethodCall> &call)
{
    m_call = call;
    QObject *const target = call->target();
    CallOptions options = optionsWithoutPlace();
    options.name = lastingName(m_name.toUtf8());
    if (m_timeout)
        options.timeout = *m_timeout;
    if (call->place() == MethodCall::Place::Pool) {
        options.forceOffload = true;
        const auto work = [call] {
            const OffloadPass pass(call->guardedTarget());
            return call->invoke(call->target());
        };
        const QFuture<MethodResult> future = callAny(options, work);
        OffloadGate::instance().add(target, QFuture<void>(future));
        m_invocation.setFuture(future);
        return;
    }
    const QPointer<CallRun> self(this);
    const QPointer<PromiseFactory> factory = m_factoryAlive;
    QJSEngine *const engine = m_factory->engine();
    const bool here = target->thread() == thread();
    const auto work = [call] { return call->invoke(call->target()); };
    const QFuture<MethodResult> future = callOn(options, target, work);
    if (!self) { // the method has destroyed the engine, or run an event loop until the call had ended
        const QJSValue unwanted = call->takeScript();
        if (factory && unwanted.isObject())
            factory->cancel(unwanted);
        return;
    }
    if (here && engine->hasError()) { // the method has used QJSEngine::throwError()
        startFailed(engine->catchError());
        return;
    }
    if (m_ended) {
        m_factory->cancel(call->takeScript());
        return;
    }
    m_invocation.setFuture(future);
}

/// The method has returned.
void CallRun::invoked()
{
    if (m_ended)
        return;
    const QFuture<MethodResult> future = m_invocation.future();
    if (const std::exception_ptr error = errorOfFinished(QFuture<void>(future))) {
        fail(error);
        return;
    }
    const MethodResult result = future.result();
    if (result.kind == MethodResult::Kind::Future) {
        startFuture(m_call->returnedFuture().take());
        return;
    }
    if (result.kind == MethodResult::Kind::Script) {
        startScript(m_call->takeScript(), {}); // a promise, perhaps: followed; any other value passes
        return;
    }
    try {
        succeed(toScript(*m_factory, result.value));
    } catch (...) {
        fail(std::current_exception());
    }
}

void CallRun::startFuture(const ErasedFuture &future)
{
    if (m_ended)
        return;
    m_future = future;
    m_watcher.setFuture(future.state);
}

void CallRun::startScript(const QJSValue &promise, const QJSValue &stop)
{
    if (m_ended) { // while the script made the promise
        m_factory->cancel(promise);
        if (stop.isCallable())
            stop.call();
        return;
    }
    m_promise = promise;
    m_stop = stop;
    m_factory->follow(promise, m_number);
}

void CallRun::startFailed(const QJSValue &error)
{
    QMetaObject::invokeMethod(this, [this, error] { fail(error); }, Qt::QueuedConnection);
}

void CallRun::startFailed(const std::exception_ptr &error)
{
    // The Error is made when it is delivered: an engine that is being destroyed must not be asked for one.
    QMetaObject::invokeMethod(this, [this, error] { fail(error); }, Qt::QueuedConnection);
}

void CallRun::reportProgress()
{
    const int least = m_watcher.progressMinimum();
    const int most = m_watcher.progressMaximum();
    const double fraction = most > least ? double(m_watcher.progressValue() - least) / double(most - least) : -1.0;
    Q_EMIT progressChanged(fraction, m_watcher.progressText());
}

void CallRun::reportItems(int begin, int end)
{
    static const QMetaMethod signal = QMetaMethod::fromSignal(&CallRun::itemArrived);
    const QPointer<CallRun> self(this);
    for (int i = begin; i < end && self && !m_ended && isSignalConnected(signal); ++i) {
        QVariant item;
        try {
            if (m_watcher.isCanceled())
                return; // or failed, and then Qt shows no items by index
            item = m_future.resultAt(i);
        } catch (...) {
            return; // it has failed just now: its end tells
        }
        try {
            Q_EMIT itemArrived(toScript(*m_factory, item));
        } catch (...) {
            const std::exception_ptr error = std::current_exception();
            stop(Stopping::Error);
            fail(error);
        }
    }
}

void CallRun::futureFinished()
{
    if (m_ended)
        return;
    try {
        if (const std::exception_ptr error = errorOfFinished(m_future.state))
            std::rethrow_exception(error);
        const int count = m_future.state.resultCount();
        if (!m_future.resultAt) {
            succeed({});
        } else if (m_wantsList) {
            QJSValue list = m_factory->engine()->newArray(static_cast<uint>(count));
            for (int i = 0; i < count; ++i)
                list.setProperty(static_cast<quint32>(i), toScript(*m_factory, m_future.resultAt(i)));
            succeed(list);
        } else if (count > 0) {
            succeed(toScript(*m_factory, m_future.resultAt(0)));
        } else {
            throw CallError(QStringLiteral("The future of %1 has ended without a result").arg(m_name));
        }
    } catch (...) {
        fail(std::current_exception());
    }
}

void CallRun::timedOut()
{
    const CallErrorOrigin origin{m_name, {}, {}};
    const auto error = std::make_exception_ptr(
            CallTimeout(QStringLiteral("Function %1 timed out after %2").arg(m_name, seconds(*m_timeout)), origin,
                        *m_timeout));
    const QPointer<CallRun> self(this);
    stop(Stopping::Error);
    if (self)
        fail(error);
}

bool CallRun::cancel()
{
    if (m_ended)
        return false;
    const auto error = std::make_exception_ptr(CallCanceled(QStringLiteral("Function %1 was cancelled").arg(m_name),
                                                            CallErrorOrigin{m_name, {}, {}}));
    const QPointer<CallRun> self(this);
    stop(Stopping::Error);
    if (self)
        fail(error);
    return true;
}

void CallRun::contextDied()
{
    if (m_ended)
        return;
    if (m_contextDeath == ContextDeath::Silence) {
        drop();
        return;
    }
    const auto error = std::make_exception_ptr(
            SenderDestroyed(QStringLiteral("The object that %1 belongs to was destroyed").arg(m_name),
                            CallErrorOrigin{m_name, {}, {}}));
    const QPointer<CallRun> self(this);
    stop(Stopping::Silence);
    if (self)
        startFailed(error); // not now: the object is in its destructor, and scripts would see it
}

void CallRun::drop()
{
    const QPointer<CallRun> self(this);
    if (!m_ended)
        stop(Stopping::Silence);
    if (self)
        end();
}

/// Cancels what runs; its outcome is not waited for. This may be gone afterwards.
void CallRun::stop(Stopping how)
{
    PromiseFactory *const factory = m_factory; // outlives the scripts that it calls
    const QString name = m_name;
    m_timer.stop();
    m_invocation.disconnect(this);
    m_watcher.disconnect(this);
    m_invocation.cancel();
    m_watcher.cancel();
    if (m_call) {
        m_call->returnedFuture().abandon();
        const QJSValue returned = m_call->takeScript();
        if (!m_promise.isObject())
            m_promise = returned;
    }
    const QJSValue promise = std::exchange(m_promise, QJSValue());
    const QJSValue function = std::exchange(m_stop, QJSValue());
    if (promise.isObject())
        factory->cancel(promise);
    if (!function.isCallable())
        return;
    if (how == Stopping::Silence) {
        function.call();
    } else {
        const auto error = std::make_exception_ptr(CallCanceled(QStringLiteral("Function %1 was cancelled").arg(name)));
        function.call({scriptError(*factory, error)});
    }
}

void CallRun::succeed(const QJSValue &value)
{
    if (end())
        Q_EMIT succeeded(value);
}

void CallRun::fail(const std::exception_ptr &error)
{
    fail(scriptError(*m_factory, error));
}

void CallRun::fail(const QJSValue &error)
{
    if (end())
        Q_EMIT failed(error);
}

/// True for the first outcome; the object goes soon.
bool CallRun::end()
{
    if (m_ended)
        return false;
    m_ended = true;
    m_timer.stop();
    m_factory->remove(m_number);
    m_promise = {};
    m_stop = {};
    deleteLater();
    return true;
}

} // namespace Synchronaut::detail
