#pragma once

#include <QtCore/QMetaType>
#include <QtCore/QString>
#include <QtCore/QVariant>
#include <QtQml/QJSValue>

QT_BEGIN_NAMESPACE
class QThread;
QT_END_NAMESPACE

namespace Synchronaut::detail {

class PromiseFactory;

/// The value as JavaScript has it; arrays and maps become arrays and objects, whatever containers they are in C++. Throws
/// CallError for what JavaScript cannot read, and for objects of another thread.
QJSValue toScript(PromiseFactory &factory, const QVariant &value);

/// How well a value fits where it was converted to, the smaller the better.
enum class Fit {
    Same,      ///< the type is what such a JavaScript value is in C++
    Close,     ///< the same kind of value: a number for an int, an array for a QStringList
    Converted, ///< another kind of value that means the same: "12" for 12
};

/// Turns JavaScript values into C++ values of the types that a method takes. A conversion that would lose something is
/// an error, a CallError that says what is wrong with the value; the caller knows where that stands.
class FromScript
{
public:
    /// \a receiver: the thread that gets the values; objects of others are refused. Null: a pool thread.
    FromScript(PromiseFactory &factory, QThread *receiver) : m_factory(factory), m_receiver(receiver) { }

    /// A QVariant of type \a type; for QVariant itself the value as it comes.
    QVariant convert(const QJSValue &value, QMetaType type);
    /// The worst fit since it was made.
    Fit fit() const { return m_fit; }

private:
    QVariant natural(const QJSValue &value, int depth);
    QVariant naturalObject(const QJSValue &value, int depth);
    QVariant fitted(const QVariant &value, QMetaType type);
    QVariant fittedNumber(double number, QMetaType type);
    bool fitContainer(const QVariant &value, QVariant *result);
    QStringList strings(const QVariantList &list);
    void fitGadget(const QVariantMap &values, QVariant *gadget);
    QVariant fittedObject(QObject *object, QMetaType type);
    void worsen(Fit fit) { m_fit = qMax(m_fit, fit); }

    PromiseFactory &m_factory;
    QThread *m_receiver;
    Fit m_fit = Fit::Same;
};

} // namespace Synchronaut::detail
