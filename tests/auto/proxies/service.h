// The classes whose proxies are tested.
#pragma once

#include <Synchronaut/Synchronaut>

#include <QtCore/QMap>
#include <QtCore/QObject>
#include <QtCore/QStringList>

#include <chrono>
#include <memory>
#include <stdexcept>

namespace proxytest {

struct Row
{
    int number = 0;
};

/// Described in the same header: its members are in the proxies of derived classes.
class Base : public QObject
{
    Q_OBJECT
    Q_PROPERTY(int skippedProperty MEMBER m_skipped)

public:
    explicit Base(QObject *parent = nullptr) : QObject(parent) { }
    Q_INVOKABLE virtual int overridden() const { return 1; }
    Q_INVOKABLE int ofBase() const { return 10; }

Q_SIGNALS:
    void baseSignal(int number);

private:
    int m_skipped = 0;
};

class Service : public Base
{
    Q_OBJECT
    Q_PROPERTY(int level READ level WRITE setLevel NOTIFY levelChanged)
    Q_PROPERTY(QString title MEMBER m_title)
    Q_PROPERTY(QString constant MEMBER m_title CONSTANT)
    Q_PROPERTY(Mode mode READ mode WRITE setMode NOTIFY modeChanged)
    Q_PROPERTY(bool finished READ isFinished NOTIFY finished) // a signal of the property's name

public:
    enum class Mode { Slow, Fast };
    Q_ENUM(Mode)

    explicit Service(int level = 0, QObject *parent = nullptr) : Base(parent), m_level(level) { }

    Q_INVOKABLE int add(int a, int b = 100) const { return a + b; }
    Q_INVOKABLE bool isAtHome() const { return QThread::currentThread() == thread(); }
    Q_INVOKABLE QString join(const QStringList &parts, const QString &object) { return parts.join(object); }
    Q_INVOKABLE QMap<QString, QList<int>> table(const QMap<QString, QList<int>> &map, int number)
    {
        QMap<QString, QList<int>> result = map;
        result[QStringLiteral("number")] = {number};
        return result;
    }
    Q_INVOKABLE proxytest::Row nextRow(const Row &row) const { return {row.number + 1}; }
    Q_INVOKABLE std::unique_ptr<int> moveOnly(int number) { return std::make_unique<int>(number); }
    Q_INVOKABLE Mode other(Mode mode) const { return mode == Mode::Slow ? Mode::Fast : Mode::Slow; }
    Q_INVOKABLE int unnamed(int, int) const { return 7; }
    Q_INVOKABLE static int fixed(int n) { return 2 * n; }
    Q_INVOKABLE void fail() { throw std::runtime_error("service"); }

    Q_INVOKABLE Synchronaut::Task<QString> loadLater(const QString &url)
    {
        const bool before = isAtHome();
        co_await Synchronaut::sleepFor(std::chrono::milliseconds(2));
        co_return before && isAtHome() ? url + QStringLiteral(" loaded") : QStringLiteral("elsewhere");
    }
    Q_INVOKABLE Synchronaut::Task<> waitForever()
    {
        ++waiting;
        const std::shared_ptr<void> leaving(nullptr, [this](void *) { --waiting; });
        co_await Synchronaut::sleepFor(std::chrono::hours(1));
    }
    Q_INVOKABLE QFuture<int> countInFuture(int n)
    {
        return Synchronaut::callAny({.forceOffload = true}, [n] { return n + 1; });
    }

    Q_INVOKABLE void local(QString &text) { text.clear(); } // SKIP

    Q_INVOKABLE int overridden() const override { return 2; }

    int level() const { return m_level; }
    Mode mode() const { return m_mode; }
    void setMode(Mode mode)
    {
        m_mode = mode;
        Q_EMIT modeChanged(mode);
    }
    bool isFinished() const { return true; }

    std::atomic<int> waiting{0};

public Q_SLOTS:
    void setLevel(int level)
    {
        m_level = level;
        Q_EMIT levelChanged(level);
    }
    int overloaded(int) { return 1; }
    int overloaded(const QString &) { return 2; }
    void emitAll()
    {
        Q_EMIT finished(QPrivateSignal());
        Q_EMIT named(QStringLiteral("a"), {1, 2});
        Q_EMIT twice(1);
        Q_EMIT twice(QStringLiteral("b"));
        Q_EMIT baseSignal(3);
    }

Q_SIGNALS:
    void levelChanged(int level);
    void modeChanged(Mode mode);
    void finished(QPrivateSignal);
    void named(const QString &name, const QList<int> &numbers);
    void twice(int number);
    void twice(const QString &text);

protected Q_SLOTS:
    void notPublic() { }

private:
    int m_level;
    QString m_title = QStringLiteral("title");
    Mode m_mode = Mode::Slow;
};

} // namespace proxytest

/// Without a namespace, methods or signals.
class Bare : public QObject
{
    Q_OBJECT
};
