#pragma once

#include "contact.h"

#include <QtCore/QFuture>
#include <QtCore/QJsonObject>
#include <QtCore/QMap>
#include <QtCore/QObject>
#include <QtCore/QSemaphore>
#include <QtCore/QUrl>
#include <QtCore/QVariant>
#include <QtQml/QJSValue>
#include <QtQml/qqml.h>

#include <atomic>

/// What the tests call: each kind of method, with each way to go wrong.
class Service : public QObject
{
    Q_OBJECT
    QML_ELEMENT
    Q_CLASSINFO("synchronaut.threadsafe", "slowLength, runsElsewhere,waitForCancel")
    Q_PROPERTY(int cancels READ cancels)
    Q_PROPERTY(int calls READ calls)

public:
    enum class Color { Red, Green, Blue };
    Q_ENUM(Color)

    explicit Service(QObject *parent = nullptr) : QObject(parent) { }
    ~Service() override;

    /// How many never() and waitForCancel() have been cancelled, by all services.
    static int cancels() { return s_cancels; }
    int calls() const { return m_calls; }
    static std::atomic<int> s_cancels;
    static std::atomic<int> s_waiting; ///< methods that wait in a pool thread

    // plain
    Q_INVOKABLE int add(int a, int b);
    Q_INVOKABLE int add(int a, int b, int c) { return a + b + c; }
    Q_INVOKABLE QString withDefault(const QString &text, int times = 2) { return text.repeated(times); }
    Q_INVOKABLE QString overloaded(int) { return QStringLiteral("int"); }
    Q_INVOKABLE QString overloaded(const QString &) { return QStringLiteral("string"); }
    Q_INVOKABLE QString overloaded(bool) { return QStringLiteral("bool"); }
    Q_INVOKABLE QString overloaded(const QVariantList &) { return QStringLiteral("list"); }
    Q_INVOKABLE QString intOrAny(int) { return QStringLiteral("int"); }
    Q_INVOKABLE QString intOrAny(const QVariant &) { return QStringLiteral("any"); }
    Q_INVOKABLE QString textOrScript(const QString &) { return QStringLiteral("text"); }
    Q_INVOKABLE QString textOrScript(const QJSValue &) { return QStringLiteral("script"); }
    Q_INVOKABLE QString serviceOrObject(Service *) { return QStringLiteral("service"); }
    Q_INVOKABLE QString serviceOrObject(QObject *) { return QStringLiteral("object"); }
    Q_INVOKABLE QString serviceOrObject(const QVariant &) { return QStringLiteral("any"); }
    Q_INVOKABLE void doNothing() { ++m_calls; }
    Q_INVOKABLE int slowLength(const QString &text);
    Q_INVOKABLE bool runsElsewhere() const;
    Q_INVOKABLE bool isElsewhere() const;
    Q_INVOKABLE int waitForCancel();
    /// Runs an event loop, as a dialog does.
    Q_INVOKABLE void askUser(int milliseconds);

    // futures
    Q_INVOKABLE QFuture<QString> load(int id);
    Q_INVOKABLE QFuture<void> finishLater();
    Q_INVOKABLE QFuture<Contact> loadContact(const QString &name);
    Q_INVOKABLE QFuture<QList<Contact>> loadContacts(int count);
    Q_INVOKABLE QFuture<int> countTo(int last);
    Q_INVOKABLE QFuture<int> countAndFail(int last);
    Q_INVOKABLE QFuture<int> never();
    Q_INVOKABLE QFuture<QString> failLater(const QString &what);
    Q_INVOKABLE QFuture<QString> empty();
    Q_INVOKABLE QFuture<Unregistered> unregistered();

    // promises
    Q_INVOKABLE QJSValue promised(int id);
    Q_INVOKABLE QJSValue neverPromised();
    Q_INVOKABLE QJSValue askAndPromise(int milliseconds);
    /// An object that belongs to the script; leaves something on the pool that waits until s_goOn.
    Q_INVOKABLE QJSValue objectAndWait();
    static std::atomic<bool> s_goOn;
    Q_INVOKABLE QJSValue scriptThrow();

    // what goes wrong
    Q_INVOKABLE int throwStandard();
    Q_INVOKABLE int throwCallError();
    Q_INVOKABLE int throwNumber();
    Q_INVOKABLE int deleteItself();

    // values, both ways
    Q_INVOKABLE QVariant echo(const QVariant &value) { return value; }
    Q_INVOKABLE QString typeOf(const QVariant &value) { return QString::fromLatin1(value.typeName()); }
    Q_INVOKABLE int echoInt(int value) { return value; }
    Q_INVOKABLE uchar echoByte(uchar value) { return value; }
    Q_INVOKABLE double echoDouble(double value) { return value; }
    Q_INVOKABLE qint64 echoLong(qint64 value) { return value; }
    Q_INVOKABLE bool echoBool(bool value) { return value; }
    Q_INVOKABLE QString echoString(const QString &value) { return value; }
    Q_INVOKABLE QByteArray echoBytes(const QByteArray &value) { return value; }
    Q_INVOKABLE QDateTime echoDate(const QDateTime &value) { return value; }
    Q_INVOKABLE QUrl echoUrl(const QUrl &value) { return value; }
    Q_INVOKABLE QStringList echoStrings(const QStringList &value) { return value; }
    Q_INVOKABLE QList<int> echoInts(const QList<int> &value) { return value; }
    Q_INVOKABLE QVariantList echoList(const QVariantList &value) { return value; }
    Q_INVOKABLE QVariantMap echoMap(const QVariantMap &value) { return value; }
    Q_INVOKABLE QMap<QString, int> echoCounts(const QMap<QString, int> &value) { return value; }
    Q_INVOKABLE QJsonObject echoJson(const QJsonObject &value) { return value; }
    Q_INVOKABLE Contact echoContact(const Contact &value) { return value; }
    Q_INVOKABLE QList<Contact> echoContacts(const QList<Contact> &value) { return value; }
    Q_INVOKABLE Service::Color echoColor(Service::Color value) { return value; }
    Q_INVOKABLE Tiny echoTiny(Tiny value) { return value; }
    Q_INVOKABLE Wide echoWide(Wide value) { return value; }
    Q_INVOKABLE Huge echoHuge(Huge value) { return value; }
    Q_INVOKABLE uint echoUnsigned(uint value) { return value; }
    Q_INVOKABLE quint64 echoUnsignedLong(quint64 value) { return value; }
    Q_INVOKABLE void takeFrozen(const Frozen<int> &) { }
    Q_INVOKABLE int countObjects(const QList<QObject *> &objects) { return static_cast<int>(objects.size()); }
    Q_INVOKABLE QObject *echoObject(QObject *value) { return value; }
    Q_INVOKABLE Service *echoService(Service *value) { return value; }
    Q_INVOKABLE QJSValue echoScript(const QJSValue &value) { return value; }
    Q_INVOKABLE Opaque opaque() { return {}; }
    Q_INVOKABLE QList<Opaque> opaques() { return {Opaque(), Opaque()}; }
    Q_INVOKABLE QObject *foreignObject();

    /// A service in a thread of its own.
    Q_INVOKABLE Service *inOtherThread();
    Q_INVOKABLE void deleteNow() { delete this; }
    Q_INVOKABLE void deleteOther(QObject *object) { delete object; }

public Q_SLOTS:
    int aSlot(int value) { return value + 1; }

Q_SIGNALS:
    void aSignal(int value);

private:
    int privateMethod() { return 1; }

    int m_calls = 0;
    QThread *m_thread = nullptr; ///< of m_other
    Service *m_other = nullptr;
};
