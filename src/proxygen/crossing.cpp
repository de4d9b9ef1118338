#include "crossing.h"

#include <QtCore/QRegularExpression>
#include <QtCore/QStringList>

namespace {

bool startsWithAny(const QString &type, const QStringList &names)
{
    for (const QString &name : names) {
        if (type == name || type.startsWith(name + QLatin1Char('<')))
            return true;
    }
    return false;
}

QString withoutNamespace(QString type)
{
    static const QString own = QStringLiteral("Synchronaut::");
    if (type.startsWith(own))
        type.remove(0, own.size());
    return type;
}

} // namespace

QString crossingFlaw(const QString &type, TypeRole role, bool allowPointers)
{
    if (type.endsWith(QLatin1Char('&')) && !type.endsWith(QLatin1String("&&")))
        return QStringLiteral("is a reference that the method could write through into another thread; "
                              "return the value instead");
    if (type.contains(QLatin1Char('*')) && !allowPointers)
        return QStringLiteral("is or has a raw pointer, and what it points to belongs to one thread; use "
                              "a value or a shared pointer, or ALLOW_POINTERS if you know better");
    static const QStringList views{
            QStringLiteral("QStringView"),      QStringLiteral("QByteArrayView"),
            QStringLiteral("QAnyStringView"),   QStringLiteral("QUtf8StringView"),
            QStringLiteral("QLatin1StringView"), QStringLiteral("QLatin1String"),
            QStringLiteral("std::string_view"), QStringLiteral("std::basic_string_view"),
            QStringLiteral("std::span"),        QStringLiteral("std::reference_wrapper")};
    if (startsWithAny(type, views) && !allowPointers)
        return QStringLiteral("only refers to memory that may be gone when the other thread looks at it; "
                              "use a type that owns its data, or ALLOW_POINTERS if you know better");
    static const QStringList streams{QStringLiteral("Generator"), QStringLiteral("AsyncGenerator")};
    if (role == TypeRole::Result && startsWithAny(withoutNamespace(type), streams))
        return QStringLiteral("is a stream, which a proxy does not give; call the method through "
                              "Synchronized<T>");
    return {};
}

QString awaitedType(const QString &type)
{
    static const QRegularExpression awaitable(QStringLiteral("^(?:QFuture|Task)<(.*)>$"));
    const QRegularExpressionMatch match = awaitable.match(withoutNamespace(type));
    if (!match.hasMatch())
        return type;
    const QString inner = match.captured(1).trimmed();
    return inner.isEmpty() ? QStringLiteral("void") : inner;
}
