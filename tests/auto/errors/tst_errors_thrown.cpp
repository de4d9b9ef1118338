// G15: what user code throws arrives as it was thrown, on every path, and the next call works.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <QtCore/QException>

#include <functional>
#include <stdexcept>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

struct Foreign
{
    int code;
};

class QtError : public QException
{
public:
    explicit QtError(int c) : code(c) { }
    void raise() const override { throw *this; }
    QtError *clone() const override { return new QtError(*this); }
    int code;
};

class Derived : public CallTimeout
{
public:
    Derived() : CallTimeout(QStringLiteral("mine"), {}, 3ms) { }
    void raise() const override { throw *this; }
    Derived *clone() const override { return new Derived(*this); }
};

enum Kind { Int, Struct, QtException, Standard, OwnTimeout, Pointer, KindCount };

[[noreturn]] void throwKind(int kind)
{
    static const char literal[] = "pointer";
    switch (kind) {
    case Int:
        throw 17;
    case Struct:
        throw Foreign{18};
    case QtException:
        throw QtError(19);
    case Standard:
        throw std::out_of_range("twenty");
    case OwnTimeout:
        throw Derived();
    default:
        throw literal;
    }
}

/// What arrived, by its exact type.
QByteArray caught(const std::function<void()> &function)
{
    try {
        function();
    } catch (int n) {
        return "int " + QByteArray::number(n);
    } catch (const Foreign &e) {
        return "Foreign " + QByteArray::number(e.code);
    } catch (const QtError &e) {
        return "QtError " + QByteArray::number(e.code);
    } catch (const std::out_of_range &e) {
        return QByteArray("out_of_range ") + e.what();
    } catch (const Derived &e) {
        return QByteArray("Derived ") + e.what();
    } catch (const char *text) {
        return QByteArray("char ") + text;
    } catch (...) {
        return "something else";
    }
    return "nothing";
}

int plain(int kind)
{
    throwKind(kind);
}

Task<int> atOnce(int kind)
{
    throwKind(kind);
    co_return 0;
}

Task<int> later(int kind)
{
    co_await sleepFor(1ms);
    throwKind(kind);
}

Task<int> notACoroutine(int kind)
{
    throwKind(kind);
}

template <typename T>
T resultInLoop(const QFuture<T> &future)
{
    const QDeadlineTimer limit(20s);
    while (!future.isFinished() && !limit.hasExpired())
        QCoreApplication::processEvents(QEventLoop::AllEvents, 20);
    return future.result();
}

template <typename F>
Task<int> awaitFuture(F function, int kind)
{
    const QFuture<int> future = function(kind);
    co_return co_await future;
}

} // namespace

class TestErrorsThrown : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g15_everyTypeOnEveryPath_data();
    void g15_everyTypeOnEveryPath();
    void g15_poolThreadSurvives();
    void g15_backgroundLoopSurvives();
    void g15_caughtInTheTaskAcrossHops();
    void g15_throwingDestructorOfNothing();
    void g15_throwingMoveOfAResult();
    void g15_throwingCopyOfAnArgument();
};

void TestErrorsThrown::g15_everyTypeOnEveryPath_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<QByteArray>("expected");
    QTest::newRow("int") << int(Int) << QByteArray("int 17");
    QTest::newRow("struct") << int(Struct) << QByteArray("Foreign 18");
    QTest::newRow("QException") << int(QtException) << QByteArray("QtError 19");
    QTest::newRow("std") << int(Standard) << QByteArray("out_of_range twenty");
    QTest::newRow("own timeout") << int(OwnTimeout) << QByteArray("Derived mine");
    QTest::newRow("pointer") << int(Pointer) << QByteArray("char pointer");
}

void TestErrorsThrown::g15_everyTypeOnEveryPath()
{
    QFETCH(const int, kind);
    QFETCH(const QByteArray, expected);
    QObject target;
    LoopThread other;
    const auto any = [](int k) { return callAny(plain, k); };
    const auto pooledAny = [](int k) { return callAny({.forceOffload = true}, plain, k); };
    const auto asyncAny = [](int k) { return callAny(later, k); };

    QCOMPARE(caught([&] { callSync(plain, kind); }), expected);
    QCOMPARE(caught([&] { callSync({.forceOffload = true}, plain, kind); }), expected);
    QCOMPARE(caught([&] { callSync({.timeout = 30s}, plain, kind); }), expected);
    QCOMPARE(caught([&] { callSync(later, kind); }), expected);
    QCOMPARE(caught([&] { callSync(atOnce, kind); }), expected);
    QCOMPARE(caught([&] { callSync(notACoroutine, kind); }), expected);

    QCOMPARE(caught([&] { any(kind).waitForFinished(); }), expected);
    QCOMPARE(caught([&] { pooledAny(kind).waitForFinished(); }), expected);
    QCOMPARE(caught([&] { asyncAny(kind).waitForFinished(); }), expected);
    QCOMPARE(caught([&] { callAny(atOnce, kind).waitForFinished(); }), expected);
    QCOMPARE(caught([&] { callAny(notACoroutine, kind).waitForFinished(); }), expected);
    inSlot([&] { QCOMPARE(caught([&] { resultInLoop(callAny(plain, kind)); }), expected); });
    inSlot([&] { QCOMPARE(caught([&] { resultInLoop(callAny(notACoroutine, kind)); }), expected); });

    QCOMPARE(caught([&] { run(callAsync(plain, kind)); }), expected);
    QCOMPARE(caught([&] { run(callAsync(later, kind)); }), expected);
    QCOMPARE(caught([&] { run(later(kind)); }), expected);
    QCOMPARE(caught([&] { resultInLoop(spawn(later(kind))); }), expected);
    QCOMPARE(caught([&] { run(withTimeout(later(kind), 30s)); }), expected);
    QCOMPARE(caught([&] { run(withTimeout(callAny({.forceOffload = true}, plain, kind), 30s)); }), expected);
    QCOMPARE(caught([&] { run(awaitFuture(any, kind)); }), expected);
    QCOMPARE(caught([&] { run(awaitFuture(pooledAny, kind)); }), expected);
    QCOMPARE(caught([&] { run(awaitFuture(asyncAny, kind)); }), expected);

    QCOMPARE(caught([&] { callOnSync(&target, plain, kind); }), expected);
    QCOMPARE(caught([&] { callOnSync(other.object(), plain, kind); }), expected);
    QCOMPARE(caught([&] { callOnSync(other.object(), later, kind); }), expected);
    QCOMPARE(caught([&] { callOn(other.object(), plain, kind).waitForFinished(); }), expected);
    QCOMPARE(caught([&] { spawnThread(plain, kind).waitForFinished(); }), expected);
    QCOMPARE(caught([&] { synchronaut(plain).sync(kind); }), expected);
    QCOMPARE(caught([&] { Context::capture().run([&] { return plain(kind); }); }), expected);

    // the next calls work
    QCOMPARE(callSync([] { return 1; }), 1);
    QCOMPARE(callSync({.forceOffload = true}, [] { return 2; }), 2);
    QCOMPARE(callSync([]() -> Task<int> { co_return 3; }), 3);
    QCOMPARE(callOnSync(other.object(), [] { return 4; }), 4);
    QVERIFY(!inAsyncContext());
}

