// G14: callable and arguments live until the call has finished, and are destroyed exactly once.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>
#include <optional>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

/// Counts the living and tells the dead from the living, however it is copied and moved.
class Traced
{
public:
    Traced() { ++s_alive; }
    Traced(const Traced &other) : m_magic(other.m_magic)
    {
        ++s_alive;
        ++s_copies;
    }
    Traced(Traced &&other) noexcept : m_magic(other.m_magic) { ++s_alive; }
    Traced &operator=(const Traced &) = default;
    ~Traced()
    {
        if (m_magic != living)
            ++s_destroyedTwice;
        m_magic = 0;
        --s_alive;
    }
    bool isAlive() const { return m_magic == living; }

    static void reset() { s_alive = s_copies = s_destroyedTwice = 0; }
    inline static std::atomic<int> s_alive{0};
    inline static std::atomic<int> s_copies{0};
    inline static std::atomic<int> s_destroyedTwice{0};

private:
    static constexpr unsigned living = 0xA11FE;
    volatile unsigned m_magic = living;
};

Task<bool> byReference(const Traced &traced)
{
    bool alive = traced.isAlive();
    for (int i = 0; i < 3; ++i) {
        co_await sleepFor(1ms);
        alive = alive && traced.isAlive();
    }
    co_return alive;
}

Task<QString> echo(const QString &text)
{
    co_await sleepFor(1ms);
    co_return text + text;
}

Task<QString> echoLong(const QString &text, const std::string &more)
{
    co_await sleepFor(1ms);
    co_await yieldNow();
    co_return text + QString::fromStdString(more);
}

struct Echo
{
    Task<QString> echo(const QString &text) const
    {
        co_await sleepFor(1ms);
        co_return text + text;
    }
};

QString longText(int n)
{
    return QStringLiteral("a text that is long enough to be on the heap, number %1").arg(n);
}

/// A gate that a task waits at, so that the test decides when a call ends.
struct Gate
{
    std::atomic<bool> reached{false};
    std::atomic<bool> open{false};

    Task<> pass()
    {
        reached = true;
        while (!open)
            co_await sleepFor(1ms);
    }
    void block()
    {
        reached = true;
        const QDeadlineTimer limit(20s);
        while (!open && !limit.hasExpired())
            QThread::usleep(200);
    }
};

} // namespace

class TestArguments : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { Traced::reset(); }
    void cleanup()
    {
        QVERIFY(eventually([] { return Traced::s_alive.load() == 0; }));
        QCOMPARE(Traced::s_destroyedTwice.load(), 0);
    }

    void g14_coroutineLambdaWithCaptures();
    void g14_coroutineTakingConstReference();
    void g14_stringsByReference();
    void g14_temporaries();
    void g14_convertedArguments();
    void g14_plainArgumentsLiveUntilTheEnd();
    void g14_asyncArgumentsLiveUntilTheEnd();
    void g14_lateResultOfATimedOutPlainCall();
    void g14_canceledTaskDestroysArguments();
    void g14_callsThatNeverStart();
    void g14_lazyCallOwnsCopies();
    void destroyedBeforeTheCallerGoesOn();
    void fewCopies();
    void destroyedOnThrow();
};

void TestArguments::g14_coroutineLambdaWithCaptures()
{
    // the temporaries are gone when the coroutine resumes for the first time
    QVERIFY(callSync([traced = Traced()]() -> Task<bool> {
        co_await sleepFor(1ms);
        co_return traced.isAlive();
    }));
    const QFuture<bool> future = callAny([traced = Traced()]() -> Task<bool> {
        co_await sleepFor(1ms);
        co_return traced.isAlive();
    });
    QVERIFY(finishes(future));
    QVERIFY(future.result());
    QVERIFY(run(callAsync([traced = Traced(), text = longText(1)]() -> Task<bool> {
        co_await sleepFor(1ms);
        co_return traced.isAlive() && text == longText(1);
    })));
    QFuture<QString> fromSlot;
    inSlot([&] {
        fromSlot = callAny([text = longText(2)]() -> Task<QString> {
            co_await sleepFor(1ms);
            co_return text;
        });
    });
    QVERIFY(QTest::qWaitFor([&] { return fromSlot.isFinished(); }, 10000));
    QCOMPARE(fromSlot.result(), longText(2));
}

