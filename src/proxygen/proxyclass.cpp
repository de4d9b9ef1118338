#include "proxyclass.h"

#include "crossing.h"

#include <QtCore/QHash>
#include <QtCore/QJsonArray>

namespace {

const QString scope = QStringLiteral("::");

QString textOf(const QJsonObject &json, const char *key)
{
    return json.value(QLatin1String(key)).toString();
}

QList<QJsonObject> objectsOf(const QJsonObject &json, const QString &key)
{
    QList<QJsonObject> objects;
    const QJsonArray array = json.value(key).toArray();
    for (const QJsonValue &value : array)
        objects += value.toObject();
    return objects;
}

bool isPublic(const QJsonObject &member)
{
    return textOf(member, "access") == QLatin1String("public");
}

ProxyMethod functionOf(const QJsonObject &json, const QString &owner)
{
    ProxyMethod method;
    method.name = textOf(json, "name");
    method.result = textOf(json, "returnType");
    method.owner = owner;
    const QList<QJsonObject> arguments = objectsOf(json, QStringLiteral("arguments"));
    for (const QJsonObject &argument : arguments) {
        QString name = textOf(argument, "name");
        if (name.isEmpty())
            name = QStringLiteral("argument%1").arg(method.parameters.size() + 1);
        method.parameters += {textOf(argument, "type"), name};
    }
    return method;
}

QString capitalized(const QString &name)
{
    return name.left(1).toUpper() + name.mid(1);
}

} // namespace

QString ProxyMethod::signature() const
{
    QStringList types;
    for (const ProxyParameter &parameter : parameters)
        types += parameter.type;
    return name + QLatin1Char('(') + types.join(QLatin1Char(',')) + QLatin1Char(')');
}

QString ObjectClass::name() const
{
    return textOf(json, "className");
}

QString ObjectClass::qualifiedName() const
{
    return textOf(json, "qualifiedClassName");
}

ProxyClass::ProxyClass(const ObjectClass &object, const QList<ObjectClass> &all, const ProxyRules &rules)
    : name(object.name()),
      qualifiedName(object.qualifiedName()),
      namespaces(qualifiedName.split(scope)),
      header(object.header),
      m_rules(rules)
{
    namespaces.removeLast(); // moc knows no QObject class inside of a class
    addMembersOf(object);
    ObjectClass at = object;
    for (bool found = true; found;) {
        found = false;
        const QString base = textOf(at.json.value(QLatin1String("superClasses")).toArray().at(0).toObject(), "name");
        for (const ObjectClass &other : all) { // moc gives the base's name as it is written there
            const bool isThat = other.qualifiedName() == base
                    || (other.name() == base.split(scope).last() && other.qualifiedName().endsWith(base));
            if (!isThat || bases.contains(other.qualifiedName()) || other.qualifiedName() == qualifiedName)
                continue;
            bases += other.qualifiedName();
            addMembersOf(other);
            at = other;
            found = true;
            break;
        }
    }
    checkNames();
}

bool ProxyClass::isOverloadedSignal(const QString &signalName) const
{
    qsizetype count = 0;
    for (const ProxyMethod &each : signalMethods)
        count += each.name == signalName ? 1 : 0;
    return count > 1;
}

void ProxyClass::addMembersOf(const ObjectClass &object)
{
    const QList<QJsonObject> all = objectsOf(object.json, QStringLiteral("enums"));
    for (const QJsonObject &each : all) {
        const QString enumName = textOf(each, "name");
        enums += {enumName, object.qualifiedName() + scope + enumName};
    }
    addFunctions(object, QStringLiteral("methods"));
    addFunctions(object, QStringLiteral("slots"));
    addProperties(object);
    addSignals(object);
}

void ProxyClass::addFunctions(const ObjectClass &object, const QString &list)
{
    const QList<QJsonObject> functions = objectsOf(object.json, list);
    for (const QJsonObject &function : functions) {
        ProxyMethod method = functionOf(function, object.qualifiedName());
        if (!isPublic(function) || isSkipped(object, method.name))
            continue;
        check(method, object.qualifiedName() + scope + method.signature());
        method.result = awaitedType(method.result);
        add(methods, method);
    }
}

