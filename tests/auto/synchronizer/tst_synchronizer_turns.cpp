// Thread-affine Synchronizers: one call after the other, on one thread, never one inside another.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

/// Must be used by one call at a time.
class Resource
{
public:
    explicit Resource(std::vector<int> *log) : m_log(log) { }

    int use(int number)
    {
        const Use use(*this);
        m_log->push_back(number);
        return number;
    }
    Task<int> useLater(int number)
    {
        const Use use(*this);
        co_await sleepFor(1ms);
        co_await callAsync([] { QThread::usleep(100); });
        m_log->push_back(number);
        co_return number;
    }
    void useAndAsk(const std::function<void()> &ask)
    {
        const Use use(*this);
        ask();
    }
    Task<> useAndAwait(std::function<Task<>()> ask)
    {
        const Use use(*this);
        co_await ask();
    }
    Task<int> throwLater()
    {
        const Use use(*this);
        co_await sleepFor(1ms);
        throw 5;
    }
    Task<> sleepLong()
    {
        const Use use(*this);
        co_await sleepFor(1h);
    }
    int violations() const { return m_violations; }

private:
    /// Notes who enters while somebody is inside, or on another thread.
    class Use
    {
    public:
        explicit Use(Resource &resource) : m_resource(resource)
        {
            if (m_resource.m_inside++ != 0 || QThread::currentThread() != m_resource.m_thread)
                ++m_resource.m_violations;
        }
        ~Use() { --m_resource.m_inside; }
        Use(const Use &) = delete;
        Use &operator=(const Use &) = delete;

    private:
        Resource &m_resource;
    };

    std::vector<int> *m_log;
    QThread *m_thread = QThread::currentThread();
    int m_inside = 0;
    int m_violations = 0;
};

} // namespace

class TestSynchronizerTurns : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup();
    void firstInFirstOut();
    void asyncMethodsKeepTheirTurn();
    void nothingIsNestedInABlockedCall();
    void nothingIsStolen();
    void onItsOwnThreadACallRunsAtOnce();
    void whatIsCanceledInTheQueueNeverStarts();
    void errorsAndTimeoutsEndATurn();
    void endLetsPlainCallsRun();
    void endCancelsCoroutines();
    void timersGoOnBetweenCalls();

private:
    std::vector<int> m_log;
};

void TestSynchronizerTurns::cleanup()
{
    m_log.clear();
}

void TestSynchronizerTurns::firstInFirstOut()
{
    Synchronizer db("turns", Synchronizer::ThreadAffine);
    const auto resource = db.make<Resource>(&m_log);
    std::vector<QFuture<int>> futures;
    for (int i = 0; i < 300; ++i) {
        futures.push_back(i % 3 == 0 ? resource.call(&Resource::useLater, i)
                                     : resource.call(&Resource::use, i));
    }
    QVERIFY(finishes(futures.back()));
    QCOMPARE(m_log.size(), std::size_t(300));
    QVERIFY(std::is_sorted(m_log.begin(), m_log.end()));
    QCOMPARE(resource.sync(&Resource::violations), 0);
}

void TestSynchronizerTurns::asyncMethodsKeepTheirTurn()
{
    Synchronizer db("turns", Synchronizer::ThreadAffine);
    const auto resource = db.make<Resource>(&m_log);
    const auto other = db.make<Resource>(&m_log); // turns are the Synchronizer's, not the object's
    const auto task = [&](int from) -> Task<> {
        for (int i = 0; i < 20; ++i) {
            co_await resource.async(&Resource::useLater, from + i);
            co_await other.async(&Resource::use, from + i);
        }
    };
    QFuture<void> first = callAny(task, 0);
    QFuture<void> second = callAny(task, 1000);
    for (int i = 0; i < 20; ++i)
        resource.sync(&Resource::useLater, 2000 + i);
    QVERIFY(finishes(first) && finishes(second));
    first.waitForFinished(); // throws what went wrong
    second.waitForFinished();
    QCOMPARE(resource.sync(&Resource::violations), 0);
    QCOMPARE(m_log.size(), std::size_t(100));
}

void TestSynchronizerTurns::nothingIsNestedInABlockedCall()
{
    Synchronizer db("turns", Synchronizer::ThreadAffine);
    const auto resource = db.make<Resource>(&m_log);
    const auto slowly = [] {
        callSync([]() -> Task<> { co_await sleepFor(250ms); }); // longer than a loop's patience
        callSync({.forceOffload = true}, [] { QThread::msleep(1); });
    };
    const QFuture<void> blocked = resource.call(&Resource::useAndAsk, std::function<void()>(slowly));
    QFuture<int> later;
    for (int i = 0; i < 10; ++i)
        later = resource.call(i % 2 ? &Resource::use : &Resource::use, i);
    const QFuture<int> last = resource.call(&Resource::useLater, 10);
    QVERIFY(finishes(last));
    QVERIFY(blocked.isFinished());
    QCOMPARE(resource.sync(&Resource::violations), 0);
}

void TestSynchronizerTurns::nothingIsStolen()
{
    Synchronizer db("turns", Synchronizer::ThreadAffine);
    const auto resource = db.make<Resource>(&m_log);
    for (int i = 0; i < 50; ++i) {
        QFuture<int> future = resource.call(&Resource::use, i);
        QCOMPARE(future.result(), i); // a pool's call might run here
    }
    QCOMPARE(resource.sync(&Resource::violations), 0);
}

