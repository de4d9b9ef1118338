// Snippets of src/doc/coming-from.md.
#include <Synchronaut/Synchronaut>

#include <QtCore/QTimer>
#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

int slowAdd(int a, int b)
{
    QThread::msleep(2);
    return a + b;
}

Task<int> asyncAdd(int a, int b)
{
    co_await sleepFor(2ms);
    co_return a + b;
}

int never()
{
    while (!isCanceled())
        QThread::msleep(1);
    return 0;
}

class Source : public QObject
{
    Q_OBJECT

public:
    void send(int value) { Q_EMIT changed(value); }

Q_SIGNALS:
    void changed(int value);
};

//! [coming-qcoro]
Task<int> nextValue(Source *source)
{
    const int value = co_await withTimeout(fromSignal(source, &Source::changed), 500ms);
    co_await sleepFor(1ms);
    co_return value + co_await callAsync(slowAdd, 1, 2);
}
//! [coming-qcoro]

class Page : public QObject
{
public:
    //! [coming-qtpromise]
    Task<> show()
    {
        QString shown;
        try {
            const auto sums = co_await withTimeout(whenAll(callAsync(slowAdd, 1, 2), asyncAdd(3, 4)), 2s);
            shown = QString::number(std::get<0>(sums) + std::get<1>(sums)); // then
        } catch (const CallTimeout &e) {
            shown = e.message(); // fail
        }
        setText(shown); // finally
    }
    //! [coming-qtpromise]

    void setText(const QString &t) { text = t; }
    QString text;
};

//! [coming-python]
const auto decorated = synchronaut(SYNCHRONAUT_FN(asyncAdd), {.timeout = 1s}); // @synchronaut(timeout=1.0)

int fromSyncCode()
{
    return decorated.sync(9, 10); // blocks
}

Task<int> fromAsyncCode()
{
    const int offloaded = co_await callAsync(slowAdd, 5, 6); // a plain function, on the pool
    co_return offloaded + co_await decorated.async(7, 8);
}
//! [coming-python]

//! [coming-generator]
AsyncGenerator<int> countTo(int n)
{
    for (int i = 1; i <= n; ++i) {
        co_await sleepFor(1ms);
        co_yield i;
    }
}

int sumInSyncCode()
{
    int sum = 0;
    for (int i : callSync(countTo, 3)) // the coroutine runs on the background loop
        sum += i;
    return sum;
}
//! [coming-generator]

class Connection
{
public:
    explicit Connection(QString url) : m_url(std::move(url)) { }
    Task<QString> query(QString sql)
    {
        co_await sleepFor(1ms);
        co_return m_url + sql;
    }

private:
    QString m_url;
};

QString synchronized()
{
    //! [coming-synchronicity]
    Synchronizer synchronizer("db");
    const auto db = synchronizer.make<Connection>(QStringLiteral("tcp://localhost:1234/"));
    QString blocking = db.sync(&Connection::query, QStringLiteral("a"));           // conn.query('a')
    QFuture<QString> future = db.call(&Connection::query, QStringLiteral("b"));    // conn.query('b', _future=True)
    //! [coming-synchronicity]
    return blocking + future.result();
}

} // namespace

class tst_DocsComingFrom : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void qcoro()
    {
        Source source;
        QTimer::singleShot(5ms, &source, [&source] { source.send(4); });
        QCOMPARE(run(nextValue(&source)), 7);
    }
    void concurrent()
    {
        //! [coming-concurrent]
        QFuture<int> future = callAny({.forceOffload = true}, slowAdd, 1, 2); // QtConcurrent::run(slowAdd, 1, 2)
        QFuture<QList<int>> all = parallelMap({call(slowAdd, 1, 2), call(slowAdd, 3, 4).within(2s)});
        //! [coming-concurrent]
        QCOMPARE(future.result(), 3);
        QCOMPARE(all.result(), (QList<int>{3, 7}));
    }
    void qtPromise()
    {
        Page page;
        run(page.show());
        QCOMPARE(page.text, QStringLiteral("10"));
    }
    void python()
    {
        QCOMPARE(fromSyncCode(), 19);
        QCOMPARE(run(fromAsyncCode()), 26);
        QCOMPARE(decorated(1, 2).result(), 3);
        QCOMPARE(sumInSyncCode(), 6);
        QCOMPARE(synchronized(), QStringLiteral("tcp://localhost:1234/atcp://localhost:1234/b"));
    }
    void batch()
    {
        const int one = 1;
        //! [coming-batch]
        const auto [sum, stuck] = parallelMap(returnExceptions,                 // return_exceptions=True
                                              call(slowAdd, one, 2).within(1s), // (slow_add, (one, 2), {}, 1.0)
                                              call(never).within(10ms))         // (never, (), {}, 0.01)
                                          .result();
        const bool asExpected = sum.value() == 3 && stuck.isTimeout();
        //! [coming-batch]
        QVERIFY(asExpected);
    }
};

QTEST_GUILESS_MAIN(tst_DocsComingFrom)
#include "tst_docs_comingfrom.moc"
