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

/// How well a value fits where it was converted to, the smaller the better. Objects are between the first two: by how
/// far their class is from that of the parameter.
enum class Fit {
    Same = 0,        ///< the type is what such a JavaScript value is in C++
    Close = 100,     ///< the same kind of value: a number for an int, an array for a QStringList
    Converted = 200, ///< another kind of value that means the same: "12" for 12
    Generic = 300,   ///< the parameter takes anything
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
    /// The worst fit since it was made: a Fit, or between two.
    int fit() const { return m_fit; }

private:
    QVariant natural(const QJSValue &value, int depth);
    QVariant naturalObject(const QJSValue &value, int depth);
    QVariantList naturalList(const QJSValue &array, int depth);
    QVariantMap naturalMap(const QJSValue &object, int depth);
    QVariant fitted(const QVariant &value, QMetaType type);
    QVariant fittedNumber(double number, QMetaType type);
    bool fitContainer(const QVariant &value, QVariant *result);
    QStringList strings(const QVariantList &list);
    void fitGadget(const QVariantMap &values, QVariant *gadget);
    QVariant fittedObject(QObject *object, QMetaType type);
    void worsen(int fit) { m_fit = qMax(m_fit, fit); }

    PromiseFactory &m_factory;
    QThread *m_receiver;
    int m_fit = int(Fit::Same);
};

} // namespace Synchronaut::detail