void ProxyClass::addProperties(const ObjectClass &object)
{
    const QList<QJsonObject> properties = objectsOf(object.json, QStringLiteral("properties"));
    for (const QJsonObject &property : properties) {
        const QString propertyName = textOf(property, "name");
        if (isSkipped(object, propertyName))
            continue;
        const QString type = textOf(property, "type");
        const QString getter = textOf(property, "read");
        ProxyMethod read;
        read.kind = ProxyMethod::Kind::Read;
        // named after the function, since signals are often named like the property
        read.name = getter.isEmpty() || getter == QLatin1String("default") ? propertyName : getter;
        read.result = type;
        read.owner = object.qualifiedName();
        read.property = propertyName;
        check(read, QStringLiteral("property %1::%2").arg(object.qualifiedName(), propertyName));
        add(methods, read);

        const bool isWritable = property.contains(QLatin1String("write"))
                || (property.contains(QLatin1String("member")) && !property.value(QLatin1String("constant")).toBool());
        if (!isWritable)
            continue;
        const QString setter = textOf(property, "write");
        ProxyMethod write = read;
        write.kind = ProxyMethod::Kind::Write;
        write.name = setter.isEmpty() || setter == QLatin1String("default")
                ? QStringLiteral("set") + capitalized(propertyName)
                : setter;
        write.result = QStringLiteral("void");
        write.parameters = {{type, propertyName}};
        add(methods, write);
    }
}

void ProxyClass::addSignals(const ObjectClass &object)
{
    const QList<QJsonObject> all = objectsOf(object.json, QStringLiteral("signals"));
    for (const QJsonObject &each : all) {
        const ProxyMethod method = functionOf(each, object.qualifiedName());
        if (isSkipped(object, method.name))
            continue;
        check(method, QStringLiteral("signal ") + object.qualifiedName() + scope + method.signature());
        add(signalMethods, method);
    }
}

/// What a class has itself hides what its base, or a property of its own, would add.
void ProxyClass::add(QList<ProxyMethod> &to, const ProxyMethod &method)
{
    for (const ProxyMethod &each : to) {
        if (each.signature() == method.signature())
            return;
    }
    to += method;
}

void ProxyClass::checkNames()
{
    QHash<QString, QString> users;
    const auto take = [&](ProxyMethod method, const QString &suffix, const QString &what) {
        const QString user = QStringLiteral("%1 %2::%3").arg(what, method.owner, method.name);
        method.name += suffix;
        const QString signature = method.signature();
        if (users.contains(signature)) {
            errors += QStringLiteral("%1: error: the proxy would have %2 twice, for %3 and for %4; rename one of "
                                     "them, or name one in SKIP")
                              .arg(header, signature, users.value(signature), user);
        }
        users.insert(signature, user);
    };
    for (const ProxyMethod &method : std::as_const(signalMethods))
        take(method, {}, QStringLiteral("the signal"));
    for (const ProxyMethod &method : std::as_const(methods)) {
        for (const char *const suffix : {"", "Sync", "Async"})
            take(method, QLatin1String(suffix), QStringLiteral("the method"));
    }
}

bool ProxyClass::isSkipped(const ObjectClass &object, const QString &member) const
{
    return m_rules.skipped.contains(object.name() + scope + member)
            || m_rules.skipped.contains(object.qualifiedName() + scope + member);
}

void ProxyClass::check(const ProxyMethod &method, const QString &what)
{
    const auto report = [&](const QString &part, const QString &type, TypeRole role) {
        const QString flaw = crossingFlaw(type, role, m_rules.allowPointers);
        if (!flaw.isEmpty()) {
            errors += QStringLiteral("%1: error: %2 cannot be called from another thread: its %3 (%4) %5; or name "
                                     "it in SKIP")
                              .arg(header, what, part, type, flaw);
        }
    };
    if (method.kind == ProxyMethod::Kind::Read)
        report(QStringLiteral("type"), method.result, TypeRole::Argument);
    else
        report(QStringLiteral("result"), method.result, TypeRole::Result);
    for (const ProxyParameter &parameter : method.parameters)
        report(QStringLiteral("argument %1").arg(parameter.name), parameter.type, TypeRole::Argument);
}
