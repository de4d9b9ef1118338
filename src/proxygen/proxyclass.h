#pragma once

#include <QtCore/QJsonObject>
#include <QtCore/QList>
#include <QtCore/QString>
#include <QtCore/QStringList>

/// What the user allows, and leaves out.
struct ProxyRules
{
    bool allowPointers = false;
    QStringList skipped; ///< "Class::member", with or without namespaces
};

struct ProxyParameter
{
    QString type;
    QString name;
};

/// One function of a proxy, of which there are three variants; or one signal.
struct ProxyMethod
{
    enum class Kind { Call, Read, Write };

    /// "name(type,type)": what two functions of one class must not share.
    QString signature() const;

    Kind kind = Kind::Call;
    QString name;
    QString result; ///< after awaiting
    QList<ProxyParameter> parameters;
    QString owner;    ///< the class that declares it, with its namespaces
    QString property; ///< of Read and Write
};

/// A QObject class as moc describes it.
struct ObjectClass
{
    QString header; ///< with its path
    QJsonObject json;

    QString name() const;
    QString qualifiedName() const;
};

/*!
    What the proxy of one class has: public slots, invokable methods, properties and signals, its own
    and those of base classes that are described, too. What cannot cross threads is in \c errors, as
    "header: error: what, why, what to do".
*/
struct ProxyClass
{
    ProxyClass(const ObjectClass &object, const QList<ObjectClass> &all, const ProxyRules &rules);

    QString name;          ///< of the object's class, alone
    QString qualifiedName; ///< the same with namespaces
    QStringList namespaces;
    QString header;
    QStringList bases; ///< of which members are taken over, outermost last, with namespaces
    QList<QPair<QString, QString>> enums; ///< name, qualified name
    QList<ProxyMethod> methods;
    QList<ProxyMethod> signalMethods;
    QStringList errors;

    /// True when the class has more than one signal of this name.
    bool isOverloadedSignal(const QString &signalName) const;

private:
    void addMembersOf(const ObjectClass &object);
    void addFunctions(const ObjectClass &object, const QString &list);
    void addProperties(const ObjectClass &object);
    void addSignals(const ObjectClass &object);
    void add(QList<ProxyMethod> &to, const ProxyMethod &method);
    void checkNames();
    bool isSkipped(const ObjectClass &object, const QString &member) const;
    void check(const ProxyMethod &method, const QString &what);

    const ProxyRules &m_rules;
};