void TestArguments::g14_coroutineTakingConstReference()
{
    QVERIFY(callSync(byReference, Traced()));
    const QFuture<bool> future = callAny(byReference, Traced());
    QVERIFY(finishes(future));
    QVERIFY(future.result());
    QVERIFY(run(callAsync(byReference, Traced())));
    {
        std::optional<Traced> named(std::in_place);
        Task<bool> task = callAsync(byReference, *named);
        named.reset(); // the call has its copy
        QVERIFY(run(std::move(task)));
    }
}

void TestArguments::g14_stringsByReference()
{
    QList<QFuture<QString>> futures;
    for (int i = 0; i < 50; ++i) {
        const QString local = longText(i);
        futures += callAny(echo, local);
    }
    for (int i = 0; i < 50; ++i) {
        QVERIFY(finishes(futures.at(i)));
        QCOMPARE(futures.at(i).result(), longText(i) + longText(i));
    }
    QCOMPARE(callSync(echoLong, longText(1), std::string(100, 'x')),
             longText(1) + QString(100, QLatin1Char('x')));
}

void TestArguments::g14_temporaries()
{
    const auto body = []() -> Task<QString> {
        const QString first = co_await callAny(echo, longText(1));
        const QString second = co_await callAsync(echo, longText(2));
        co_return first + second;
    };
    QCOMPARE(run(body()), longText(1) + longText(1) + longText(2) + longText(2));
}

void TestArguments::g14_convertedArguments()
{
    // what the conversion to const QString & makes has to live as long as the coroutine, too
    QCOMPARE(callSync(echo, QLatin1String("latin")), QStringLiteral("latinlatin"));
    QCOMPARE(run(callAsync(echo, QLatin1String("latin"))), QStringLiteral("latinlatin"));
    const QFuture<QString> future = callAny(&Echo::echo, Echo(), QLatin1String("latin"));
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), QStringLiteral("latinlatin"));
}

void TestArguments::g14_plainArgumentsLiveUntilTheEnd()
{
    Gate gate;
    std::atomic<bool> alive{false};
    {
        const QFuture<void> future = callAny({.forceOffload = true}, [&](const Traced &traced) {
            gate.block();
            alive = traced.isAlive();
        }, Traced());
        QVERIFY(eventually([&] { return gate.reached.load(); }));
        QVERIFY(Traced::s_alive > 0);
        gate.open = true;
        QVERIFY(finishes(future));
        QCOMPARE(Traced::s_alive.load(), 0); // although the future is still held
    }
    QVERIFY(alive);
}

void TestArguments::g14_asyncArgumentsLiveUntilTheEnd()
{
    Gate gate;
    const auto body = [&gate](const Traced &traced) -> Task<bool> {
        co_await gate.pass();
        co_return traced.isAlive();
    };
    const QFuture<bool> future = callAny(body, Traced());
    QVERIFY(eventually([&] { return gate.reached.load(); }));
    QVERIFY(Traced::s_alive > 0);
    gate.open = true;
    QVERIFY(finishes(future));
    QVERIFY(future.result());
    QCOMPARE(Traced::s_alive.load(), 0); // although the future is still held
}

void TestArguments::g14_lateResultOfATimedOutPlainCall()
{
    Gate gate;
    std::atomic<bool> alive{false};
    std::atomic<bool> ended{false};
    const auto slow = [&](const Traced &traced) {
        gate.block(); // ignores its cancellation
        alive = traced.isAlive();
        ended = true;
    };
    QCOMPARE(thrownBy([&] { callSync({.timeout = timeToBegin}, slow, Traced()); }), "CallTimeout");
    QVERIFY(Traced::s_alive > 0); // the caller is gone, the function still runs
    gate.open = true;
    QVERIFY(eventually([&] { return ended.load(); }));
    QVERIFY(alive);
}

