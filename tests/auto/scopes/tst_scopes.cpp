// withResource() in tasks: release follows every acquire, with the body's error, before that goes on.
#include "../support/finishedfuture.h"
#include "tracedresource.h"

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

static_assert(AsyncResource<Plain> && AsyncResource<Swallowing> && AsyncResource<AsyncGenerator<int>>);
static_assert(!AsyncResource<int> && !AsyncResource<Generator<int>> && !AsyncResource<Task<int>>);

namespace {

struct MoveOnlyResource
{
    Task<std::unique_ptr<int>> acquire() { co_return std::make_unique<int>(7); }
    Task<> release(std::exception_ptr) { co_return; }
};

struct VoidResource
{
    Task<> acquire()
    {
        ++held;
        co_return;
    }
    Task<> release(std::exception_ptr)
    {
        --held;
        co_return;
    }
    int held = 0;
};

struct alignas(64) Wide
{
    int number = 0;
};
struct WideResource
{
    Task<Wide> acquire() { co_return Wide{.number = 5}; }
    Task<> release(std::exception_ptr) { co_return; }
};

/// Ends may be futures, too.
struct FutureResource
{
    QFuture<int> acquire() { return finishedFuture(3); }
    QFuture<bool> release(std::exception_ptr) { return finishedFuture(true); }
};

Task<int> lengthLater(const QString &name)
{
    co_await sleepFor(1ms);
    co_return int(name.size());
}

Task<> throwLater()
{
    co_await sleepFor(1ms);
    throw std::runtime_error("body");
}

} // namespace

class TestScopes : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void asyncAndPlainBodies();
    void resultsAndValuesOfAllKinds();
    void threadAndContextOfBothEnds();
    void errorReachesReleaseAndGoesOn();
    void releaseSwallows_data();
    void releaseSwallows();
    void releaseReplacesTheError();
    void failingReleaseAfterSuccess();
    void failingAcquireLeavesNothing();
    void nestedScopesUnwindInReverse();
    void failingInnerAcquireReleasesOuter();
    void ownedResourceLivesUntilReleased();
    void namedBodyWithCaptures();
};

void TestScopes::asyncAndPlainBodies()
{
    Footprints trace;
    Plain resource(trace, QStringLiteral("a"));
    QCOMPARE(run(withResource(resource, lengthLater)), 1);
    QCOMPARE(run(withResource(resource, [](const QString &name) { return name + name; })),
             QStringLiteral("aa"));
    QCOMPARE(run(withResource(resource, [] { return 3; })), 3); // does not want the value
    QCOMPARE(trace.lines().size(), 9);
    QCOMPARE(trace.lines().mid(0, 3), (QStringList{QStringLiteral("acquire a"), QStringLiteral("releasing a ()"),
                                                   QStringLiteral("released a")}));
}

void TestScopes::resultsAndValuesOfAllKinds()
{
    const auto taken = run(withResource(MoveOnlyResource(), [](std::unique_ptr<int> &&value) { return std::move(value); }));
    QCOMPARE(*taken, 7);
    const auto byValue = [](std::unique_ptr<int> value) -> Task<std::unique_ptr<int>> {
        co_await sleepFor(1ms);
        co_return std::move(value);
    };
    QCOMPARE(*run(withResource(MoveOnlyResource(), byValue)), 7);
    QCOMPARE(run(withResource(MoveOnlyResource(), [](std::unique_ptr<int> &value) { return *value; })), 7);

    VoidResource none;
    int during = 0;
    run(withResource(none, [&] { during = none.held; }));
    QCOMPARE(during, 1);
    QCOMPARE(none.held, 0);

    QCOMPARE(run(withResource(WideResource(), [](const Wide &wide) {
                 return reinterpret_cast<quintptr>(&wide) % 64 == 0 ? wide.number : -1;
             })),
             5);
    QCOMPARE(run(withResource(FutureResource(), [](int n) { return callAny([n] { return n + 1; }); })), 4);
}

void TestScopes::threadAndContextOfBothEnds()
{
    Footprints trace;
    Plain resource(trace, QStringLiteral("a"));
    QThread *bodyIn = nullptr;
    QString bodyWho;
    const auto body = [&](const QString &) -> Task<> {
        co_await callAsync([] { QThread::msleep(1); }); // away and home again
        bodyIn = QThread::currentThread();
        bodyWho = whoVariable().get();
        whoVariable().set(QStringLiteral("body"));
    };
    run(withResource(resource, body));
    QCOMPARE(resource.acquiredIn, QThread::currentThread());
    QCOMPARE(resource.releasedIn, QThread::currentThread());
    QCOMPARE(bodyIn, QThread::currentThread());
    QCOMPARE(bodyWho, QStringLiteral("a"));
    QCOMPARE(resource.who, QStringLiteral("body"));
    QCOMPARE(whoVariable().get(), QStringLiteral("nobody"));
}

void TestScopes::errorReachesReleaseAndGoesOn()
{
    Footprints trace;
    Plain resource(trace, QStringLiteral("a"));
    const auto fail = [](const QString &) { return throwLater(); };
    QCOMPARE(thrownBy([&] { run(withResource(resource, fail)); }), QByteArray("std::exception: body"));
    QVERIFY(trace.lines().contains(QStringLiteral("releasing a (body)")));
    const auto failPlainly = [](const QString &) -> int { throw 42; };
    QCOMPARE(thrownBy([&] { run(withResource(resource, failPlainly)); }), QByteArray("int 42"));
    QCOMPARE(trace.lines().last(), QStringLiteral("released a"));
}

