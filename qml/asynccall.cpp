#include "asynccall_p.h"

#include "callrun_p.h"
#include "promisefactory_p.h"
#include "qmllogging_p.h"
#include "scriptarguments_p.h"

#include <QtQml/QJSEngine>
#include <QtQml/qqmlengine.h>

namespace Synchronaut::detail {

AsyncCallElement::~AsyncCallElement()
{
    dropRun();
}

void AsyncCallElement::setTarget(QObject *target)
{
    if (m_target == target)
        return;
    m_target = target;
    Q_EMIT targetChanged();
}

void AsyncCallElement::setMethod(const QString &method)
{
    if (m_method == method)
        return;
    m_method = method;
    Q_EMIT methodChanged();
}

void AsyncCallElement::setTimeout(int timeout)
{
    if (m_timeout == timeout)
        return;
    m_timeout = timeout;
    Q_EMIT timeoutChanged();
}

void AsyncCallElement::setOffload(bool offload)
{
    if (m_offload == offload)
        return;
    m_offload = offload;
    Q_EMIT offloadChanged();
}

void AsyncCallElement::setList(bool list)
{
    if (m_list == list)
        return;
    m_list = list;
    Q_EMIT listChanged();
}

void AsyncCallElement::startWith(const QJSValue &arguments)
{
    const QPointer<AsyncCallElement> self(this); // getters of the array may do anything
    QJSValueList list;
    try {
        list = argumentsOf(arguments);
    } catch (...) {
        const std::exception_ptr error = std::current_exception();
        const QPointer<CallRun> run = self ? newRun() : nullptr;
        if (run)
            run->startFailed(error);
        return;
    }
    if (self)
        begin(list);
}

void AsyncCallElement::begin(const QJSValueList &arguments)
{
    const QPointer<AsyncCallElement> self(this); // whoever sees it running may destroy it
    const QPointer<CallRun> run = newRun();
    if (!run || !self || m_run != run)
        return; // or has cancelled it, perhaps in an event loop of its own, or started the next
    run->setWantsList(m_list);
    if (m_timeout >= 0)
        run->setTimeout(std::chrono::milliseconds(m_timeout));
    QJSEngine *const engine = qmlEngine(this);
    const QJSValue target = m_target ? engine->toScriptValue(m_target.data()) : QJSValue(QJSValue::NullValue);
    // Last: the method may destroy this.
    run->startMethod(target, QJSValue(m_method), arguments, m_offload ? std::optional(true) : std::nullopt);
}

/// Null, with a warning, outside of QML; and when the call ends while others are told that it runs.
QPointer<CallRun> AsyncCallElement::newRun()
{
    QJSEngine *const engine = qmlEngine(this);
    if (!engine) {
        qCWarning(lcSynchronautQml) << "AsyncCall: start() outside of a QML engine";
        return nullptr;
    }
    const QPointer<AsyncCallElement> self(this); // any handler may destroy this
    dropRun();
    if (!self)
        return nullptr;
    const QPointer<CallRun> run(new CallRun(PromiseFactory::of(engine), m_method)); // the factory's; deletes itself
    m_run = run;
    connect(run.data(), &CallRun::succeeded, this, [this, self](const QJSValue &value) {
        m_run = nullptr;
        m_result = value;
        setRunning(false);
        if (self)
            Q_EMIT resultChanged();
        if (self)
            Q_EMIT resolved(value);
    });
    connect(run.data(), &CallRun::failed, this, [this, self](const QJSValue &error) {
        m_run = nullptr;
        setRunning(false);
        if (self)
            setError(error);
        if (self)
            Q_EMIT rejected(error);
    });
    connect(run.data(), &CallRun::progressChanged, this, &AsyncCallElement::setProgress);
    connect(run.data(), &CallRun::itemArrived, this, &AsyncCallElement::itemArrived);
    setError({});
    if (self)
        setProgress(-1, {});
    if (self)
        setRunning(true);
    return run;
}

bool AsyncCallElement::cancel()
{
    const QPointer<AsyncCallElement> self(this);
    if (!dropRun())
        return false;
    if (self)
        setRunning(false);
    if (self)
        Q_EMIT canceled();
    return true;
}

bool AsyncCallElement::dropRun()
{
    CallRun *const run = m_run;
    m_run = nullptr;
    if (!run)
        return false;
    disconnect(run, nullptr, this, nullptr);
    run->drop();
    return true;
}

void AsyncCallElement::setRunning(bool running)
{
    if (m_running == running)
        return;
    m_running = running;
    Q_EMIT runningChanged();
}

void AsyncCallElement::setError(const QJSValue &error)
{
    if (m_error.isUndefined() && error.isUndefined())
        return;
    m_error = error;
    Q_EMIT errorChanged();
}

void AsyncCallElement::setProgress(double progress, const QString &text)
{
    if (qFuzzyCompare(m_progress + 2, progress + 2) && m_progressText == text)
        return;
    m_progress = progress;
    m_progressText = text;
    Q_EMIT progressChanged();
}

} // namespace Synchronaut::detail