void TestErrorsThrown::g15_poolThreadSurvives()
{
    QThreadPool pool;
    pool.setMaxThreadCount(1);
    for (int i = 0; i < 50; ++i) {
        QCOMPARE(caught([&] { callSync({.executor = &pool}, plain, i % KindCount); }).isEmpty(), false);
        QCOMPARE(callSync({.executor = &pool}, [i] { return i; }), i);
    }
    QVERIFY(pool.waitForDone(10000));
}

void TestErrorsThrown::g15_backgroundLoopSurvives()
{
    const QThread *const loop = backgroundLoop().thread();
    for (int i = 0; i < 50; ++i) {
        QCOMPARE(caught([&] { callSync(later, i % KindCount); }) == "nothing", false);
        const auto where = []() -> Task<QThread *> { co_return QThread::currentThread(); };
        QCOMPARE(callSync(where), loop);
    }
}

void TestErrorsThrown::g15_caughtInTheTaskAcrossHops()
{
    const auto body = []() -> Task<int> {
        int sum = 0;
        for (int i = 0; i < 20; ++i) {
            try {
                co_await callAsync(plain, int(Int));
            } catch (int n) {
                sum += n;
            }
            try {
                co_await later(int(Struct));
            } catch (const Foreign &e) {
                sum += e.code;
            }
        }
        co_return sum;
    };
    QCOMPARE(run(body()), 20 * (17 + 18));
    QCOMPARE(callSync(body), 20 * (17 + 18));
}

void TestErrorsThrown::g15_throwingDestructorOfNothing()
{
    // an exception in flight does not keep a scope of ours from restoring what it changed
    ContextVar<int> var("thrown", 1);
    QCOMPARE(caught([&] {
        const ContextVar<int>::Scope scope(var, 2);
        callSync([&] {
            var.set(3);
            throwKind(Int);
        });
    }), QByteArray("int 17"));
    QCOMPARE(var.get(), 1);
}

namespace {

struct ThrowsWhenMoved
{
    explicit ThrowsWhenMoved(int l) : left(l) { }
    ThrowsWhenMoved(const ThrowsWhenMoved &other) : left(other.left) { step(); }
    ThrowsWhenMoved(ThrowsWhenMoved &&other) : left(other.left) { step(); }
    void step()
    {
        if (--left < 0)
            throw 21;
    }
    int left;
};

} // namespace

void TestErrorsThrown::g15_throwingMoveOfAResult()
{
    // wherever the value is being moved when it throws: an error, not an end
    int succeeded = 0;
    for (int moves = 0; moves < 12; ++moves) {
        const auto make = [moves] { return ThrowsWhenMoved(moves); };
        const auto makeAsync = [moves]() -> Task<ThrowsWhenMoved> { co_return ThrowsWhenMoved(moves); };
        const QByteArray pooled = caught([&] { callSync({.forceOffload = true}, make); });
        const QByteArray future = caught([&] { callAny({.forceOffload = true}, make).waitForFinished(); });
        const QByteArray async = caught([&] { callSync(makeAsync); });
        for (const QByteArray &got : {pooled, future, async}) {
            QVERIFY2(got == "int 21" || got == "nothing", got);
            succeeded += got == "nothing" ? 1 : 0;
        }
    }
    QVERIFY(succeeded >= 3); // with enough moves allowed each path gets there
}

void TestErrorsThrown::g15_throwingCopyOfAnArgument()
{
    // thrown where the call is made: nothing has been started
    struct ThrowsWhenCopied
    {
        ThrowsWhenCopied() = default;
        ThrowsWhenCopied(const ThrowsWhenCopied &) { throw 22; }
    };
    const ThrowsWhenCopied argument;
    const auto never = [](const ThrowsWhenCopied &) { return 1; };
    QCOMPARE(caught([&] { callSync(never, argument); }), QByteArray("int 22"));
    QCOMPARE(caught([&] { callSync({.forceOffload = true}, never, argument); }), QByteArray("int 22"));
    QCOMPARE(callSync([] { return 1; }), 1);
}

QTEST_GUILESS_MAIN(TestErrorsThrown)
#include "tst_errors_thrown.moc"
