// parallelMap: what comes out.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <QtCore/QFutureWatcher>
#include <QtCore/QThreadPool>

#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

int twice(int i)
{
    return 2 * i;
}

Task<int> twiceLater(int i)
{
    co_await sleepFor(1ms);
    co_return 2 * i;
}

QFuture<int> twiceInFuture(int i)
{
    return callAny(twiceLater, i);
}

int throwInt(int i)
{
    throw i;
}

Task<int> throwLater(int i)
{
    co_await sleepFor(1ms);
    throw i;
}

std::atomic<int> s_ran{0};

void count()
{
    ++s_ran;
}

Task<> countLater()
{
    co_await yieldNow();
    ++s_ran;
}

template <typename F>
QList<Call<int>> many(int count, F function)
{
    QList<Call<int>> calls;
    for (int i = 0; i < count; ++i)
        calls << call(function, i);
    return calls;
}

QList<int> doubled(int count)
{
    QList<int> expected;
    for (int i = 0; i < count; ++i)
        expected << 2 * i;
    return expected;
}

QList<Call<int>> mixed(int count)
{
    QList<Call<int>> calls;
    for (int i = 0; i < count; ++i) {
        switch (i % 4) {
        case 0:
            calls << call(twice, i);
            break;
        case 1:
            calls << call(twiceLater, i);
            break;
        case 2:
            calls << call(twice, i).within(20s);
            break;
        default:
            calls << call({.timeout = 20s}, twiceInFuture, i);
        }
    }
    return calls;
}

} // namespace

class TestBatches : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void orderOfResults_data();
    void orderOfResults();
    void underARunningLoop();
    void inATask();
    void braces();
    void tuples();
    void voids();
    void moveOnly();
    void empty();
    void firstErrorAsItWasThrown();
    void outcomesOfAll();
    void outcomesOfATuple();
    void oneCallManyTimes();
    void functionsWithPromise();
    void arguments();
    void progress();
    void namesInMessages();
    void badInput();
    void expiredBeforeItStarts();
    void contextsAreApart();
    void g16_droppedErrorIsLogged();
    void resultsAreDestroyedOnce();
};

// Errors whose future is dropped on purpose are no news.
void TestBatches::init()
{
    onUnobservedError([](const UnobservedError &) {});
}

void TestBatches::orderOfResults_data()
{
    QTest::addColumn<int>("count");
    QTest::addColumn<int>("kind");
    QTest::addColumn<int>("limit");
    for (const int count : {1, 2, 7, 64, 511, 512, 513, 2000}) {
        for (const int limit : {0, 1, 3}) {
            QTest::addRow("%d plain, limit %d", count, limit) << count << 0 << limit;
            if (count > 600)
                continue;
            QTest::addRow("%d async, limit %d", count, limit) << count << 1 << limit;
            QTest::addRow("%d mixed, limit %d", count, limit) << count << 2 << limit;
        }
    }
}

void TestBatches::orderOfResults()
{
    QFETCH(const int, count);
    QFETCH(const int, kind);
    QFETCH(const int, limit);
    const QList<Call<int>> calls =
            kind == 0 ? many(count, twice) : kind == 1 ? many(count, twiceLater) : mixed(count);
    BatchOptions options;
    options.maxConcurrency = limit;
    QCOMPARE(parallelMap(calls, options).result(), doubled(count));
}

void TestBatches::underARunningLoop()
{
    QEventLoop loop;
    QFutureWatcher<QList<int>> watcher;
    connect(&watcher, &QFutureWatcherBase::finished, &loop, &QEventLoop::quit);
    QThread *home = nullptr;
    QTimer::singleShot(0, &watcher, [&] {
        QList<Call<int>> calls = mixed(40);
        const auto where = [&home]() -> Task<int> {
            home = QThread::currentThread();
            co_return 80;
        };
        calls << call(where);
        watcher.setFuture(parallelMap(calls));
    });
    loop.exec();
    QCOMPARE(watcher.result(), doubled(41));
    QCOMPARE(home, QThread::currentThread()); // an async function starts where callAny() would
}

void TestBatches::inATask()
{
    const auto task = []() -> Task<QList<int>> {
        const QList<Call<int>> calls = mixed(40);
        co_return co_await parallelMap(calls);
    };
    QCOMPARE(run(task()), doubled(40));
}

void TestBatches::braces()
{
    QCOMPARE(parallelMap({call(twice, 0), call(twiceLater, 1)}).result(), doubled(2));
    QCOMPARE(parallelMap({call(twice, 0), call(throwInt, 1)}, returnExceptions).result().size(), 2);
    QCOMPARE(parallelMap({call(twice, 0), call(twice, 1)}, {.maxConcurrency = 1}).result(),
             doubled(2));
}

