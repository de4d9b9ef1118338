#include "valueconversion_p.h"

#include "containers_p.h"
#include "promisefactory_p.h"

#include <Synchronaut/errors.h>

#include <QtCore/QThread>
#include <QtQml/QJSEngine>

namespace Synchronaut::detail {

namespace {

[[noreturn]] void refuse(QMetaType type)
{
    throw CallError(QStringLiteral("QML cannot read a %1: make it a Q_GADGET with properties, return a QVariantMap, or "
                                   "register a converter to one")
                            .arg(QString::fromUtf8(type.name())));
}

QJSValue fromObject(QJSEngine *engine, const QVariant &value)
{
    QObject *const object = value.value<QObject *>();
    if (!object)
        return QJSValue(QJSValue::NullValue);
    if (object->thread() != QThread::currentThread()) {
        throw CallError(QStringLiteral("The result is a %1 that lives in another thread, where QML must not touch it: "
                                       "moveToThread() it before it is returned")
                                .arg(QString::fromUtf8(object->metaObject()->className())));
    }
    return engine->toScriptValue(value);
}

QJSValue fromList(PromiseFactory &factory, const QVariantList &list)
{
    QJSValue array = factory.engine()->newArray(static_cast<uint>(list.size()));
    for (qsizetype i = 0; i < list.size(); ++i)
        array.setProperty(static_cast<quint32>(i), toScript(factory, list.at(i)));
    return array;
}

QJSValue fromMap(PromiseFactory &factory, const QVariantMap &map)
{
    QJSValue object = factory.engine()->newObject();
    for (auto it = map.cbegin(); it != map.cend(); ++it)
        object.setProperty(it.key(), toScript(factory, it.value()));
    return object;
}

bool hasStringKeys(const QVariant &value)
{
    QVariant copy = value;
    return copy.value<AssociationView>().metaContainer().keyMetaType() == QMetaType::fromType<QString>();
}

} // namespace

QJSValue toScript(PromiseFactory &factory, const QVariant &value)
{
    QJSEngine *const engine = factory.engine();
    const QMetaType type = value.metaType();
    const QMetaType::TypeFlags flags = type.flags();
    if (!type.isValid())
        return {};
    if (type == QMetaType::fromType<QJSValue>())
        return value.value<QJSValue>();
    if (flags & QMetaType::PointerToQObject)
        return fromObject(engine, value);
    if (flags & QMetaType::IsUnsignedEnumeration)
        return QJSValue(static_cast<double>(value.toULongLong()));
    if (flags & QMetaType::IsEnumeration)
        return QJSValue(static_cast<double>(value.toLongLong()));
    if (flags & QMetaType::IsGadget)
        return engine->toScriptValue(value);

    switch (type.id()) {
    case QMetaType::QVariantList:
    case QMetaType::QStringList:
        return fromList(factory, value.toList());
    case QMetaType::QVariantMap:
    case QMetaType::QVariantHash:
        return fromMap(factory, value.toMap());
    default:
        break;
    }
    if (type.id() < QMetaType::User && type.id() != QMetaType::VoidStar) // what Qt itself knows, images and fonts too
        return engine->toScriptValue(value);
    if (QMetaType::canConvert(type, QMetaType::fromType<AssociationView>()) && hasStringKeys(value))
        return fromMap(factory, value.toMap());
    if (QMetaType::canConvert(type, QMetaType::fromType<SequenceView>()))
        return fromList(factory, value.toList());
    for (const int known : {QMetaType::QVariantMap, QMetaType::QVariantList, QMetaType::QString}) {
        QVariant converted = value;
        if (QMetaType::canConvert(type, QMetaType(known)) && converted.convert(QMetaType(known)))
            return toScript(factory, converted);
    }
    refuse(type);
}

} // namespace Synchronaut::detail
