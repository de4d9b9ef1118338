#include "valueconversion_p.h"

#include "containers_p.h"
#include "promisefactory_p.h"

#include <Synchronaut/errors.h>

#include <QtCore/QDateTime>
#include <QtCore/QMetaProperty>
#include <QtCore/QThread>
#include <QtQml/QJSEngine>
#include <QtQml/QJSValueIterator>
#include <QtQml/qqmllist.h>

#include <cmath>
#include <limits>

namespace Synchronaut::detail {

namespace {

constexpr int mostDepth = 100; ///< a value that holds itself has no end

[[noreturn]] void refuse(const QString &reason)
{
    throw CallError(reason);
}

/// For messages: the value, cut short, with its kind.
QString described(const QVariant &value)
{
    const QMetaType type = value.metaType();
    if (!type.isValid())
        return QStringLiteral("undefined");
    if (type == QMetaType::fromType<std::nullptr_t>())
        return QStringLiteral("null");
    if (type.id() == QMetaType::QString)
        return QStringLiteral("the string \"%1\"").arg(value.toString().left(40));
    if (type.id() == QMetaType::Double || type.id() == QMetaType::Int)
        return QStringLiteral("the number %1").arg(value.toDouble());
    if (type.id() == QMetaType::Bool)
        return value.toBool() ? QStringLiteral("true") : QStringLiteral("false");
    if (type.id() == QMetaType::QVariantList)
        return QStringLiteral("an array");
    if (type.id() == QMetaType::QVariantMap)
        return QStringLiteral("an object");
    return QStringLiteral("a %1").arg(QString::fromUtf8(type.name()));
}

[[noreturn]] void refuse(const QVariant &value, QMetaType type)
{
    refuse(QStringLiteral("%1 does not fit a %2").arg(described(value), QString::fromUtf8(type.name())));
}

/// Qt converts the text of an integer to a smaller one by leaving bits out.
bool isCutOff(const QString &text, const QVariant &converted)
{
    switch (converted.metaType().id()) {
    case QMetaType::Char:
    case QMetaType::SChar:
    case QMetaType::UChar:
    case QMetaType::Short:
    case QMetaType::UShort:
    case QMetaType::Int:
    case QMetaType::UInt:
    case QMetaType::Long:
    case QMetaType::ULong:
        break;
    default: // no integer, or the largest, which Qt checks
        return false;
    }
    bool isLong = false;
    const qlonglong number = text.toLongLong(&isLong);
    if (isLong)
        return converted.toLongLong() != number;
    return converted.metaType().sizeOf() < qsizetype(sizeof(qlonglong));
}

/// The integer that an enumeration is stored as.
int integerOf(QMetaType enumeration)
{
    const bool isUnsigned = (enumeration.flags() & QMetaType::IsUnsignedEnumeration) != 0;
    switch (enumeration.sizeOf()) {
    case 1:
        return isUnsigned ? QMetaType::UChar : QMetaType::SChar;
    case 2:
        return isUnsigned ? QMetaType::UShort : QMetaType::Short;
    case 4:
        return isUnsigned ? QMetaType::UInt : QMetaType::Int;
    default:
        return isUnsigned ? QMetaType::ULongLong : QMetaType::LongLong;
    }
}

bool isNothing(const QVariant &value)
{
    return !value.isValid() || value.metaType() == QMetaType::fromType<std::nullptr_t>();
}

} // namespace

QVariant FromScript::convert(const QJSValue &value, QMetaType type)
{
    if (type == QMetaType::fromType<QJSValue>()) {
        if (m_receiver != m_factory.thread())
            refuse(QStringLiteral("a QJSValue belongs to the engine's thread, and the method runs in another one"));
        worsen(int(Fit::Generic));
        return QVariant::fromValue(value);
    }
    if (type == QMetaType::fromType<QVariant>())
        worsen(int(Fit::Generic));
    return fitted(natural(value, 0), type);
}

/// What the value is in C++ when nobody asks for a type.
QVariant FromScript::natural(const QJSValue &value, int depth)
{
    if (depth > mostDepth)
        refuse(QStringLiteral("it is nested too deep, or holds itself"));
    if (value.isUndefined())
        return {};
    if (value.isNull())
        return QVariant::fromValue(nullptr);
    if (value.isBool())
        return value.toBool();
    if (value.isNumber()) {
        const double number = value.toNumber();
        const bool isInt = std::trunc(number) == number && std::abs(number) <= std::numeric_limits<int>::max();
        return isInt ? QVariant(static_cast<int>(number)) : QVariant(number);
    }
    if (value.isString())
        return value.toString();
    if (value.isCallable())
        refuse(QStringLiteral("a function cannot be passed to C++"));
    if (!value.isObject())
        refuse(QStringLiteral("a symbol cannot be passed to C++")); // toVariant() crashes on it
    return naturalObject(value, depth);
}

QVariant FromScript::naturalObject(const QJSValue &value, int depth)
{
    if (value.isQObject()) {
        QObject *const object = value.toQObject();
        if (object && object->thread() != m_receiver) {
            refuse(QStringLiteral("a %1 lives in another thread than the one the method runs in")
                           .arg(QString::fromUtf8(object->metaObject()->className())));
        }
        return QVariant::fromValue(object);
    }
    if (value.isDate())
        return value.toDateTime();
    if (value.isRegExp() || value.isUrl())
        return value.toVariant();
    if (value.isArray())
        return naturalList(value, depth);
    const QString kind = m_factory.kindOf(value);
    if (kind == QLatin1String("buffer") || kind == QLatin1String("sequence"))
        return value.toVariant();
    if (kind == QLatin1String("array"))
        return naturalList(value, depth);
    if (kind == QLatin1String("native")) {
        const QVariant native = value.toVariant();
        if (native.metaType() == QMetaType::fromType<QQmlListReference>()) // property list<Type>
            return naturalList(value, depth);
        // An object of the script after all, with a prototype of its own: nothing of the engine's may pass.
        if (native.metaType() != QMetaType::fromType<QJSValue>() && native.metaType().id() != QMetaType::QVariantMap)
            return native;
        return naturalMap(value, depth);
    }
    if (kind == QLatin1String("view"))
        return m_factory.bytesOf(value).toVariant();
    if (kind == QLatin1String("error"))
        return value.toString();
    if (kind != QLatin1String("plain"))
        refuse(QStringLiteral("a %1 cannot be passed to C++").arg(kind));
    return naturalMap(value, depth);
}

QVariantList FromScript::naturalList(const QJSValue &array, int depth)
{
    const quint32 size = array.property(QStringLiteral("length")).toUInt();
    QVariantList list;
    list.reserve(size);
    for (quint32 i = 0; i < size; ++i)
        list += natural(array.property(i), depth + 1);
    return list;
}

QVariantMap FromScript::naturalMap(const QJSValue &object, int depth)
{
    QVariantMap map;
    QJSValueIterator it(object);
    while (it.next())
        map.insert(it.name(), natural(it.value(), depth + 1));
    return map;
}

/// \a value, which is natural, as a \a type.
QVariant FromScript::fitted(const QVariant &value, QMetaType type)
{
    const bool isObject = (type.flags() & QMetaType::PointerToQObject) != 0;
    if (type == QMetaType::fromType<QVariant>() || (type == value.metaType() && !isObject))
        return value;
    if (isObject) {
        if (isNothing(value))
            return QVariant(type); // a null pointer
        if (!(value.metaType().flags() & QMetaType::PointerToQObject))
            refuse(value, type);
        return fittedObject(value.value<QObject *>(), type);
    }
    if (isNothing(value)) {
        if (type.id() == QMetaType::QJsonValue)
            return QVariant(type); // null
        refuse(value, type);
    }
    if (type.id() == QMetaType::Bool)
        refuse(value, type); // Qt would take nearly anything
    if (value.metaType().id() == QMetaType::Double || value.metaType().id() == QMetaType::Int) {
        const QVariant number = fittedNumber(value.toDouble(), type);
        if (number.isValid())
            return number;
    }
    QVariant result(type);
    if (value.metaType().id() == QMetaType::QVariantMap && type.flags() & QMetaType::IsGadget) {
        if (!result.isValid())
            refuse(QStringLiteral("%1 has no default constructor").arg(QString::fromUtf8(type.name())));
        worsen(int(Fit::Close));
        fitGadget(value.toMap(), &result);
        return result;
    }
    if (fitContainer(value, &result)) {
        worsen(int(Fit::Close));
        return result;
    }

    QVariant converted = value;
    const bool isText = value.metaType().id() == QMetaType::QString;
    if (!converted.convert(type) || (isText && isCutOff(value.toString(), converted)))
        refuse(value, type);
    // A list of one string converts to that string, and so on: a container stays a container.
    const bool wasContainer = value.metaType().id() == QMetaType::QVariantList || value.metaType().id() == QMetaType::QVariantMap;
    if (wasContainer && type.id() < QMetaType::User && type.id() != QMetaType::QJsonArray
        && type.id() != QMetaType::QJsonObject && type.id() != QMetaType::QJsonValue
        && type.id() != QMetaType::QVariantHash && type.id() != QMetaType::QStringList && type.id() != QMetaType::QByteArrayList)
        refuse(value, type);
    const bool isClose = wasContainer || type.id() == QMetaType::QDate || type.id() == QMetaType::QTime;
    worsen(int(isClose ? Fit::Close : Fit::Converted));
    return converted;
}

/// Invalid: \a type is no number.
QVariant FromScript::fittedNumber(double number, QMetaType type)
{
    const bool isEnum = (type.flags() & QMetaType::IsEnumeration) != 0;
    const int id = isEnum ? integerOf(type) : type.id();
    double least = 0;
    double most = 0;
    switch (id) {
    case QMetaType::Float:
    case QMetaType::Double: {
        QVariant result(number);
        result.convert(type);
        worsen(int(Fit::Close));
        return result;
    }
    case QMetaType::Int:
        least = std::numeric_limits<int>::min();
        most = std::numeric_limits<int>::max();
        break;
    case QMetaType::UInt:
        most = std::numeric_limits<uint>::max();
        break;
    case QMetaType::Short:
        least = std::numeric_limits<short>::min();
        most = std::numeric_limits<short>::max();
        break;
    case QMetaType::UShort:
    case QMetaType::Char16:
        most = std::numeric_limits<ushort>::max();
        break;
    case QMetaType::Char:
    case QMetaType::SChar:
        least = std::numeric_limits<signed char>::min();
        most = std::numeric_limits<signed char>::max();
        break;
    case QMetaType::UChar:
        most = std::numeric_limits<uchar>::max();
        break;
    case QMetaType::Long:
    case QMetaType::LongLong: // as far as a JavaScript number is exact
        least = -9007199254740992.0;
        most = 9007199254740992.0;
        break;
    case QMetaType::ULong:
    case QMetaType::ULongLong:
        most = 9007199254740992.0;
        break;
    default:
        return {};
    }
    if (!(number >= least && number <= most) || std::trunc(number) != number)
        refuse(QVariant(number), type);
    QVariant result(static_cast<qlonglong>(number));
    if (id == QMetaType::Int)
        result = QVariant(static_cast<int>(number));
    if (!result.convert(type))
        refuse(QVariant(number), type);
    worsen(int(Fit::Close));
    return result;
}

/// What a container of \a type takes for \a value, which has this type or is the item itself.
const void *dataOf(const QVariant &value, QMetaType type)
{
    return type == QMetaType::fromType<QVariant>() ? &value : value.constData();
}

/// False: \a result is no container that such a value could fill.
bool FromScript::fitContainer(const QVariant &value, QVariant *result)
{
    const QMetaType type = result->metaType();
    if (type.id() == QMetaType::QStringList && value.metaType().id() == QMetaType::QVariantList) {
        *result = strings(value.toList());
        return true;
    }
    if (!result->isValid() || type.id() < QMetaType::User)
        return false;
    if (value.metaType().id() == QMetaType::QVariantList
        && QMetaType::canView(type, QMetaType::fromType<SequenceView>())) {
        const QMetaSequence items = result->view<SequenceView>().metaContainer();
        const QMetaType itemType = items.valueMetaType();
        const QVariantList list = value.toList();
        if (!list.isEmpty() && !items.canAddValue())
            refuse(QStringLiteral("nothing can be added to a %1").arg(QString::fromUtf8(type.name())));
        for (const QVariant &item : list)
            items.addValue(result->data(), dataOf(fitted(item, itemType), itemType));
        return true;
    }
    if (value.metaType().id() == QMetaType::QVariantMap
        && QMetaType::canView(type, QMetaType::fromType<AssociationView>())) {
        const QMetaAssociation items = result->view<AssociationView>().metaContainer();
        const QMetaType keyType = items.keyMetaType();
        const QMetaType itemType = items.mappedMetaType();
        const QVariantMap map = value.toMap();
        if (!map.isEmpty() && !items.canSetMappedAtKey())
            refuse(QStringLiteral("nothing can be added to a %1").arg(QString::fromUtf8(type.name())));
        for (auto it = map.cbegin(); it != map.cend(); ++it) {
            items.setMappedAtKey(result->data(), dataOf(fitted(it.key(), keyType), keyType),
                                 dataOf(fitted(it.value(), itemType), itemType));
        }
        return true;
    }
    return false;
}

QStringList FromScript::strings(const QVariantList &list)
{
    QStringList result;
    for (const QVariant &item : list)
        result += fitted(item, QMetaType::fromType<QString>()).toString();
    return result;
}

void FromScript::fitGadget(const QVariantMap &values, QVariant *gadget)
{
    const QMetaType type = gadget->metaType();
    const QMetaObject *const meta = type.metaObject();
    for (auto it = values.cbegin(); it != values.cend(); ++it) {
        const QMetaProperty property = meta->property(meta->indexOfProperty(it.key().toUtf8().constData()));
        if (!property.isValid() || !property.isWritable()) {
            refuse(QStringLiteral("%1 has no property %2 that can be written")
                           .arg(QString::fromUtf8(type.name()), it.key()));
        }
        property.writeOnGadget(gadget->data(), fitted(it.value(), property.metaType()));
    }
}

QVariant FromScript::fittedObject(QObject *object, QMetaType type)
{
    const QMetaObject *const meta = type.metaObject();
    if (object && meta && !meta->cast(object)) {
        refuse(QStringLiteral("a %1 is no %2").arg(QString::fromUtf8(object->metaObject()->className()),
                                                   QString::fromUtf8(meta->className())));
    }
    // The nearer the class, the better.
    int distance = 0;
    for (auto each = object ? object->metaObject() : meta; each != meta && each; each = each->superClass())
        ++distance;
    worsen(qMin(distance, int(Fit::Close) - 1));
    return QVariant(type, &object);
}

} // namespace Synchronaut::detail
