#pragma once

#include <QtCore/QObject>
#include <QtCore/QPointer>
#include <QtQml/QJSValue>
#include <QtQml/qqml.h>

namespace Synchronaut::detail {

class CallRun;

/*!
    A call as an element of a page: what it calls is declared, start() makes the call, and the page binds to what becomes of it.
    One call at a time: start() cancels the one before. All ends, without a word, when the element is destroyed.
*/
class AsyncCallElement : public QObject
{
    Q_OBJECT
    QML_NAMED_ELEMENT(AsyncCall)
    /// The object whose method is called.
    Q_PROPERTY(QObject *target READ target WRITE setTarget NOTIFY targetChanged)
    /// Name of an invokable method or slot.
    Q_PROPERTY(QString method READ method WRITE setMethod NOTIFY methodChanged)
    /// In milliseconds, for each call; negative: none, which is the default.
    Q_PROPERTY(int timeout READ timeout WRITE setTimeout NOTIFY timeoutChanged)
    /// Calls the method on a pool thread: it has to be thread-safe.
    Q_PROPERTY(bool offload READ offload WRITE setOffload NOTIFY offloadChanged)
    /// The result is the list of all results of a future, instead of its first one.
    Q_PROPERTY(bool list READ list WRITE setList NOTIFY listChanged)
    /// From start() to the outcome.
    Q_PROPERTY(bool running READ running NOTIFY runningChanged)
    /// Of the last call that was resolved.
    Q_PROPERTY(QJSValue result READ result NOTIFY resultChanged)
    /// The Error of the last call if that was rejected, else undefined.
    Q_PROPERTY(QJSValue error READ error NOTIFY errorChanged)
    /// 0 to 1; -1 while it is not known.
    Q_PROPERTY(double progress READ progress NOTIFY progressChanged)
    Q_PROPERTY(QString progressText READ progressText NOTIFY progressChanged)

public:
    explicit AsyncCallElement(QObject *parent = nullptr) : QObject(parent) { }
    ~AsyncCallElement() override;

    QObject *target() const { return m_target; }
    void setTarget(QObject *target);
    QString method() const { return m_method; }
    void setMethod(const QString &method);
    int timeout() const { return m_timeout; }
    void setTimeout(int timeout);
    bool offload() const { return m_offload; }
    void setOffload(bool offload);
    bool list() const { return m_list; }
    void setList(bool list);
    bool running() const { return m_running; }
    QJSValue result() const { return m_result; }
    QJSValue error() const { return m_error; }
    double progress() const { return m_progress; }
    QString progressText() const { return m_progressText; }

    // QML has no variadic methods: one for each number of arguments.
    Q_INVOKABLE void start() { begin({}); }
    Q_INVOKABLE void start(const QJSValue &a) { begin({a}); }
    Q_INVOKABLE void start(const QJSValue &a, const QJSValue &b) { begin({a, b}); }
    Q_INVOKABLE void start(const QJSValue &a, const QJSValue &b, const QJSValue &c) { begin({a, b, c}); }
    Q_INVOKABLE void start(const QJSValue &a, const QJSValue &b, const QJSValue &c, const QJSValue &d)
    {
        begin({a, b, c, d});
    }
    Q_INVOKABLE void start(const QJSValue &a, const QJSValue &b, const QJSValue &c, const QJSValue &d, const QJSValue &e)
    {
        begin({a, b, c, d, e});
    }
    /// start() with the items of an array, however many.
    Q_INVOKABLE void startWith(const QJSValue &arguments);
    /// Ends the call: canceled() instead of an outcome. False: none is running.
    Q_INVOKABLE bool cancel();

Q_SIGNALS:
    void resolved(const QJSValue &value);
    void rejected(const QJSValue &error);
    /// By cancel(), not when start() cancels the call before.
    void canceled();
    /// One of the results of a future, as it arrives.
    void itemArrived(const QJSValue &item);

    void targetChanged();
    void methodChanged();
    void timeoutChanged();
    void offloadChanged();
    void listChanged();
    void runningChanged();
    void resultChanged();
    void errorChanged();
    void progressChanged();

private:
    void begin(const QJSValueList &arguments);
    QPointer<CallRun> newRun();
    bool dropRun();
    void setRunning(bool running);
    void setError(const QJSValue &error);
    void setProgress(double progress, const QString &text);

    QPointer<QObject> m_target;
    QString m_method;
    int m_timeout = -1;
    bool m_offload = false;
    bool m_list = false;
    bool m_running = false;
    QJSValue m_result;
    QJSValue m_error;
    double m_progress = -1;
    QString m_progressText;
    QPointer<CallRun> m_run;
};

} // namespace Synchronaut::detail
