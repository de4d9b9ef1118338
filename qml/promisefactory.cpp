#include "promisefactory_p.h"

#include "callrun_p.h"
#include "promisescript_p.h"
#include "qmllogging_p.h"

#include <Synchronaut/registerfuture.h>

#include <QtCore/QByteArray>
#include <QtCore/QDateTime>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonObject>
#include <QtCore/QJsonValue>
#include <QtCore/QUrl>
#include <QtQml/QJSEngine>

namespace Synchronaut {

Q_LOGGING_CATEGORY(lcSynchronautQml, "synchronaut.qml")

namespace detail {

namespace {

template <typename... T>
void registerFutures()
{
    (registerOneFuture<T>(), ...);
}

} // namespace

PromiseFactory *PromiseFactory::of(QJSEngine *engine)
{
    if (const auto found = engine->findChild<PromiseFactory *>(QString(), Qt::FindDirectChildrenOnly))
        return found;
    registerFutures<void, bool, int, qint64, double, QString, QStringList, QVariant, QVariantList, QVariantMap,
                    QByteArray, QDateTime, QUrl, QJsonObject, QJsonArray, QJsonValue, QObject *>();
    return new PromiseFactory(engine); // owned by the engine
}

PromiseFactory::PromiseFactory(QJSEngine *engine) : QObject(engine), m_engine(engine)
{
    QJSEngine::setObjectOwnership(this, QJSEngine::CppOwnership);
    QJSValue script = engine->evaluate(promiseScript(), QStringLiteral("synchronaut.js"));
    const QJSValue functions = script.call({engine->newQObject(this)});
    if (functions.isError())
        qCCritical(lcSynchronautQml) << "Synchronaut's script does not run:" << functions.toString();
    const auto function = [&functions](const char *name) { return functions.property(QLatin1String(name)); };
    m_make = function("make");
    m_follow = function("follow");
    m_invoke = function("invoke");
    m_drive = function("drive");
    m_all = function("all");
    m_race = function("race");
    m_cancel = function("cancel");
    m_makeError = function("makeError");
    m_kind = function("kind");
    m_bytes = function("bytes");
}

int PromiseFactory::add(CallRun *run)
{
    do {
        m_lastNumber = m_lastNumber == std::numeric_limits<int>::max() ? 1 : m_lastNumber + 1;
    } while (m_runs.contains(m_lastNumber));
    m_runs.insert(m_lastNumber, run);
    return m_lastNumber;
}

PromiseFactory::Deferred PromiseFactory::make(int number)
{
    const QJSValue parts = m_make.call({QJSValue(number)});
    return {parts.property(0), parts.property(1), parts.property(2)};
}

void PromiseFactory::follow(const QJSValue &thenable, int number)
{
    m_follow.call({thenable, QJSValue(number)});
}

QJSValue PromiseFactory::invoke(const QJSValue &target, const QString &name, const QJSValueList &arguments)
{
    QJSValue list = m_engine->newArray(static_cast<uint>(arguments.size()));
    for (qsizetype i = 0; i < arguments.size(); ++i)
        list.setProperty(static_cast<quint32>(i), arguments.at(i));
    return m_invoke.call({target, QJSValue(name), list});
}

PromiseFactory::ScriptWork PromiseFactory::work(QJSValue &function, const QJSValue &argument, QJSValue *error)
{
    const QJSValue parts = function.call({argument});
    if (parts.isError()) {
        *error = parts;
        return {};
    }
    return {parts.property(0), parts.property(1), parts.property(2)};
}

bool PromiseFactory::cancel(const QJSValue &promise)
{
    return m_cancel.call({promise}).toBool();
}

bool PromiseFactory::cancelCall(int number)
{
    CallRun *const run = m_runs.value(number);
    return run && run->cancel();
}

void PromiseFactory::fulfilCall(int number, const QJSValue &value)
{
    if (CallRun *const run = m_runs.value(number))
        run->scriptFulfilled(value);
}

void PromiseFactory::failCall(int number, const QJSValue &error)
{
    if (CallRun *const run = m_runs.value(number))
        run->scriptFailed(error);
}

void PromiseFactory::reportUnobserved(const QJSValue &error)
{
    // Whoever cancels a call knows that it ends.
    if (error.property(QStringLiteral("name")).toString() == QLatin1String("CallCanceled"))
        return;
    qCWarning(lcSynchronautQml).noquote()
            << "Unobserved error of a promise:" << error.toString() << "- add a catch() to it";
}

} // namespace detail
} // namespace Synchronaut