void TestBatches::tuples()
{
    const auto greet = [](const QString &name) { return QStringLiteral("Hi ") + name; };
    s_ran = 0;
    const auto [number, text, nothing, later] =
            parallelMap(call(twice, 1), call(greet, QStringLiteral("you")), call(count),
                        call(twiceLater, 2).within(20s))
                    .result();
    QCOMPARE(number, 2);
    QCOMPARE(text, QStringLiteral("Hi you"));
    QCOMPARE(nothing, std::monostate());
    QCOMPARE(s_ran, 1);
    QCOMPARE(later, 4);
}

void TestBatches::voids()
{
    s_ran = 0;
    QFuture<void> done = parallelMap({call(count), call(countLater), call(count).within(20s)});
    done.waitForFinished();
    QCOMPARE(s_ran, 3);

    const auto fail = [] { throw 5; };
    QFuture<void> failed = parallelMap({call(count), call(fail)});
    QCOMPARE(thrownBy([&] { failed.waitForFinished(); }), "int 5");
    const QList<Outcome<void>> outcomes =
            parallelMap({call(count), call(fail)}, returnExceptions).result();
    QVERIFY(outcomes.at(0).hasValue());
    QVERIFY(!outcomes.at(1).hasValue());
}

void TestBatches::moveOnly()
{
    const auto pass = [](std::unique_ptr<int> p) { return p; };
    const auto passLater = [](std::unique_ptr<int> p) -> Task<std::unique_ptr<int>> {
        co_await yieldNow();
        co_return p;
    };
    auto future = parallelMap(call(pass, std::make_unique<int>(1)),
                              call(passLater, std::make_unique<int>(2)));
    const auto [a, b] = future.takeResult();
    QCOMPARE(*a, 1);
    QCOMPARE(*b, 2);

    // what can only be moved serves one start
    const auto value = [](const std::unique_ptr<int> &p) { return *p; };
    const auto once = call(value, std::make_unique<int>(3));
    QCOMPARE(parallelMap({once}).result(), QList<int>{3});
    QCOMPARE(thrownBy([&] { parallelMap({once}).waitForFinished(); }), "CallError");
}

void TestBatches::empty()
{
    QFuture<QList<int>> list = parallelMap(QList<Call<int>>());
    QVERIFY(list.isFinished());
    QCOMPARE(list.result(), QList<int>());
    QVERIFY(parallelMap(QList<Call<int>>(), returnExceptions).result().isEmpty());
    QFuture<void> nothing = parallelMap(QList<Call<void>>());
    QVERIFY(nothing.isFinished());
    nothing.waitForFinished();
    QVERIFY(!nothing.isCanceled());
    BatchOptions options;
    options.maxConcurrency = 2;
    QVERIFY(parallelMap(QList<Call<int>>(), options).isFinished());
}

void TestBatches::firstErrorAsItWasThrown()
{
    for (const int limit : {0, 1}) {
        BatchOptions options;
        options.maxConcurrency = limit;
        QCOMPARE(thrownBy([&] {
                     parallelMap({call(twice, 1), call(throwInt, 7)}, options).waitForFinished();
                 }),
                 "int 7");
        QCOMPARE(thrownBy([&] {
                     parallelMap({call(twice, 1), call(throwLater, 8)}, options).waitForFinished();
                 }),
                 "int 8");
    }
    QCOMPARE(thrownBy([] { parallelMap(call(twice, 1), call(throwInt, 9)).waitForFinished(); }),
             "int 9");
}

void TestBatches::outcomesOfAll()
{
    const auto foreverLater = []() -> Task<int> {
        co_await sleepUntil(QDeadlineTimer(QDeadlineTimer::Forever));
        co_return 0;
    };
    const auto giveUp = []() -> int { throw CallCanceled(QStringLiteral("I would not")); };
    QList<Call<int>> calls;
    calls << call(twice, 1) << call(throwInt, 3) << call(foreverLater).within(5ms)
          << call(throwLater, 4) << call(giveUp) << call(twiceLater, 5);
    for (const int limit : {0, 1, 2}) {
        BatchOptions options;
        options.maxConcurrency = limit;
        const QList<Outcome<int>> outcomes = parallelMap(calls, returnExceptions, options).result();
        QCOMPARE(outcomes.size(), 6);
        QCOMPARE(outcomes.at(0).value(), 2);
        QCOMPARE(thrownBy([&] { static_cast<void>(outcomes.at(1).value()); }), "int 3");
        QVERIFY(outcomes.at(2).isTimeout());
        QVERIFY(!outcomes.at(2).isCanceled());
        QCOMPARE(thrownBy([&] { static_cast<void>(outcomes.at(3).value()); }), "int 4");
        QVERIFY(outcomes.at(4).isCanceled());
        QCOMPARE(outcomes.at(5).value(), 10);
    }
}

