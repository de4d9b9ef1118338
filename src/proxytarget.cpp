#include <Synchronaut/proxytarget.h>

#include <QtCore/QMetaObject>

namespace Synchronaut::detail {

void throwPropertyRefused(const QObject &object, const char *name)
{
    throw CallError(QStringLiteral("Property %1 of %2 cannot be written: it is read-only, or does not take a value "
                                   "of this type")
                            .arg(QString::fromUtf8(name), QString::fromUtf8(object.metaObject()->className())));
}

} // namespace Synchronaut::detail
