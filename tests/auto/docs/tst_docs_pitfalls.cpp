// Snippets of src/doc/pitfalls.md.
#include <Synchronaut/Synchronaut>

#include <QtCore/QTimer>
#include <QtTest/QTest>

#include <mutex>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

int load(int id)
{
    QThread::msleep(2);
    return 2 * id;
}

struct Refused
{
};

int refuse()
{
    QThread::msleep(2);
    throw Refused();
}

class Window : public QObject
{
public:
    //! [pitfalls-gui]
    void refresh() // a slot
    {
        callAny(load, 1).then(this, [this](int value) { show(value); }); // the window paints meanwhile
    }
    //! [pitfalls-gui]

    //! [pitfalls-affinity]
    Task<> refreshLater()
    {
        const int value = co_await callAsync(load, 2); // on a pool thread: touches no window
        show(value);                                   // at home again
    }
    //! [pitfalls-affinity]

    //! [pitfalls-owner]
    Task<> reload() // spawned with the window as owner
    {
        setBusy(true);
        const auto idle = qScopeGuard([window = QPointer<Window>(this)] {
            if (window) // null when it is the window's death that ends the coroutine
                window->setBusy(false);
        });
        show(co_await callAsync(load, 4));
    }
    //! [pitfalls-owner]

    void setBusy(bool on) { busy = on; }
    void show(int value)
    {
        QVERIFY(thread() == QThread::currentThread());
        shown = value;
    }

    int shown = 0;
    bool busy = false;
};

//! [pitfalls-callon]
void loadAndTell(Window *window) // on a pool thread; the window must outlive the call to callOn
{
    const int value = load(3);
    callOn(window, &Window::show, value); // shown in the window's thread
}
//! [pitfalls-callon]

//! [pitfalls-parameters]
Task<int> lengthLater(QString text) // by value: text lives in the coroutine
{
    co_await sleepFor(1ms);
    co_return int(text.size());
}
//! [pitfalls-parameters]

//! [pitfalls-lambda]
QFuture<int> sizeLater(QString text)
{
    const auto work = [text]() -> Task<int> { // captures belong to the lambda, not to its coroutine
        co_await sleepFor(1ms);
        co_return int(text.size());
    };
    return callAny(work); // keeps a copy of the lambda until the call has finished; spawn(work()) would not
}
//! [pitfalls-lambda]

std::mutex s_lock;
int s_value = 0;

//! [pitfalls-lock]
Task<> add(int amount)
{
    co_await sleepFor(1ms);
    {
        const std::lock_guard lock(s_lock);
        s_value += amount;
    } // let go of before the next await
    co_await sleepFor(1ms);
}
//! [pitfalls-lock]

} // namespace

class tst_DocsPitfalls : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void gui()
    {
        Window window;
        int shownAtOnce = -1;
        QEventLoop loop;
        QTimer::singleShot(0, &loop, [&] {
            window.refresh();
            shownAtOnce = window.shown;
            loop.quit();
        });
        loop.exec();
        QTRY_COMPARE(window.shown, 2);
        QCOMPARE(shownAtOnce, 0);
    }
    void affinity()
    {
        Window window;
        run(window.refreshLater());
        QCOMPARE(window.shown, 4);
        QFuture<void> told = callAny({.forceOffload = true}, loadAndTell, &window);
        QTRY_COMPARE(window.shown, 6);
        told.waitForFinished();
    }
    void owner()
    {
        auto window = std::make_unique<Window>();
        spawn(window.get(), window->reload());
        QVERIFY(window->busy);
        QTRY_VERIFY(!window->busy);
        QCOMPARE(window->shown, 8);
        QFuture<void> work = spawn(window.get(), window->reload());
        window.reset();
        QVERIFY_THROWS_EXCEPTION(CallCanceled, work.waitForFinished());
    }
    void result()
    {
        bool caught = false;
        //! [pitfalls-result]
        QFuture<int> future = callAny({.forceOffload = true}, refuse);
        try {
            future.waitForFinished(); // throws what the call threw
            use(future.result());
        } catch (const Refused &) {
            caught = true;
        }
        //! [pitfalls-result]
        QVERIFY(caught);
    }
    void parameters()
    {
        QCOMPARE(callSync(lengthLater, QStringLiteral("four")), 4);
        QCOMPARE(sizeLater(QStringLiteral("seven!!")).result(), 7);
    }
    void locked()
    {
        callSync(add, 4);
        QCOMPARE(s_value, 4);
    }

private:
    static void use(int) { }
};

QTEST_GUILESS_MAIN(tst_DocsPitfalls)
#include "tst_docs_pitfalls.moc"