void TestBatches::outcomesOfATuple()
{
    const auto [good, bad, late] =
            parallelMap(returnExceptions, call(count), call(throwInt, 3), call(twiceLater, 1))
                    .result();
    static_assert(std::is_same_v<std::remove_const_t<decltype(good)>, Outcome<void>>);
    QVERIFY(good.hasValue());
    QVERIFY(!bad.hasValue());
    QCOMPARE(late.value(), 2);
}

void TestBatches::oneCallManyTimes()
{
    const auto lengthOf = [](QStringList words) { return static_cast<int>(words.takeLast().size()); };
    const auto one = call(lengthOf, QStringList{QStringLiteral("three")});
    const QList<Call<int>> calls(100, one);
    QCOMPARE(parallelMap(calls).result(), QList<int>(100, 5)); // each start has its own copy
    QCOMPARE(parallelMap(calls).result(), QList<int>(100, 5));
    const auto later = call(twiceLater, 4);
    QCOMPARE(parallelMap(later, later.within(20s), later).result(), std::tuple(8, 8, 8));
}

void TestBatches::functionsWithPromise()
{
    const auto several = [](QPromise<int> &promise, int from) {
        promise.addResult(from);
        promise.addResult(from + 1);
    };
    QCOMPARE(parallelMap({call(several, 5), call(twice, 2)}).result(), (QList<int>{5, 4}));
}

void TestBatches::arguments()
{
    // converted when it is stored: an async function may refer to it after its first suspension
    const auto length = [](const QString &text) -> Task<int> {
        co_await yieldNow();
        co_return static_cast<int>(text.size());
    };
    QCOMPARE(parallelMap({call(length, QLatin1String("four")), call(length, QStringLiteral("three"))}).result(),
             (QList<int>{4, 5}));
    int counter = 0;
    const auto increment = [](int &n) { return ++n; };
    QCOMPARE(parallelMap({call(increment, std::ref(counter))}).result(), QList<int>{1});
    QCOMPARE(counter, 1);
}

void TestBatches::progress()
{
    QFuture<QList<int>> done = parallelMap(many(5000, twice));
    done.waitForFinished();
    QCOMPARE(done.progressMinimum(), 0);
    QCOMPARE(done.progressMaximum(), 5000);
    QCOMPARE(done.progressValue(), 5000);

    // half of them wait at a gate
    std::atomic<bool> open{false};
    const auto wait = [&open] {
        while (!open)
            QThread::usleep(100);
        return 0;
    };
    QList<Call<int>> calls = mixed(10);
    for (int i = 0; i < 10; ++i)
        calls << call(wait);
    QFuture<QList<int>> half = parallelMap(calls);
    QCOMPARE(half.progressMaximum(), 20);
    QVERIFY(eventually([&] { return half.progressValue() == 10; }));
    QVERIFY(!half.isFinished());
    open = true;
    half.waitForFinished();
    QCOMPARE(half.progressValue(), 20);
}

void TestBatches::namesInMessages()
{
    const auto texts = [](const Call<int> &slow) {
        try {
            parallelMap({slow}).waitForFinished();
        } catch (const CallTimeout &e) {
            return e.message();
        }
        return QString();
    };
    const auto slowly = []() -> Task<int> {
        co_await sleepFor(20s);
        co_return 0;
    };
    QCOMPARE(texts(call(SYNCHRONAUT_FN(slowly)).within(5ms)),
             QStringLiteral("Function slowly timed out after 0.005s"));
    QCOMPARE(parallelMap({call(SYNCHRONAUT_FN(twice), 1), call(SYNCHRONAUT_FN(twice), 2).within(20s)})
                     .result(),
             (QList<int>{2, 4}));
    CallOptions options;
    options.name = "mine";
    options.timeout = 5ms;
    QCOMPARE(texts(call(options, slowly)), QStringLiteral("Function mine timed out after 0.005s"));
}

