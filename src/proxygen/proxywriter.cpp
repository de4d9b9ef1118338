#include "proxywriter.h"

#include <QtCore/QTextStream>

namespace {

// In generated code, names that end in an underscore are ours: they must not shadow the user's.

QString joined(const QList<ProxyParameter> &parameters, const QString &pattern)
{
    QStringList parts;
    for (qsizetype i = 0; i < parameters.size(); ++i) {
        QString part = pattern;
        part.replace(QLatin1String("TYPE"), QStringLiteral("\x01")); // so that a type named NAME is left alone
        part.replace(QLatin1String("NAME"), parameters.at(i).name);
        part.replace(QLatin1String("NUMBER"), QString::number(i + 1));
        part.replace(QLatin1Char('\x01'), parameters.at(i).type);
        parts += part;
    }
    return parts.join(QLatin1String(", "));
}

/// As a value: what is to cross threads is copied or moved.
QList<ProxyParameter> byValue(QList<ProxyParameter> parameters)
{
    for (ProxyParameter &parameter : parameters) {
        if (parameter.type.endsWith(QLatin1String("&&")))
            parameter.type.chop(2);
    }
    return parameters;
}

QString declared(const ProxyMethod &method)
{
    return joined(byValue(method.parameters), QStringLiteral("TYPE NAME"));
}

/// The function that does the work in the object's thread.
QString body(const ProxyMethod &method)
{
    switch (method.kind) {
    case ProxyMethod::Kind::Read:
        return QStringLiteral("return object_.property(\"%1\").value<%2>();").arg(method.property, method.result);
    case ProxyMethod::Kind::Write:
        return QStringLiteral("Synchronaut::detail::writeProperty(object_, \"%1\", std::move(a1_));")
                .arg(method.property);
    case ProxyMethod::Kind::Call:
        break;
    }
    return QStringLiteral("return object_.%1(%2);")
            .arg(method.name, joined(method.parameters, QStringLiteral("std::move(aNUMBER_)")));
}

QString described(const ProxyMethod &method)
{
    switch (method.kind) {
    case ProxyMethod::Kind::Read:
        return QStringLiteral("Reads property %1 of %2").arg(method.property, method.owner);
    case ProxyMethod::Kind::Write:
        return QStringLiteral("Writes property %1 of %2").arg(method.property, method.owner);
    case ProxyMethod::Kind::Call:
        break;
    }
    return QStringLiteral("Calls %1::%2").arg(method.owner, method.signature());
}

class Writer
{
public:
    explicit Writer(const ProxyClass &proxy) : m_proxy(proxy), m_name(proxy.name + QStringLiteral("Proxy")) { }

    QString write()
    {
        writeTop();
        writePublic();
        writeSignals();
        writePrivate();
        writeDefinitions();
        if (!m_proxy.namespaces.isEmpty())
            m_out << "\n} // namespace " << m_proxy.namespaces.join(QLatin1String("::")) << "\n";
        m_out.flush();
        return m_text;
    }

private:
    void writeTop()
    {
        m_out << "// Made by synchronaut_add_proxies() from " << m_proxy.header << "; changes would be lost.\n"
              << "#pragma once\n\n"
              << "#include <Synchronaut/proxytarget.h>\n\n"
              << "#include \"" << m_proxy.header << "\"\n\n";
        if (!m_proxy.namespaces.isEmpty())
            m_out << "namespace " << m_proxy.namespaces.join(QLatin1String("::")) << " {\n\n";
        m_out << "/*!\n"
              << "    " << m_proxy.qualifiedName << ", used from any thread.\n\n"
              << "    Every method runs in the object's thread, at once if that is this one, and comes in three forms: the\n"
              << "    plain name starts it and gives a QFuture, ...Sync waits for it, ...Async is for co_await. Errors arrive\n"
              << "    as they were thrown, with CallError's descendants for what happens on the way: SenderDestroyed when the\n"
              << "    object has died, LoopStopped when its thread has ended. Signals of the object are emitted by the proxy,\n"
              << "    in the proxy's thread, which needs an event loop for that.\n"
              << "*/\n"
              << "class " << m_name << " : public QObject\n{\n    Q_OBJECT\n\npublic:\n";
        for (const auto &each : m_proxy.enums)
            m_out << "    using " << each.first << " = " << each.second << ";\n";
        if (!m_proxy.enums.isEmpty())
            m_out << "\n";
    }