void TestSynchronizerTurns::onItsOwnThreadACallRunsAtOnce()
{
    Synchronizer db("turns", Synchronizer::ThreadAffine);
    const auto log = &m_log;
    const auto first = db.make<Resource>(log);
    const auto second = db.make<Resource>(log);
    const auto inside = [&second] {
        if (!second.call(&Resource::use, 1).isFinished() || second.sync(&Resource::use, 2) != 2
            || second.sync(&Resource::useLater, 3) != 3)
            throw 1;
    };
    first.sync(&Resource::useAndAsk, std::function<void()>(inside));
    const auto insideTask = [&second]() -> Task<> {
        co_await second.async(&Resource::use, 4);
        co_await second.async(&Resource::useLater, 5);
    };
    first.sync(&Resource::useAndAwait, std::function<Task<>()>(insideTask));
    QCOMPARE(m_log, (std::vector<int>{1, 2, 3, 4, 5}));
    // from a timer, which no call stands behind
    QObject *const object = new QObject;
    object->moveToThread(db.thread());
    const QFuture<int> fromTimer = callOn(object, [&] { return second.sync(&Resource::useLater, 6); });
    QVERIFY(finishes(fromTimer));
    object->deleteLater();
    QCOMPARE(second.sync(&Resource::violations), 0);
}

void TestSynchronizerTurns::whatIsCanceledInTheQueueNeverStarts()
{
    Synchronizer db("turns", Synchronizer::ThreadAffine);
    const auto resource = db.make<Resource>(&m_log);
    std::atomic<bool> open{false};
    const auto wait = [&open] { eventually([&open] { return open.load(); }); };
    QFuture<void> blocked = resource.call(&Resource::useAndAsk, std::function<void()>(wait));
    QFuture<int> plain = resource.call(&Resource::use, 1);
    QFuture<int> coroutine = resource.call(&Resource::useLater, 2);
    QFuture<int> kept = resource.call(&Resource::use, 3);
    QCOMPARE(thrownBy([&] { resource.sync({.timeout = 5ms}, &Resource::use, 4); }), QByteArray("CallTimeout"));
    QCOMPARE(thrownBy([&] { resource.sync({.timeout = 5ms}, &Resource::useLater, 5); }),
             QByteArray("CallTimeout"));
    plain.cancel();
    coroutine.cancel();
    open = true;
    QVERIFY(finishes(kept));
    QCOMPARE(resource.sync(&Resource::use, 6), 6);
    QCOMPARE(m_log, (std::vector<int>{3, 6}));
}

void TestSynchronizerTurns::errorsAndTimeoutsEndATurn()
{
    Synchronizer db("turns", Synchronizer::ThreadAffine);
    const auto resource = db.make<Resource>(&m_log);
    QCOMPARE(thrownBy([&] { resource.sync(&Resource::throwLater); }), QByteArray("int 5"));
    const std::function<void()> thrower = [] { throw 6; };
    QCOMPARE(thrownBy([&] { resource.sync(&Resource::useAndAsk, thrower); }), QByteArray("int 6"));
    QCOMPARE(thrownBy([&] { resource.sync({.timeout = timeToBegin}, &Resource::sleepLong); }),
             QByteArray("CallTimeout"));
    QFuture<void> canceled = resource.call(&Resource::sleepLong);
    canceled.cancel();
    QCOMPARE(resource.sync(&Resource::use, 1), 1);
    QCOMPARE(resource.sync(&Resource::violations), 0);
}

void TestSynchronizerTurns::endLetsPlainCallsRun()
{
    std::vector<QFuture<int>> futures;
    Synchronized<Resource> resource;
    {
        Synchronizer db("turns", Synchronizer::ThreadAffine);
        resource = db.make<Resource>(&m_log);
        for (int i = 0; i < 200; ++i)
            futures.push_back(resource.call(&Resource::use, i));
    }
    for (int i = 0; i < 200; ++i)
        QCOMPARE(futures[std::size_t(i)].result(), i);
    QCOMPARE(thrownBy([&] { resource.sync(&Resource::use, 1); }), QByteArray("LoopStopped"));
}

void TestSynchronizerTurns::endCancelsCoroutines()
{
    QFuture<void> holds;
    QFuture<void> waits;
    QFuture<int> plain;
    {
        Synchronizer db("turns", Synchronizer::ThreadAffine);
        const auto resource = db.make<Resource>(&m_log);
        holds = resource.call(&Resource::sleepLong);
        waits = resource.call(&Resource::sleepLong);
        plain = resource.call(&Resource::use, 1);
    }
    QCOMPARE(thrownBy([&] { holds.waitForFinished(); }), QByteArray("CallCanceled"));
    QCOMPARE(thrownBy([&] { waits.waitForFinished(); }), QByteArray("CallCanceled"));
    QCOMPARE(plain.result(), 1);
}

void TestSynchronizerTurns::timersGoOnBetweenCalls()
{
    class Ticker : public QObject
    {
    public:
        Ticker()
        {
            connect(&m_timer, &QTimer::timeout, this, [this] { ++m_ticks; });
            m_timer.start(1);
        }
        int ticks() const { return m_ticks; }

    private:
        QTimer m_timer;
        int m_ticks = 0;
    };
    Synchronizer db("turns", Synchronizer::ThreadAffine);
    const auto ticker = db.make<Ticker>();
    QVERIFY(eventually([&ticker] { return ticker.sync(&Ticker::ticks) > 5; }));
}

QTEST_GUILESS_MAIN(TestSynchronizerTurns)
#include "tst_synchronizer_turns.moc"
