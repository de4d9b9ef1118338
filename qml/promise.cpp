#include <Synchronaut/promise.h>

#include "callrun_p.h"
#include "promisefactory_p.h"
#include "qmllogging_p.h"
#include "scriptarguments_p.h"

#include <QtCore/QThread>
#include <QtQml/QJSEngine>

namespace Synchronaut::detail {

QJSValue promiseOf(QObject *context, const ErasedFuture &future)
{
    QJSEngine *const engine = context ? qjsEngine(context) : nullptr;
    if (!engine) {
        qCWarning(lcSynchronautQml) << "promise():" << context << "is not known to QML; call promise() with the engine";
        return {};
    }
    return promiseOf(engine, context, future);
}

QJSValue promiseOf(QJSEngine *engine, QObject *context, const ErasedFuture &future)
{
    if (engine->thread() != QThread::currentThread()) {
        qCWarning(lcSynchronautQml) << "promise() was called in another thread than the engine's; return the QFuture instead";
        return {};
    }
    PromiseFactory *const factory = PromiseFactory::of(engine);
    CallRun *const run = new CallRun(factory, QStringLiteral("promise")); // owned by the factory; deletes itself
    const QJSValue promise = settledBy(run, factory);
    if (context)
        run->bindTo(context, CallRun::ContextDeath::Rejection);
    run->startFuture(future);
    return promise;
}

} // namespace Synchronaut::detail