    void writePublic()
    {
        const QString object = m_proxy.qualifiedName;
        m_out << "    /// \\a object may live in any thread. It must be alive now and whenever a method is called.\n"
              << "    explicit " << m_name << "(" << object << " *object, QObject *parent = nullptr);\n"
              << "    /// Keeps the object. Waits for its thread, in order to connect the signals.\n"
              << "    explicit " << m_name << "(Synchronaut::Synchronized<" << object
              << "> object, QObject *parent = nullptr);\n"
              << "    ~" << m_name << "() override { m_target_.disconnectSignals(this); }\n\n"
              << "    /// Timeout, deadline and the like for every call made from now on; see CallOptions.\n"
              << "    void setCallOptions(const Synchronaut::CallOptions &options) { m_target_.setOptions(options); }\n";
        for (const ProxyMethod &method : m_proxy.methods) {
            const QString parameters = declared(method);
            m_out << "\n    /// " << described(method) << ".\n"
                  << "    QFuture<" << method.result << "> " << method.name << "(" << parameters << ") const;\n"
                  << "    /// The same, and waits.\n"
                  << "    " << method.result << " " << method.name << "Sync(" << parameters << ") const;\n"
                  << "    /// The same, when it is awaited.\n"
                  << "    Synchronaut::Task<" << method.result << "> " << method.name << "Async(" << parameters
                  << ") const;\n";
        }
    }

    void writeSignals()
    {
        if (m_proxy.signalMethods.isEmpty())
            return;
        m_out << "\nQ_SIGNALS:\n";
        for (const ProxyMethod &method : m_proxy.signalMethods) {
            m_out << "    /// Emitted after " << method.owner << "::" << method.name << ".\n"
                  << "    void " << method.name << "(" << declared(method) << ");\n";
        }
    }

    void writePrivate()
    {
        m_out << "\nprivate:\n"
              << "    void forwardSignals_(" << m_proxy.qualifiedName << " *object_);\n\n";
        int number = 0;
        for (const ProxyMethod &method : m_proxy.methods) {
            const QString arguments = joined(byValue(method.parameters), QStringLiteral("TYPE &&aNUMBER_"));
            m_out << "    static constexpr auto call" << ++number << "_ = [](" << m_proxy.qualifiedName << " &object_"
                  << (arguments.isEmpty() ? QString() : QStringLiteral(", ") + arguments) << ") {\n"
                  << "        " << body(method) << "\n"
                  << "    };\n";
        }
        m_out << "\n    Synchronaut::ProxyTarget<" << m_proxy.qualifiedName << "> m_target_;\n};\n";
    }

    void writeDefinitions()
    {
        const QString object = m_proxy.qualifiedName;
        m_out << "\ninline " << m_name << "::" << m_name << "(" << object << " *object, QObject *parent)\n"
              << "    : QObject(parent), m_target_(object)\n{\n"
              << "    m_target_.connectSignals([this](" << object << " &object_) { forwardSignals_(&object_); });\n}\n"
              << "\ninline " << m_name << "::" << m_name << "(Synchronaut::Synchronized<" << object
              << "> object, QObject *parent)\n"
              << "    : QObject(parent), m_target_(std::move(object))\n{\n"
              << "    m_target_.connectSignals([this](" << object << " &object_) { forwardSignals_(&object_); });\n}\n"
              << "\ninline void " << m_name << "::forwardSignals_([[maybe_unused]] " << object << " *object_)\n{\n";
        for (const ProxyMethod &method : m_proxy.signalMethods)
            writeConnection(method);
        m_out << "}\n";
        int number = 0;
        for (const ProxyMethod &method : m_proxy.methods) {
            ++number;
            writeDefinition(method, number, QStringLiteral("QFuture<%1>").arg(method.result), {}, "call");
            writeDefinition(method, number, method.result, QStringLiteral("Sync"), "sync");
            writeDefinition(method, number, QStringLiteral("Synchronaut::Task<%1>").arg(method.result),
                            QStringLiteral("Async"), "async");
        }
    }

    void writeConnection(const ProxyMethod &method)
    {
        if (m_proxy.isOverloadedSignal(method.name)) { // moc has taken the const & away that qOverload would need
            m_out << "    QObject::connect(object_, SIGNAL(" << method.signature() << "), this, SIGNAL("
                  << method.signature() << "));\n";
        } else {
            m_out << "    QObject::connect(object_, &" << m_proxy.qualifiedName << "::" << method.name << ", this, &"
                  << m_name << "::" << method.name << ");\n";
        }
    }

    void writeDefinition(const ProxyMethod &method, int number, const QString &result, const QString &suffix,
                         const char *verb)
    {
        const QString arguments = joined(method.parameters, QStringLiteral("std::move(NAME)"));
        // the result comes last, where the enums of the class are known by their short names
        m_out << "\ninline auto " << m_name << "::" << method.name << suffix << "(" << declared(method) << ") const -> "
              << result << "\n{\n"
              << "    return m_target_." << verb << "<" << method.result << ">(\"" << method.owner
              << "::" << method.name << "\", call" << number << "_"
              << (arguments.isEmpty() ? QString() : QStringLiteral(", ") + arguments) << ");\n}\n";
    }

    const ProxyClass &m_proxy;
    QString m_name;
    QString m_text;
    QTextStream m_out{&m_text};
};

} // namespace

QString proxyText(const ProxyClass &proxy)
{
    return Writer(proxy).write();
}

QString proxyFileName(const QString &className)
{
    return className.toLower() + QStringLiteral("proxy.h");
}
