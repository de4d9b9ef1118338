#include "calloptionsreader_p.h"

#include "callrun_p.h"

#include <Synchronaut/errors.h>

#include <QtCore/QPointer>
#include <QtCore/QStringList>
#include <QtQml/QJSValueIterator>

#include <cmath>

namespace Synchronaut::detail {

namespace {

[[noreturn]] void refuse(const QString &reason)
{
    throw CallError(reason);
}

std::chrono::nanoseconds milliseconds(const QJSValue &value)
{
    if (!value.isNumber() || std::isnan(value.toNumber()))
        refuse(QStringLiteral("The option timeout is %1; a number of milliseconds is needed").arg(value.toString()));
    const std::chrono::duration<double, std::milli> time(value.toNumber());
    // A day more than a month is for ever, as far as QTimer is concerned.
    constexpr std::chrono::hours most(24 * 24);
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time < most ? time : most);
}

QJSValue function(const QString &name, const QJSValue &value)
{
    if (!value.isCallable())
        refuse(QStringLiteral("The option %1 is no function").arg(name));
    return value;
}

} // namespace

std::optional<bool> applyOptions(CallRun *run, const QJSValue &options)
{
    std::optional<bool> offload;
    if (options.isUndefined() || options.isNull())
        return offload;
    if (!options.isObject())
        refuse(QStringLiteral("The options are %1; an object is needed").arg(options.toString()));
    const QPointer<CallRun> guard(run); // a getter may run an event loop, in which the call ends
    QJSValueIterator it(options);
    while (it.next()) {
        const QString name = it.name();
        const QJSValue value = it.value();
        if (!guard)
            return offload;
        if (value.isUndefined())
            continue; // as if it were not there
        if (name == QLatin1String("timeout")) {
            run->setTimeout(milliseconds(value));
        } else if (name == QLatin1String("offload")) {
            offload = value.toBool();
        } else if (name == QLatin1String("list")) {
            run->setWantsList(value.toBool());
        } else if (name == QLatin1String("context")) {
            if (!value.toQObject())
                refuse(QStringLiteral("The option context is %1; a QObject is needed").arg(value.toString()));
            run->bindTo(value.toQObject(), CallRun::ContextDeath::Silence);
        } else if (name == QLatin1String("onProgress")) {
            QObject::connect(run, &CallRun::progressChanged, run,
                             [handler = function(name, value)](double fraction, const QString &text) mutable {
                                 handler.call({fraction, text});
                             });
        } else if (name == QLatin1String("onItem")) {
            QObject::connect(run, &CallRun::itemArrived, run,
                             [handler = function(name, value)](const QJSValue &item) mutable { handler.call({item}); });
        } else {
            refuse(QStringLiteral("There is no option %1; known are timeout, offload, list, context, onProgress, onItem")
                           .arg(name));
        }
    }
    return offload;
}

} // namespace Synchronaut::detail
