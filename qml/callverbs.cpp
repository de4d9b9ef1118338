#include "callverbs_p.h"

#include "calloptionsreader_p.h"
#include "callrun_p.h"
#include "promisefactory_p.h"
#include "scriptarguments_p.h"

#include <Synchronaut/errors.h>
#include <Synchronaut/run.h>
#include <Synchronaut/timers.h>

#include <QtCore/QPointer>
#include <QtQml/QJSEngine>
#include <QtQml/qqmlengine.h>

#include <cmath>

namespace Synchronaut::detail {

/// A call whose promise is there and that is to be started.
struct CallVerbs::Start
{
    PromiseFactory *factory = nullptr;
    QPointer<CallRun> run; ///< null: failed; also after any script, since that may run event loops, in which calls end
    QJSValue promise;
    std::optional<bool> offload;

    /// To what came of reading an array of the script.
    void follow(const PromiseFactory::ScriptWork &work, const QJSValue &error) const;
};

QJSEngine *CallVerbs::engine() const
{
    QJSEngine *const known = qmlEngine(this);
    return known ? known : qjsEngine(this);
}

CallVerbs::Start CallVerbs::begin(const QString &name, const QJSValue &options)
{
    Start start;
    start.factory = PromiseFactory::of(engine());
    start.run = new CallRun(start.factory, name); // owned by the factory; deletes itself
    start.promise = settledBy(start.run, start.factory);
    if (QObject *const object = scope())
        start.run->bindTo(object, CallRun::ContextDeath::Silence);
    try {
        start.offload = applyOptions(start.run, options);
    } catch (...) {
        if (start.run)
            start.run->startFailed(std::current_exception());
        start.run = nullptr;
    }
    return start;
}

void CallVerbs::Start::follow(const PromiseFactory::ScriptWork &work, const QJSValue &error) const
{
    if (run && !error.isUndefined())
        run->startFailed(error);
    else if (run)
        run->startScript(work.promise, work.stop);
    else if (work.stop.isCallable())
        work.stop.call(); // it has ended meanwhile
}

QJSValue CallVerbs::call(const QJSValue &target, const QJSValue &method, const QJSValue &arguments,
                         const QJSValue &options)
{
    const Start start = begin(method.toString(), options);
    if (!start.run)
        return start.promise;
    try {
        const QJSValueList list = argumentsOf(arguments);
        if (start.run)
            start.run->startMethod(target, method, list, start.offload);
    } catch (...) {
        if (start.run)
            start.run->startFailed(std::current_exception());
    }
    return start.promise;
}

QJSValue CallVerbs::spawn(const QJSValue &body, const QJSValue &options)
{
    const Start start = begin(QStringLiteral("spawn"), options);
    if (!start.run)
        return start.promise;
    QJSValue error;
    const PromiseFactory::ScriptWork work = start.factory->drive(body, &error);
    if (!error.isUndefined()) {
        start.run->startFailed(error);
        return start.promise;
    }
    start.run->startScript(work.promise, work.stop);
    work.start.call(); // last: the call may end in it
    return start.promise;
}

QJSValue CallVerbs::all(const QJSValue &promises, const QJSValue &options)
{
    const Start start = begin(QStringLiteral("all"), options);
    if (!start.run)
        return start.promise;
    QJSValue error;
    const PromiseFactory::ScriptWork work = start.factory->all(promises, &error);
    start.follow(work, error);
    return start.promise;
}

QJSValue CallVerbs::race(const QJSValue &promises, const QJSValue &options)
{
    const Start start = begin(QStringLiteral("race"), options);
    if (!start.run)
        return start.promise;
    QJSValue error;
    const PromiseFactory::ScriptWork work = start.factory->race(promises, &error);
    start.follow(work, error);
    return start.promise;
}

QJSValue CallVerbs::sleep(const QJSValue &milliseconds, const QJSValue &options)
{
    const Start start = begin(QStringLiteral("sleep"), options);
    if (!start.run)
        return start.promise;
    if (!milliseconds.isNumber() || std::isnan(milliseconds.toNumber())) {
        start.run->startFailed(std::make_exception_ptr(CallError(QStringLiteral("The time to sleep is no number"))));
        return start.promise;
    }
    const std::chrono::nanoseconds time = saturated(std::chrono::duration<double, std::milli>(milliseconds.toNumber()));
    start.run->startFuture(eraseFuture(Synchronaut::spawn(sleepFor(time))));
    return start.promise;
}

bool CallVerbs::cancel(const QJSValue &promise)
{
    return PromiseFactory::of(engine())->cancel(promise);
}

} // namespace Synchronaut::detail
