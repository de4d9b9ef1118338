#include "scripterror_p.h"

#include "promisefactory_p.h"

#include <Synchronaut/errors.h>

#include <QtCore/QUnhandledException>
#include <QtQml/QJSEngine>

#include <cstdlib>
#include <memory>
#include <typeinfo>

#if __has_include(<cxxabi.h>)
#  include <cxxabi.h>
#endif

namespace Synchronaut::detail {

namespace {

QString typeName(const std::type_info &type)
{
#if __has_include(<cxxabi.h>)
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> text(
            abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
    if (text)
        return QString::fromUtf8(text.get());
#endif
    return QString::fromUtf8(type.name());
}

QJSValue fromCallError(PromiseFactory &factory, const CallError &error, QJSValue details)
{
    QString name = typeName(typeid(error));
    const QString ours = QStringLiteral("Synchronaut::");
    if (name.startsWith(ours))
        name.remove(0, ours.size());
    details.setProperty(QStringLiteral("functionName"), error.functionName());
    details.setProperty(QStringLiteral("details"), error.details());
    return factory.makeError(name, error.message(), details);
}

} // namespace

QJSValue scriptError(PromiseFactory &factory, const std::exception_ptr &error)
{
    QJSValue details = factory.engine()->newObject();
    try {
        std::rethrow_exception(error);
    } catch (const CallTimeout &e) {
        details.setProperty(QStringLiteral("timeout"),
                            std::chrono::duration<double, std::milli>(e.timeout()).count());
        return fromCallError(factory, e, details);
    } catch (const CallError &e) {
        return fromCallError(factory, e, details);
    } catch (const std::exception &e) {
        return factory.makeError(typeName(typeid(e)), QString::fromLocal8Bit(e.what()), details);
    } catch (const QString &text) {
        return factory.makeError(QStringLiteral("Error"), text, details);
    } catch (...) {
        return factory.makeError(QStringLiteral("Error"),
                                 QStringLiteral("An exception of a type that is no std::exception"), details);
    }
}

std::exception_ptr errorOfFinished(QFuture<void> future)
{
    try {
        future.waitForFinished(); // throws what is stored
    } catch (const QUnhandledException &e) {
        return e.exception() ? e.exception() : std::current_exception();
    } catch (...) {
        return std::current_exception();
    }
    if (future.isCanceled())
        return std::make_exception_ptr(CallCanceled(QStringLiteral("The call was cancelled")));
    return nullptr;
}

} // namespace Synchronaut::detail
