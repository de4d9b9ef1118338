#include "scriptarguments_p.h"

#include "callrun_p.h"
#include "promisefactory_p.h"

#include <Synchronaut/errors.h>

namespace Synchronaut::detail {

QJSValueList argumentsOf(const QJSValue &array)
{
    QJSValueList list;
    if (array.isUndefined())
        return list;
    const QJSValue length = array.isObject() ? array.property(QStringLiteral("length")) : QJSValue();
    if (!length.isNumber() || array.isCallable())
        throw CallError(QStringLiteral("The arguments are %1; an array of them is needed").arg(array.toString()));
    for (quint32 i = 0; i < length.toUInt(); ++i)
        list += array.property(i);
    return list;
}

QJSValue settledBy(CallRun *run, PromiseFactory *factory)
{
    const PromiseFactory::Deferred deferred = factory->make(run->number());
    QObject::connect(run, &CallRun::succeeded, run,
                     [resolve = deferred.resolve](const QJSValue &value) mutable { resolve.call({value}); });
    QObject::connect(run, &CallRun::failed, run,
                     [reject = deferred.reject](const QJSValue &error) mutable { reject.call({error}); });
    return deferred.promise;
}

} // namespace Synchronaut::detail
