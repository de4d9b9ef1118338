#pragma once

#include <Synchronaut/detail/erasedfuture.h>

#include <QtCore/QMetaMethod>
#include <QtCore/QMutex>
#include <QtCore/QPointer>
#include <QtCore/QThread>
#include <QtCore/QVariant>
#include <QtQml/QJSValue>

#include <memory>
#include <optional>
#include <utility>

namespace Synchronaut::detail {

class PromiseFactory;

/// Where a method's thread leaves the future that it has returned. Cancelled there if the call is over by then. (The
/// call's result would not do: whatever the method has started keeps the call.) Any thread.
class ReturnedFuture
{
public:
    void put(const ErasedFuture &future);
    ErasedFuture take();
    void abandon();

private:
    QMutex m_mutex;
    ErasedFuture m_future;
    bool m_abandoned = false;
};

/// What a method has given: a value, or what the call has aside: a future, or a QJSValue.
struct MethodResult
{
    enum class Kind { Value, Future, Script };

    QVariant value;
    Kind kind = Kind::Value;
};

/// A method with its arguments, found by name and converted. Made on the engine's thread, invoked where it belongs.
class MethodCall
{
public:
    enum class Place { TargetThread, Pool, Script };

    /// Throws CallError for whatever does not fit. \a offload: as asked for; empty: as the class says.
    static std::shared_ptr<MethodCall> prepare(PromiseFactory &factory, const QJSValue &target,
                                               const QString &name, const QJSValueList &arguments,
                                               std::optional<bool> offload);

    Place place() const { return m_place; }
    QObject *target() const { return m_target.data(); }
    const QPointer<QObject> &guardedTarget() const { return m_target; }
    ReturnedFuture &returnedFuture() { return m_returned; }
    /// The QJSValue that the method has returned, which must not end with the call, perhaps in a pool thread. For the
    /// engine's thread only, where such methods run.
    QJSValue takeScript() { return std::exchange(m_script, {}); }

    /// In the right thread, while the target lives; throws what the method throws.
    MethodResult invoke(QObject *target);

private:
    MethodCall(QObject *target, const QMetaMethod &method) : m_target(target), m_method(method) { }

    QString fullName() const;
    void choosePlace(std::optional<bool> offload);
    void checkResult() const;
    bool convertArguments(PromiseFactory &factory, const QJSValueList &arguments, QString *flaw, int *fit);

    QPointer<QObject> m_target;
    QMetaMethod m_method;
    QVariantList m_arguments;
    Place m_place = Place::TargetThread;
    ReturnedFuture m_returned;
    QThread *const m_home = QThread::currentThread(); ///< the engine's
    QJSValue m_script;
};

/// A copy of \a name that lives for ever, since CallOptions borrow it. One a method name.
const char *lastingName(const QByteArray &name);

} // namespace Synchronaut::detail
