#include "scripterror_p.h"

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

QJSValue named(QJSEngine *engine, const QString &name, const QString &message)
{
    QJSValue error = engine->newErrorObject(QJSValue::GenericError, message);
    error.setProperty(QStringLiteral("name"), name);
    return error;
}

QJSValue fromCallError(QJSEngine *engine, const CallError &error)
{
    QString name = typeName(typeid(error));
    const QString ours = QStringLiteral("Synchronaut::");
    if (name.startsWith(ours))
        name.remove(0, ours.size());
    QJSValue value = named(engine, name, error.message());
    value.setProperty(QStringLiteral("functionName"), error.functionName());
    value.setProperty(QStringLiteral("details"), error.details());
    return value;
}

} // namespace

QJSValue scriptError(QJSEngine *engine, const std::exception_ptr &error)
{
    try {
        std::rethrow_exception(error);
    } catch (const CallTimeout &e) {
        QJSValue value = fromCallError(engine, e);
        value.setProperty(QStringLiteral("timeout"),
                          std::chrono::duration<double, std::milli>(e.timeout()).count());
        return value;
    } catch (const CallError &e) {
        return fromCallError(engine, e);
    } catch (const std::exception &e) {
        return named(engine, typeName(typeid(e)), QString::fromLocal8Bit(e.what()));
    } catch (const QString &text) {
        return named(engine, QStringLiteral("Error"), text);
    } catch (...) {
        return named(engine, QStringLiteral("Error"),
                     QStringLiteral("An exception of a type that is no std::exception"));
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
