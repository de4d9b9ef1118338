// Snippets of src/doc/calls.md.
#include <Synchronaut/Synchronaut>

#include <QtCore/QPointer>
#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

//! [calls-functions]
int slowAdd(int a, int b) // a plain function: returns a value, may block
{
    QThread::msleep(5);
    return a + b;
}

Task<int> asyncAdd(int a, int b) // an async function: returns something that can be awaited
{
    co_await sleepFor(5ms);
    co_return a + b;
}
//! [calls-functions]

//! [calls-async]
Task<int> total()
{
    const int first = co_await callAsync(slowAdd, 1, 2);  // on a pool thread
    const int second = co_await callAsync(asyncAdd, 3, 4); // on this coroutine's own loop
    const int third = co_await asyncAdd(5, 6);             // the same, without a verb
    co_return first + second + third;
}
//! [calls-async]

//! [calls-decorator]
const auto add = synchronaut(SYNCHRONAUT_FN(asyncAdd), {.timeout = 1s});

//! [calls-decorator]

Task<int> decorated()
{
    //! [calls-decorator]
    QFuture<int> future = add(1, 2);        // callAny
    int value = add.sync(1, 2);             // callSync
    int awaited = co_await add.async(1, 2); // callAsync
    //! [calls-decorator]
    co_return co_await future + value + awaited;
}

//! [calls-promise]
void squares(QPromise<int> &promise, int count)
{
    promise.setProgressRange(0, count);
    for (int i = 0; i < count && !promise.isCanceled(); ++i) {
        promise.addResult(i * i);
        promise.setProgressValue(i + 1);
    }
}
//! [calls-promise]

//! [calls-progress]
Task<int> sumUpTo(int count)
{
    setProgressRange(0, count);
    int sum = 0;
    for (int i = 1; i <= count; ++i) {
        sum += i;
        setProgress(i, QStringLiteral("adding"));
        co_await yieldNow();
    }
    co_return sum;
}
//! [calls-progress]

class Shop
{
public:
    int price(int article) const { return 10 * article; }
};

QFuture<int> offloaded(QThreadPool &pool)
{
    //! [calls-options]
    QFuture<int> sum = callAny({.timeout = 500ms, .executor = &pool, .name = "slowAdd"}, slowAdd, 1, 2);
    //! [calls-options]
    return sum;
}

} // namespace

class tst_DocsCalls : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void any()
    {
        //! [calls-any]
        QFuture<int> a = callAny(slowAdd, 1, 2);  // no loop runs here: called directly, has finished
        QFuture<int> b = callAny(asyncAdd, 3, 4); // started on the background loop
        const int sum = a.result() + b.result();
        //! [calls-any]
        QCOMPARE(sum, 10);
    }
    void sync()
    {
        //! [calls-sync]
        const int a = callSync(slowAdd, 1, 2);  // a function call, no more
        const int b = callSync(asyncAdd, 3, 4); // runs on the background loop; this thread sleeps
        //! [calls-sync]
        QCOMPARE(a + b, 10);
    }
    void async() { QCOMPARE(run(total()), 3 + 7 + 11); }
    void options()
    {
        QThreadPool pool;
        QCOMPARE(offloaded(pool).result(), 3);
    }
    void decorator() { QCOMPARE(run(decorated()), 9); }
    void member()
    {
        Shop shop;
        //! [calls-member]
        const auto price = synchronaut(&Shop::price);
        const int costs = price.sync(&shop, 7);                    // a pointer: the object is not copied
        const int same = callAny(&Shop::price, &shop, 7).result();
        //! [calls-member]
        QCOMPARE(costs, 70);
        QCOMPARE(same, 70);
    }
    void reference()
    {
        //! [calls-reference]
        int counter = 0;
        const auto increment = [](int &n) { ++n; };
        callSync(increment, std::ref(counter)); // without std::ref it would not compile
        //! [calls-reference]
        QCOMPARE(counter, 1);
    }
    void promise()
    {
        const QFuture<int> future = callAny(squares, 4);
        QCOMPARE(future.results(), (QList<int>{0, 1, 4, 9}));
        QCOMPARE(future.progressValue(), 4);
        QCOMPARE(callSync(squares, 4), 0);
    }
    void progress()
    {
        QFuture<int> future = callAny(sumUpTo, 10);
        QCOMPARE(future.result(), 55);
        QCOMPARE(future.progressMaximum(), 10);
    }
    void error()
    {
        QStringList printed;
        const auto print = [&printed](const QString &text) { printed += text; };
        //! [calls-error]
        try {
            callSync({.timeout = 1ms}, SYNCHRONAUT_FN(slowAdd), 1, 2);
        } catch (const CallTimeout &e) {
            print(e.message());                           // Function slowAdd timed out after 0.001s
            print(QString::fromUtf8(e.where().file_name())); // this file; e.where().line() is the line
        }
        //! [calls-error]
        QCOMPARE(printed.value(0), QStringLiteral("Function slowAdd timed out after 0.001s"));
        QCOMPARE(printed.value(1), QStringLiteral(__FILE__));
    }
    void badInput()
    {
        bool caught = false;
        //! [calls-bad]
        int (*nothing)(int, int) = nullptr;
        try {
            callSync(nothing, 1, 2);
        } catch (const CallError &) { // "Synchronaut cannot call ...: the function is null ..."
            caught = true;
        }
        QFuture<int> future = callAny(nothing, 1, 2); // does not throw: the error is in the future
        //! [calls-bad]
        QVERIFY(caught);
        QVERIFY_THROWS_EXCEPTION(CallError, future.result());
    }
    void modeScope()
    {
        //! [calls-mode]
        QFuture<int> sum;
        {
            const CallModeScope scope(CallMode::Async); // as if an event loop ran here
            sum = callAny(slowAdd, 1, 2);               // so: offloaded to the pool
        }
        //! [calls-mode]
        QCOMPARE(sum.result(), 3);
    }
};

QTEST_GUILESS_MAIN(tst_DocsCalls)
#include "tst_docs_calls.moc"