void TestScopes::releaseSwallows_data()
{
    QTest::addColumn<bool>("swallow");
    QTest::newRow("true") << true;
    QTest::newRow("false") << false;
}

void TestScopes::releaseSwallows()
{
    QFETCH(const bool, swallow);
    Footprints trace;
    Swallowing resource(trace, QStringLiteral("a"));
    resource.swallow = swallow;
    const auto fail = [](const QString &) { return throwLater(); };
    QCOMPARE(thrownBy([&] { run(withResource(resource, fail)); }),
             QByteArray(swallow ? "nothing" : "std::exception: body"));
    // there is nothing to give in place of a value
    const auto failWithValue = [](const QString &) -> int { throw std::runtime_error("body"); };
    QCOMPARE(thrownBy([&] { run(withResource(resource, failWithValue)); }), QByteArray("std::exception: body"));
    QCOMPARE(run(withResource(resource, lengthLater)), 1); // nothing to swallow
}

void TestScopes::releaseReplacesTheError()
{
    Footprints trace;
    Plain resource(trace, QStringLiteral("a"));
    resource.failRelease = true;
    const auto fail = [](const QString &) { return throwLater(); };
    QCOMPARE(thrownBy([&] { run(withResource(resource, fail)); }), QByteArray("std::exception: no release"));
    QVERIFY(trace.lines().contains(QStringLiteral("releasing a (body)")));
}

void TestScopes::failingReleaseAfterSuccess()
{
    Footprints trace;
    Plain resource(trace, QStringLiteral("a"));
    resource.failRelease = true;
    QCOMPARE(thrownBy([&] { run(withResource(resource, lengthLater)); }), QByteArray("std::exception: no release"));
}

void TestScopes::failingAcquireLeavesNothing()
{
    Footprints trace;
    Plain resource(trace, QStringLiteral("a"));
    resource.failAcquire = true;
    bool bodyRan = false;
    const auto body = [&](const QString &) { bodyRan = true; };
    QCOMPARE(thrownBy([&] { run(withResource(resource, body)); }), QByteArray("std::exception: no acquire"));
    QVERIFY(!bodyRan);
    QCOMPARE(trace.lines(), QStringList{QStringLiteral("acquire a")});
}

void TestScopes::nestedScopesUnwindInReverse()
{
    Footprints trace;
    Plain outer(trace, QStringLiteral("a"));
    Plain inner(trace, QStringLiteral("b"));
    const auto fail = [](const QString &) { return throwLater(); };
    const auto body = [&](const QString &) { return withResource(inner, fail); };
    QCOMPARE(thrownBy([&] { run(withResource(outer, body)); }), QByteArray("std::exception: body"));
    QCOMPARE(trace.lines(),
             (QStringList{QStringLiteral("acquire a"), QStringLiteral("acquire b"),
                          QStringLiteral("releasing b (body)"), QStringLiteral("released b"),
                          QStringLiteral("releasing a (body)"), QStringLiteral("released a")}));
}

void TestScopes::failingInnerAcquireReleasesOuter()
{
    Footprints trace;
    Plain outer(trace, QStringLiteral("a"));
    Plain inner(trace, QStringLiteral("b"));
    inner.failAcquire = true;
    const auto body = [&](const QString &) { return withResource(inner, lengthLater); };
    QCOMPARE(thrownBy([&] { run(withResource(outer, body)); }), QByteArray("std::exception: no acquire"));
    QCOMPARE(trace.lines(),
             (QStringList{QStringLiteral("acquire a"), QStringLiteral("acquire b"),
                          QStringLiteral("releasing a (no acquire)"), QStringLiteral("released a")}));
}

void TestScopes::ownedResourceLivesUntilReleased()
{
    Counter counter;
    struct Owned
    {
        explicit Owned(Counter &c) : local(std::make_unique<Local>(c)) { }
        Task<int> acquire() { co_return 1; }
        Task<> release(std::exception_ptr)
        {
            co_await sleepFor(1ms);
            if (!local)
                throw std::runtime_error("moved away");
        }
        std::unique_ptr<Local> local;
    };
    Task<int> task = withResource(Owned(counter), [](int n) { return n; });
    QCOMPARE(counter.gone.load(), 0);
    QCOMPARE(run(std::move(task)), 1);
    QCOMPARE(counter.made.load(), 1);
    QCOMPARE(counter.gone.load(), 1);
}

/// The shape that GCC 12 gets right: captures with destructors in a lambda that has a name.
void TestScopes::namedBodyWithCaptures()
{
    Counter counter;
    Footprints trace;
    Plain resource(trace, QStringLiteral("a"));
    const auto scoped = [&]() -> Task<qsizetype> {
        const auto local = std::make_shared<Local>(counter);
        const QString text = QStringLiteral("captured text that is not short");
        const auto body = [text, local](const QString &name) -> Task<qsizetype> {
            co_await sleepFor(1ms);
            co_return text.size() + name.size();
        };
        co_return co_await withResource(resource, body);
    };
    QCOMPARE(run(scoped()), 32);
    QCOMPARE(counter.gone.load(), 1);
}

QTEST_GUILESS_MAIN(TestScopes)
#include "tst_scopes.moc"
