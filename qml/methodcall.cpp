#include "methodcall_p.h"

#include "promisefactory_p.h"
#include "valueconversion_p.h"

#include <Synchronaut/errors.h>

#include <QtCore/QMetaClassInfo>
#include <QtCore/QMutex>
#include <QtCore/QSet>
#include <QtCore/QThread>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace Synchronaut::detail {

namespace {

constexpr qsizetype mostArguments = 10; ///< that QMetaMethod::invoke() takes

bool isCallable(const QMetaMethod &method)
{
    return method.access() == QMetaMethod::Public
            && (method.methodType() == QMetaMethod::Method || method.methodType() == QMetaMethod::Slot);
}

/// Functions that are written in QML run in the engine only.
bool isScript(const QMetaMethod &method)
{
    return QByteArrayView(method.enclosingMetaObject()->className()).contains("_QML");
}

bool isFuture(const QMetaMethod &method)
{
    return QByteArrayView(method.typeName()).startsWith("QFuture<");
}

bool isMarkedThreadSafe(const QObject *object, const QByteArray &name)
{
    const QMetaObject *const meta = object->metaObject();
    for (int i = 0; i < meta->classInfoCount(); ++i) { // a derived class adds to the names of its base
        const QMetaClassInfo info = meta->classInfo(i);
        if (qstrcmp(info.name(), "synchronaut.threadsafe") != 0)
            continue;
        const QList<QByteArray> names = QByteArray(info.value()).split(',');
        if (std::any_of(names.begin(), names.end(), [&name](const QByteArray &each) { return each.trimmed() == name; }))
            return true;
    }
    return false;
}

QString describedTarget(const QJSValue &target)
{
    return target.isObject() ? QStringLiteral("an object that is no QObject") : target.toString();
}

[[noreturn]] void refuseName(const QObject *object, const QString &name)
{
    const QMetaObject *const meta = object->metaObject();
    QStringList names;
    for (int i = QObject::staticMetaObject.methodCount(); i < meta->methodCount(); ++i) {
        if (isCallable(meta->method(i)))
            names += QString::fromUtf8(meta->method(i).name());
    }
    names.removeDuplicates();
    throw CallError(QStringLiteral("%1 has no public invokable method or slot %2; it has: %3")
                            .arg(QString::fromUtf8(meta->className()), name,
                                 names.isEmpty() ? QStringLiteral("none") : names.join(QStringLiteral(", "))));
}

} // namespace

const char *lastingName(const QByteArray &name)
{
    static QMutex mutex;
    static std::set<QByteArray> *const names = new std::set<QByteArray>; // never deleted: threads may outlive statics
    const QMutexLocker lock(&mutex);
    return names->insert(QByteArray(name.constData(), name.size())).first->constData(); // nodes of a set stay
}

void ReturnedFuture::put(const ErasedFuture &future)
{
    QMutexLocker lock(&m_mutex);
    m_future = future;
    if (!m_abandoned)
        return;
    lock.unlock();
    abandon();
}

ErasedFuture ReturnedFuture::take()
{
    const QMutexLocker lock(&m_mutex);
    return std::exchange(m_future, {});
}

void ReturnedFuture::abandon()
{
    QMutexLocker lock(&m_mutex);
    m_abandoned = true;
    ErasedFuture future = std::exchange(m_future, {});
    lock.unlock();
    future.state.cancel();
}

QString MethodCall::fullName() const
{
    return QString::fromUtf8(m_method.enclosingMetaObject()->className()) + QStringLiteral("::")
            + QString::fromUtf8(m_method.methodSignature());
}

std::shared_ptr<MethodCall> MethodCall::prepare(PromiseFactory &factory, const QJSValue &target, const QString &name,
                                                const QJSValueList &arguments, std::optional<bool> offload)
{
    QObject *const object = target.toQObject();
    if (!object) {
        throw CallError(QStringLiteral("The target of the call is %1; a QObject is needed").arg(describedTarget(target)));
    }

    const QMetaObject *const meta = object->metaObject();
    const QByteArray wanted = name.toUtf8();
    QStringList counts;
    QStringList flaws;
    std::shared_ptr<MethodCall> best;
    int bestFit = 0;
    for (int i = 0; i < meta->methodCount(); ++i) {
        const QMetaMethod method = meta->method(i);
        if (method.name() != wanted || !isCallable(method))
            continue;
        if (method.parameterCount() != arguments.size()) {
            counts += QString::number(method.parameterCount());
            continue;
        }
        std::shared_ptr<MethodCall> call(new MethodCall(object, method)); // its constructor is private
        call->choosePlace(offload);
        if (call->m_place == Place::Script)
            return call;
        QString flaw;
        int fit = 0;
        if (!call->convertArguments(factory, arguments, &flaw, &fit)) {
            flaws += flaw;
        } else if (!best || fit <= bestFit) { // of the same, that of the derived class
            best = std::move(call);
            bestFit = fit;
        }
    }
    if (best) {
        best->checkResult();
        return best;
    }
    if (!flaws.isEmpty())
        throw CallError(flaws.join(QStringLiteral("; ")));
    if (counts.isEmpty())
        refuseName(object, name);
    counts.removeDuplicates();
    throw CallError(QStringLiteral("%1::%2 takes %3 arguments, not %4")
                            .arg(QString::fromUtf8(meta->className()), name, counts.join(QStringLiteral(" or ")))
                            .arg(arguments.size()));
}