void TestArguments::g14_canceledTaskDestroysArguments()
{
    Gate gate;
    const auto body = [&gate](Traced, const Traced &) -> Task<> { co_await gate.pass(); };
    QFuture<void> future = callAny(body, Traced(), Traced());
    QVERIFY(eventually([&] { return gate.reached.load(); }));
    future.cancel();
    QVERIFY(eventually([] { return Traced::s_alive.load() == 0; }));
    QVERIFY(finishes(future));
}

void TestArguments::g14_callsThatNeverStart()
{
    const auto neverPlain = [](const Traced &) { return 1; };
    QCOMPARE(thrownBy([&] { callSync({.timeout = 0ns}, neverPlain, Traced()); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { callSync({.timeout = 0ns}, byReference, Traced()); }), "CallTimeout");
    QCOMPARE(thrownBy([&] { callAny({.timeout = -1ns}, byReference, Traced()).waitForFinished(); }), "CallError");
    {
        const Task<bool> lazy = callAsync(byReference, Traced());
        QVERIFY(Traced::s_alive > 0);
    }
    QCOMPARE(Traced::s_alive.load(), 0); // dropped without having been awaited
}

void TestArguments::g14_lazyCallOwnsCopies()
{
    auto text = std::make_unique<QString>(longText(3));
    Task<QString> lazy = callAsync(echo, *text);
    text.reset();
    QCOMPARE(run(std::move(lazy)), longText(3) + longText(3));
}

void TestArguments::destroyedBeforeTheCallerGoesOn()
{
    const auto token = std::make_shared<int>(1);
    const auto plain = [](const std::shared_ptr<int> &held) { return *held; };
    const auto async = [](std::shared_ptr<int> held) -> Task<int> {
        co_await yieldNow();
        co_return *held;
    };
    for (int i = 0; i < rounds(200, 30); ++i) {
        QCOMPARE(callSync({.forceOffload = true}, plain, token), 1);
        QCOMPARE(token.use_count(), 1L);
        QCOMPARE(callSync(async, token), 1);
        QCOMPARE(token.use_count(), 1L);
        const QFuture<int> future = callAny({.forceOffload = true}, plain, token);
        QVERIFY(finishes(future));
        QCOMPARE(token.use_count(), 1L);
    }
}

void TestArguments::fewCopies()
{
    // one copy of an lvalue, none of an rvalue
    const Traced named;
    const auto plain = [](const Traced &traced) { return traced.isAlive(); };
    QVERIFY(callSync(plain, named));
    QCOMPARE(Traced::s_copies.exchange(0), 1);
    QVERIFY(callSync({.forceOffload = true}, plain, named));
    QCOMPARE(Traced::s_copies.exchange(0), 1);
    QVERIFY(callSync(byReference, named));
    QCOMPARE(Traced::s_copies.exchange(0), 1);
    QVERIFY(run(callAsync(byReference, named)));
    QCOMPARE(Traced::s_copies.exchange(0), 1);
    QVERIFY(callSync(plain, Traced()) && callSync({.forceOffload = true}, plain, Traced()));
    QVERIFY(callAny(plain, Traced()).result() && run(callAsync(byReference, Traced())));
    QCOMPARE(Traced::s_copies.load(), 0);
}

void TestArguments::destroyedOnThrow()
{
    const auto plain = [](const Traced &) -> int { throw 3; };
    const auto async = [](Traced) -> Task<int> {
        co_await yieldNow();
        throw 4;
    };
    const auto notEvenStarted = [](const Traced &) -> Task<int> { throw 5; };
    QCOMPARE(thrownBy([&] { callSync(plain, Traced()); }), "int 3");
    QCOMPARE(thrownBy([&] { callSync({.forceOffload = true}, plain, Traced()); }), "int 3");
    QCOMPARE(thrownBy([&] { callSync(async, Traced()); }), "int 4");
    QCOMPARE(thrownBy([&] { run(callAsync(async, Traced())); }), "int 4");
    QCOMPARE(thrownBy([&] { callSync(notEvenStarted, Traced()); }), "int 5");
    QCOMPARE(thrownBy([&] { callAny(plain, Traced()).waitForFinished(); }), "int 3");
}

QTEST_GUILESS_MAIN(TestArguments)
#include "tst_arguments.moc"
