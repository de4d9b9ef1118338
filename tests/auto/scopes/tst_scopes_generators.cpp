// Resources written as generators: one co_yield, acquire before it, release after it.
#include "tracedresource.h"

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

enum class OnError { GoOn, Swallow, Replace };

AsyncGenerator<QString> traced(Footprints &trace, OnError onError = OnError::GoOn)
{
    trace.add(QStringLiteral("acquire"));
    co_await sleepFor(1ms);
    QString told;
    std::exception_ptr error;
    try {
        co_yield QStringLiteral("value");
    } catch (...) {
        error = std::current_exception();
        told = textOf(error);
    }
    trace.add(QStringLiteral("releasing (%1)").arg(told));
    co_await sleepFor(1ms);
    trace.add(QStringLiteral("released"));
    if (error && onError == OnError::Replace)
        throw std::runtime_error("replaced");
    if (error && onError == OnError::GoOn)
        std::rethrow_exception(error);
}

AsyncGenerator<int> neverYields(bool throws)
{
    co_await sleepFor(1ms);
    if (throws)
        throw std::runtime_error("no acquire");
    for (int i = 0; i < 0; ++i)
        co_yield int(i);
}

/// Yields again, whether the body has failed or not; counts what it cleans up.
AsyncGenerator<int> yieldsTwice(Counter &counter)
{
    const Local local(counter);
    try {
        co_yield 1;
    } catch (const std::runtime_error &) {
    }
    co_yield 2;
}

AsyncGenerator<int> parameterOf(std::shared_ptr<QThread *> diesIn)
{
    struct Watch
    {
        explicit Watch(std::shared_ptr<QThread *> w) : where(std::move(w)) { }
        ~Watch() { *where = QThread::currentThread(); }
        std::shared_ptr<QThread *> where;
    };
    const Watch watch(std::move(diesIn));
    co_yield 1;
}

/// Its argument lives in the frame and dies with it, not with its locals.
AsyncGenerator<int> withArgument(std::shared_ptr<int> argument)
{
    co_yield int(*argument);
}

int failing(const QString &)
{
    throw std::runtime_error("body");
}

const QStringList quiet{QStringLiteral("acquire"), QStringLiteral("releasing ()"), QStringLiteral("released")};
const QStringList failed{QStringLiteral("acquire"), QStringLiteral("releasing (body)"), QStringLiteral("released")};

} // namespace

class TestScopesGenerators : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void bothEndsRun();
    void errorsIntoAndOutOfTheGenerator_data();
    void errorsIntoAndOutOfTheGenerator();
    void neverYieldingIsAnError();
    void yieldingTwiceIsAnErrorAndClosed_data();
    void yieldingTwiceIsAnErrorAndClosed();
    void cancellationRunsTheSecondHalf();
    void nested();
    void syncScopeRunsBothHalvesOnTheLoop();
    void syncErrors();
    void generatorDiesWhereItHasRun();
};

void TestScopesGenerators::bothEndsRun()
{
    Footprints trace;
    QCOMPARE(run(withResource(traced(trace), [](const QString &value) { return value; })), QStringLiteral("value"));
    QCOMPARE(trace.lines(), quiet);
    AsyncGenerator<QString> kept = traced(trace);
    QCOMPARE(run(withResource(kept, [](const QString &value) { return value; })), QStringLiteral("value"));
    QCOMPARE(trace.lines(), quiet + quiet);
    // it is used up
    QCOMPARE(thrownBy([&] { run(withResource(kept, [] {})); }), QByteArray("CallError"));
}

void TestScopesGenerators::errorsIntoAndOutOfTheGenerator_data()
{
    QTest::addColumn<int>("onError");
    QTest::addColumn<QByteArray>("ofVoid");
    QTest::addColumn<QByteArray>("ofValue");
    QTest::newRow("goes on") << int(OnError::GoOn) << QByteArray("std::exception: body")
                             << QByteArray("std::exception: body");
    QTest::newRow("swallowed") << int(OnError::Swallow) << QByteArray("nothing")
                               << QByteArray("std::exception: body");
    QTest::newRow("replaced") << int(OnError::Replace) << QByteArray("std::exception: replaced")
                              << QByteArray("std::exception: replaced");
}

void TestScopesGenerators::errorsIntoAndOutOfTheGenerator()
{
    QFETCH(const int, onError);
    QFETCH(const QByteArray, ofVoid);
    QFETCH(const QByteArray, ofValue);
    Footprints trace;
    const auto failVoid = [](const QString &value) { failing(value); };
    QCOMPARE(thrownBy([&] { run(withResource(traced(trace, OnError(onError)), failVoid)); }), ofVoid);
    QCOMPARE(trace.lines(), failed);
    QCOMPARE(thrownBy([&] { run(withResource(traced(trace, OnError(onError)), failing)); }), ofValue);
    QCOMPARE(thrownBy([&] { withResourceSync(traced(trace, OnError(onError)), failVoid); }), ofVoid);
    QCOMPARE(trace.lines(), failed + failed + failed);
}