void MethodCall::choosePlace(std::optional<bool> offload)
{
    const bool script = isScript(m_method);
    const bool needsEngine = script || m_method.returnMetaType() == QMetaType::fromType<QJSValue>();
    if (offload.value_or(false) && needsEngine) {
        throw CallError(QStringLiteral("%1 cannot be offloaded: it uses the QML engine, which belongs to one thread")
                                .arg(fullName()));
    }
    if (script)
        m_place = Place::Script;
    else if (offload.value_or(!isFuture(m_method) && !needsEngine && isMarkedThreadSafe(m_target, m_method.name())))
        m_place = Place::Pool;
}

/// Before the method is called for nothing.
void MethodCall::checkResult() const
{
    const QMetaType type = m_method.returnMetaType();
    if (isFuture(m_method)) {
        if (!QMetaType::canConvert(type, QMetaType::fromType<ErasedFuture>())) {
            const QString full = QString::fromUtf8(m_method.typeName());
            throw CallError(QStringLiteral("%1 returns a %2, which QML cannot follow: call Synchronaut::registerFuture<%3>() "
                                           "once, in main()")
                                    .arg(fullName(), full, full.mid(8, full.size() - 9)));
        }
        return;
    }
    if (!type.isValid()) {
        throw CallError(QStringLiteral("%1 returns a %2, which the meta-object system does not know: include the header of "
                                       "that type where the class is")
                                .arg(fullName(), QString::fromUtf8(m_method.typeName())));
    }
    if (type == QMetaType::fromType<QJSValue>() && m_target->thread() != QThread::currentThread()) {
        throw CallError(QStringLiteral("%1 returns a QJSValue, but its object does not live in the engine's thread: return a "
                                       "QFuture")
                                .arg(fullName()));
    }
}

bool MethodCall::convertArguments(PromiseFactory &factory, const QJSValueList &arguments, QString *flaw, int *fit)
{
    if (arguments.size() > mostArguments) {
        *flaw = QStringLiteral("%1 has more than %2 parameters").arg(fullName()).arg(mostArguments);
        return false;
    }
    QThread *const receiver = m_place == Place::Pool ? nullptr : m_target->thread();
    for (qsizetype i = 0; i < arguments.size(); ++i) {
        const int index = static_cast<int>(i);
        const QMetaType type = m_method.parameterMetaType(index);
        FromScript conversion(factory, receiver);
        try {
            if (!type.isValid()) {
                throw CallError(QStringLiteral("%1 is unknown to the meta-object system")
                                        .arg(QString::fromUtf8(m_method.parameterTypes().at(index))));
            }
            m_arguments += conversion.convert(arguments.at(i), type);
        } catch (const CallError &error) {
            *flaw = QStringLiteral("Argument %1 of %2: %3").arg(i + 1).arg(fullName(), error.message());
            return false;
        }
        *fit += conversion.fit();
    }
    return true;
}

MethodResult MethodCall::invoke(QObject *target)
{
    std::array<QGenericArgument, mostArguments> arguments;
    const QList<QByteArray> types = m_method.parameterTypes();
    QVariantList values = std::exchange(m_arguments, {}); // they end in this thread, as a QJSValue has to
    for (qsizetype i = 0; i < values.size(); ++i) {
        QVariant &argument = values[i];
        const bool isVariant = m_method.parameterMetaType(static_cast<int>(i)) == QMetaType::fromType<QVariant>();
        arguments[static_cast<std::size_t>(i)] = QGenericArgument(
                types.at(i).constData(), isVariant ? static_cast<void *>(&argument) : argument.data());
    }

    const QMetaType type = m_method.returnMetaType();
    const bool returnsVariant = type == QMetaType::fromType<QVariant>();
    MethodResult result;
    QGenericReturnArgument returned;
    if (returnsVariant) {
        returned = QGenericReturnArgument(m_method.typeName(), &result.value);
    } else if (type != QMetaType::fromType<void>()) {
        result.value = QVariant(type);
        if (!result.value.isValid())
            throw CallError(QStringLiteral("%1 returns a %2, which has no default constructor")
                                    .arg(fullName(), QString::fromUtf8(type.name())));
        returned = QGenericReturnArgument(m_method.typeName(), result.value.data());
    }
    const bool called = m_method.invoke(target, Qt::DirectConnection, returned, arguments[0], arguments[1], arguments[2],
                                        arguments[3], arguments[4], arguments[5], arguments[6], arguments[7],
                                        arguments[8], arguments[9]);
    if (!called)
        throw CallError(QStringLiteral("%1 could not be called").arg(fullName()));
    if (isFuture(m_method)) {
        ErasedFuture future;
        QMetaType::convert(type, result.value.constData(), QMetaType::fromType<ErasedFuture>(), &future);
        result.value.clear();
        m_returned.put(future);
        result.kind = MethodResult::Kind::Future;
    } else if (result.value.metaType() == QMetaType::fromType<QJSValue>() && QThread::currentThread() == m_home) {
        m_script = result.value.value<QJSValue>();
        result.value.clear();
        result.kind = MethodResult::Kind::Script;
    }
    return result;
}

} // namespace Synchronaut::detail
