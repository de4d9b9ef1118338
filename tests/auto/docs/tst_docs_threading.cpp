// Snippets of src/doc/threading.md.
#include <Synchronaut/Synchronaut>

#include <QtCore/QTimer>
#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

bool slowWork()
{
    QThread::msleep(20);
    return true;
}

Task<bool> asyncWork()
{
    co_await sleepFor(5ms);
    co_return true;
}

//! [threading-home]
Task<bool> staysHome()
{
    QThread *const home = QThread::currentThread();
    co_await callAsync(slowWork); // runs on a pool thread
    co_return QThread::currentThread() == home;
}
//! [threading-home]

class Window : public QObject
{
public:
    QString name() const { return QStringLiteral("main"); }
};

//! [threading-lending]
QString report(Window *window) // on a pool thread
{
    // runs in the window's thread, although that is blocked in callSync()
    return callOnSync(window, &Window::name) + QStringLiteral(" is fine");
}

QString askWorker(Window *window) // in the window's thread
{
    return callSync({.forceOffload = true}, report, window);
}
//! [threading-lending]

//! [threading-pool]
int inner(int n)
{
    return 2 * n;
}

int outer(int n, QThreadPool *pool)
{
    return callSync({.executor = pool}, inner, n); // gives its place in the pool back meanwhile
}

int tenOuterCalls()
{
    QThreadPool pool;
    pool.setMaxThreadCount(2);
    const CallOptions onPool{.executor = &pool};
    QList<QFuture<int>> futures;
    for (int i = 0; i < 10; ++i)
        futures += callAny(onPool, outer, i, &pool);
    int sum = 0;
    for (const QFuture<int> &future : futures)
        sum += future.result();
    return sum;
}
//! [threading-pool]

bool turningTheLoop()
{
    //! [threading-events]
    const bool done = callSync({.waitMode = WaitMode::ProcessEvents}, asyncWork);
    //! [threading-events]
    return done;
}

class Page : public QObject
{
public:
    //! [threading-result]
    void showNow() // a slot that has to have the value before it returns
    {
        m_done = callSync(asyncWork); // not: callAny(asyncWork).result()
    }
    void showLater() // better: the thread stays free
    {
        callAny(asyncWork).then(this, [this](bool done) { m_done = done; });
    }
    //! [threading-result]
    bool isDone() const { return m_done; }

private:
    bool m_done = false;
};

/// Runs \a function in a slot under a running event loop.
template <typename F>
void inSlot(F function)
{
    QEventLoop loop;
    QTimer::singleShot(0, &loop, [&] {
        function();
        loop.quit();
    });
    loop.exec();
}

} // namespace

class tst_DocsThreading : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void home() { QVERIFY(run(staysHome())); }
    void lending()
    {
        Window window;
        QString text;
        inSlot([&] { text = askWorker(&window); });
        QCOMPARE(text, QStringLiteral("main is fine"));
    }
    void pool() { QCOMPARE(tenOuterCalls(), 90); }
    void events()
    {
        bool done = false;
        bool turned = false;
        inSlot([&] {
            QTimer::singleShot(0, this, [&] { turned = true; });
            done = turningTheLoop();
        });
        QVERIFY(done);
        QVERIFY(turned);
    }
    void result()
    {
        Page first;
        inSlot([&] { first.showNow(); });
        QVERIFY(first.isDone());
        Page second;
        inSlot([&] { second.showLater(); });
        QVERIFY(!second.isDone());
        QTRY_VERIFY(second.isDone());
    }
    void callOnOther()
    {
        EventLoopThread loop(QStringLiteral("worker"));
        QObject worker;
        worker.moveToThread(loop.thread());
        //! [threading-callon]
        QFuture<QThread *> thread = callOn(&worker, [] { return QThread::currentThread(); });
        //! [threading-callon]
        QCOMPARE(thread.result(), loop.thread());
        loop.stop(QDeadlineTimer(5000));
    }
    void plainResult()
    {
        bool done = false;
        inSlot([&] {
            //! [threading-plain-result]
            QFuture<bool> future = callAny(slowWork); // a plain function, on the pool
            done = future.result();                   // waits, or runs it here if the pool is busy
            //! [threading-plain-result]
        });
        QVERIFY(done);
    }
};

QTEST_GUILESS_MAIN(tst_DocsThreading)
#include "tst_docs_threading.moc"