void TestScopesGenerators::neverYieldingIsAnError()
{
    bool ran = false;
    const auto body = [&](int) { ran = true; };
    QCOMPARE(thrownBy([&] { run(withResource(neverYields(false), body)); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([&] { run(withResource(AsyncGenerator<int>(), body)); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([&] { run(withResource(neverYields(true), body)); }), QByteArray("std::exception: no acquire"));
    QCOMPARE(thrownBy([&] { withResourceSync(neverYields(false), body); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([&] { ScopedResource<AsyncGenerator<int>> scope(neverYields(true)); }),
             QByteArray("std::exception: no acquire"));
    QVERIFY(!ran);
}

void TestScopesGenerators::yieldingTwiceIsAnErrorAndClosed_data()
{
    QTest::addColumn<bool>("fails");
    QTest::newRow("after success") << false;
    QTest::newRow("after an error") << true;
}

void TestScopesGenerators::yieldingTwiceIsAnErrorAndClosed()
{
    QFETCH(const bool, fails);
    Counter counter;
    const auto body = [&](int) {
        if (fails)
            throw std::runtime_error("body");
    };
    AsyncGenerator<int> kept = yieldsTwice(counter);
    QCOMPARE(thrownBy([&] { run(withResource(kept, body)); }), QByteArray("CallError"));
    QCOMPARE(counter.gone.load(), 1);
    QCOMPARE(thrownBy([&] { withResourceSync(yieldsTwice(counter), body); }), QByteArray("CallError"));
    QCOMPARE(counter.gone.load(), 2);
}

void TestScopesGenerators::cancellationRunsTheSecondHalf()
{
    Footprints trace;
    bool inBody = false;
    const auto body = [&](const QString &) -> Task<> {
        inBody = true;
        co_await sleepFor(1h);
    };
    QFuture<void> future = spawn(withResource(traced(trace), body));
    QTRY_VERIFY(inBody);
    future.cancel();
    QTRY_COMPARE(trace.lines(), (QStringList{QStringLiteral("acquire"), QStringLiteral("releasing (CallCanceled)"),
                                             QStringLiteral("released")}));
}

void TestScopesGenerators::nested()
{
    Footprints trace;
    const auto inner = [&](const QString &) { return withResource(traced(trace), failing); };
    QCOMPARE(thrownBy([&] { run(withResource(traced(trace), inner)); }), QByteArray("std::exception: body"));
    QCOMPARE(trace.lines(), QStringList{QStringLiteral("acquire")} + failed + failed.mid(1));
}

void TestScopesGenerators::syncScopeRunsBothHalvesOnTheLoop()
{
    Footprints trace;
    {
        ScopedResource<AsyncGenerator<QString>> scope(traced(trace));
        QCOMPARE(*scope, QStringLiteral("value"));
        QCOMPARE(scope->size(), 5);
        QCOMPARE(trace.lines().size(), 1);
    }
    QCOMPARE(trace.lines(), quiet);
    QCOMPARE(withResourceSync(traced(trace), [](const QString &value) -> Task<int> { co_return int(value.size()); }), 5);
    QCOMPARE(trace.lines(), quiet + quiet);
}

void TestScopesGenerators::syncErrors()
{
    Footprints trace;
    AsyncGenerator<QString> swallowing = traced(trace, OnError::Swallow);
    ScopedResource<AsyncGenerator<QString>> scope(swallowing);
    QVERIFY(scope.release(std::make_exception_ptr(std::runtime_error("body"))));
    QCOMPARE(trace.lines(), failed);
    QVERIFY(!scope.release()); // once
    QCOMPARE(trace.lines(), failed);
}

void TestScopesGenerators::generatorDiesWhereItHasRun()
{
    const auto diesIn = std::make_shared<QThread *>(nullptr);
    QThread *bodyIn = nullptr;
    withResourceSync(parameterOf(diesIn), [&](int) { bodyIn = QThread::currentThread(); });
    QCOMPARE(bodyIn, QThread::currentThread());
    QCOMPARE(*diesIn, backgroundLoop().thread());

    *diesIn = nullptr;
    const auto argument = [&] {
        return std::shared_ptr<int>(new int(4), [diesIn](const int *number) {
            *diesIn = QThread::currentThread();
            delete number;
        });
    };
    {
        ScopedResource<AsyncGenerator<int>> scope(withArgument(argument()));
        QCOMPARE(*scope, 4);
    }
    QCOMPARE(*diesIn, backgroundLoop().thread());
}

QTEST_GUILESS_MAIN(TestScopesGenerators)
#include "tst_scopes_generators.moc"