void TestBatches::badInput()
{
    int (*const null)(int) = nullptr;
    QCOMPARE(thrownBy([&] { parallelMap({call(null, 1)}).waitForFinished(); }), "CallError");
    const std::function<int()> none;
    QCOMPARE(thrownBy([&] { parallelMap(call(none), call(twice, 1)).waitForFinished(); }), "CallError");

    Call<int> moved = call(throwLater, 1);
    const Call<int> taken = std::move(moved);
    QCOMPARE(thrownBy([&] { parallelMap({moved}).waitForFinished(); }), "CallError");
    QCOMPARE(parallelMap({moved.within(1s), taken}, returnExceptions).result().size(), 2);

    BatchOptions options;
    options.maxConcurrency = -1;
    QCOMPARE(thrownBy([&] { parallelMap({call(twice, 1)}, options).waitForFinished(); }), "CallError");
    QCOMPARE(thrownBy([] { parallelMap({call(twice, 1).within(-1s)}).waitForFinished(); }),
             "CallError");
}

void TestBatches::expiredBeforeItStarts()
{
    s_ran = 0;
    const auto expired = call(count).within(0s);
    const auto expiredLater = call(countLater).within(0s);
    const auto elsewhere =
            call({.timeout = 0s, .executor = QThreadPool::globalInstance()}, count);
    for (const int limit : {0, 1}) {
        BatchOptions options;
        options.maxConcurrency = limit;
        const auto outcomes =
                parallelMap({expired, expiredLater, elsewhere}, returnExceptions, options).result();
        for (const Outcome<void> &outcome : outcomes)
            QVERIFY(outcome.isTimeout());
    }
    QCOMPARE(s_ran, 0);

    // one after the other, each ends when it begins: not deeper and deeper in the stack
    BatchOptions inTurn;
    inTurn.maxConcurrency = 1;
    const QList<Call<void>> many(rounds(50'000, 5'000), elsewhere);
    QCOMPARE(parallelMap(many, returnExceptions, inTurn).result().size(), many.size());
}

void TestBatches::contextsAreApart()
{
    static ContextVar<int> var("var", 0);
    var.set(7);
    const auto change = [](int i) {
        const int found = var.get();
        var.set(i);
        return found;
    };
    const auto changeLater = [](int i) -> Task<int> {
        const int found = var.get();
        var.set(i);
        co_await yieldNow();
        co_return found;
    };
    QList<Call<int>> calls;
    for (int i = 100; i < 200; ++i)
        calls << call(change, i) << call(changeLater, i) << call(change, i).within(20s);
    QCOMPARE(parallelMap(calls).result(), QList<int>(300, 7));
    QCOMPARE(var.get(), 7);
    var.set(0);
}

void TestBatches::g16_droppedErrorIsLogged()
{
    onUnobservedError({}); // the log
    const MessageCapture messages;
    std::atomic<bool> dropped{false};
    const auto fail = [&dropped]() -> int {
        static_cast<void>(eventually([&dropped] { return dropped.load(); }));
        throw 1;
    };
    parallelMap({call(twice, 1), call(fail)});
    parallelMap({call(fail)}, returnExceptions); // an outcome is no error
    dropped = true;
    QVERIFY(eventually([&] { return messages.count(QStringLiteral("parallelMap")) == 1; }));
    QVERIFY(Synchronaut::shutdown(QDeadlineTimer(20s)));
    QCOMPARE(messages.count(QStringLiteral("parallelMap")), 1);
}

void TestBatches::resultsAreDestroyedOnce()
{
    static Counter counter;
    struct Counted
    {
        Counted() { ++counter.made; }
        Counted(const Counted &) { ++counter.made; }
        Counted(Counted &&) noexcept { ++counter.made; }
        ~Counted() { ++counter.gone; }
        Counted &operator=(const Counted &) = default;
        Counted &operator=(Counted &&) noexcept = default;
    };
    const auto make = [](const Counted &) { return Counted(); };
    const auto makeLater = [](Counted) -> Task<Counted> {
        co_await yieldNow();
        co_return Counted();
    };
    const auto fail = [](const Counted &) -> Counted { throw 1; };
    for (int round = 0; round < 20; ++round) {
        QList<Call<Counted>> calls;
        for (int i = 0; i < 30; ++i)
            calls << call(make, Counted()) << call(makeLater, Counted())
                  << call(make, Counted()).within(20s);
        QCOMPARE(parallelMap(calls).result().size(), 90);
        calls << call(fail, Counted());
        parallelMap(calls, returnExceptions).waitForFinished();
        QCOMPARE(thrownBy([&] { parallelMap(calls).waitForFinished(); }), "int 1");
    }
    QVERIFY(eventually([] { return counter.made == counter.gone; }));
}

QTEST_GUILESS_MAIN(TestBatches)
#include "tst_batches.moc"
