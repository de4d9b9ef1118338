// The end of Synchronizers, handles and objects, while calls are pending.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>
#include <optional>
#include <vector>

#ifdef Q_OS_UNIX
#  include <sys/wait.h>
#  include <unistd.h>
#endif

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

QThread *here()
{
    return QThread::currentThread();
}

/// Notes its end: number, and whether it was on the thread where it was made.
class Tracked
{
public:
    Tracked(std::vector<int> *ends, int number) : m_ends(ends), m_number(number) { }
    ~Tracked() { m_ends->push_back(here() == m_thread ? m_number : -m_number); }
    Tracked(const Tracked &) = delete;
    Tracked &operator=(const Tracked &) = delete;

    int number() const { return m_number; }
    int numberSlowly() const
    {
        QThread::msleep(5);
        return m_number;
    }
    Task<int> numberLater() const
    {
        co_await sleepFor(5ms);
        co_return m_number;
    }
    Task<> never() const
    {
        struct Note
        {
            ~Note() { self->m_ends->push_back(1000 + self->m_number); } // uses the object
            const Tracked *self;
        };
        const Note note{this};
        co_await sleepFor(1h);
    }

private:
    std::vector<int> *m_ends;
    int m_number;
    QThread *m_thread = here();
};

/// Calls another object in its destructor.
class LastWords
{
public:
    explicit LastWords(Synchronized<Tracked> tracked, QByteArray *heard)
        : m_tracked(std::move(tracked)), m_heard(heard)
    {
    }
    ~LastWords()
    {
        *m_heard = thrownBy([this] { m_tracked.sync(&Tracked::number); });
    }
    LastWords(const LastWords &) = delete;
    LastWords &operator=(const LastWords &) = delete;

private:
    Synchronized<Tracked> m_tracked;
    QByteArray *m_heard;
};

} // namespace

class TestSynchronizerLifetime : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup();
    void objectsEndInReverseOnTheirThread();
    void theLastHandleEndsTheObject();
    void pendingCallsKeepTheObject();
    void endLetsPlainCallsRun();
    void endCancelsCoroutinesBeforeTheirObject();
    void lateCallsGetLoopStopped();
    void endServesCallsToTheWaitingThread_data();
    void endServesCallsToTheWaitingThread();
    void endOnItsOwnThread_data();
    void endOnItsOwnThread();
    void destructorsThatCallGetLoopStopped();
    void destructorsThatCallOnALivingLoop();
    void handlesOfEachOtherLeakNothing();
    void g10_shutdownReachesCalls();
    void g19_manyRoundsLeaveNothingBehind();
    void g20_aForkedChildGetsAnError();
    void lazyCallsNeverAwaited();

private:
    std::vector<int> m_ends;
};

void TestSynchronizerLifetime::cleanup()
{
    m_ends.clear();
}

void TestSynchronizerLifetime::objectsEndInReverseOnTheirThread()
{
    std::vector<Synchronized<Tracked>> handles;
    {
        Synchronizer io("reverse");
        for (int i = 1; i <= 4; ++i)
            handles.push_back(io.make<Tracked>(&m_ends, i));
        handles.erase(handles.begin() + 1);
        io.wrap([] {}).sync(); // behind the end of the second
    }
    QCOMPARE(m_ends, (std::vector<int>{2, 4, 3, 1}));
}

void TestSynchronizerLifetime::theLastHandleEndsTheObject()
{
    Synchronizer io("last");
    auto handle = io.make<Tracked>(&m_ends, 1);
    auto copy = handle;
    auto moved = std::move(handle);
    QVERIFY(handle.isNull());
    copy = {};
    io.wrap([] {}).sync();
    QVERIFY(m_ends.empty());
    moved = {};
    io.wrap([] {}).sync();
    QCOMPARE(m_ends, (std::vector<int>{1}));
    io.wrap([&] { io.make<Tracked>(&m_ends, 2); }).sync(); // on the loop itself at once
    QCOMPARE(m_ends, (std::vector<int>{1, 2}));
}

void TestSynchronizerLifetime::pendingCallsKeepTheObject()
{
    Synchronizer io("pending");
    auto handle = io.make<Tracked>(&m_ends, 1);
    std::vector<QFuture<int>> futures;
    for (int i = 0; i < 5; ++i) {
        futures.push_back(handle.call(&Tracked::numberSlowly));
        futures.push_back(handle.call(&Tracked::numberLater));
    }
    handle = {};
    for (const QFuture<int> &future : futures) {
        QVERIFY(finishes(future));
        QCOMPARE(future.result(), 1);
    }
    io.wrap([] {}).sync();
    QCOMPARE(m_ends, (std::vector<int>{1}));
}

void TestSynchronizerLifetime::endLetsPlainCallsRun()
{
    std::vector<QFuture<int>> futures;
    {
        Synchronizer io("end");
        const auto handle = io.make<Tracked>(&m_ends, 1);
        for (int i = 0; i < 10; ++i)
            futures.push_back(handle.call(&Tracked::numberSlowly));
    }
    for (const QFuture<int> &future : futures)
        QCOMPARE(future.result(), 1);
    QCOMPARE(m_ends, (std::vector<int>{1}));
}

void TestSynchronizerLifetime::endCancelsCoroutinesBeforeTheirObject()
{
    QFuture<void> future;
    {
        Synchronizer io("end");
        const auto handle = io.make<Tracked>(&m_ends, 1);
        future = handle.call(&Tracked::never);
        handle.sync(&Tracked::number);
    }
    QCOMPARE(thrownBy([&] { future.waitForFinished(); }), QByteArray("CallCanceled"));
    QCOMPARE(m_ends, (std::vector<int>{1001, 1}));
}

void TestSynchronizerLifetime::lateCallsGetLoopStopped()
{
    for (const auto mode : {Synchronizer::Interleaved, Synchronizer::ThreadAffine}) {
        std::optional<Synchronizer> io(std::in_place, "late", mode);
        const auto handle = io->make<Tracked>(&m_ends, 1);
        auto lazy = handle.async(&Tracked::number);
        io.reset();
        QCOMPARE(thrownBy([&] { handle.sync(&Tracked::number); }), QByteArray("LoopStopped"));
        QCOMPARE(thrownBy([&] { handle.sync(&Tracked::numberLater); }), QByteArray("LoopStopped"));
        QFuture<int> future = handle.call(&Tracked::numberLater);
        QCOMPARE(thrownBy([&] { future.waitForFinished(); }), QByteArray("LoopStopped"));
        QCOMPARE(thrownBy([&] { run(Task<int>(lazy)); }), QByteArray("LoopStopped"));
    }
}

void TestSynchronizerLifetime::endServesCallsToTheWaitingThread_data()
{
    QTest::addColumn<bool>("affine");
    QTest::newRow("interleaved") << false;
    QTest::newRow("thread-affine") << true;
}

void TestSynchronizerLifetime::endServesCallsToTheWaitingThread()
{
    QFETCH(const bool, affine);
    QObject gui;
    QFuture<int> future;
    QFuture<int> throughOther;
    Synchronizer other("other");
    {
        Synchronizer io("io", affine ? Synchronizer::ThreadAffine : Synchronizer::Interleaved);
        const auto ask = [&gui] {
            QThread::msleep(20); // until the thread waits for the end
            return callOnSync(&gui, [] { return 4; });
        };
        future = io.wrap(ask)();
        throughOther = io.wrap([&] { return other.wrap(ask).sync(); })();
    }
    QCOMPARE(future.result(), 4);
    QCOMPARE(throughOther.result(), 4);
}

void TestSynchronizerLifetime::endOnItsOwnThread_data()
{
    endServesCallsToTheWaitingThread_data();
}

void TestSynchronizerLifetime::endOnItsOwnThread()
{
    QFETCH(const bool, affine);
    auto *io = new Synchronizer("own", affine ? Synchronizer::ThreadAffine : Synchronizer::Interleaved); // deleted below
    std::atomic<bool> ended{false};
    const auto handle = io->make<Tracked>(&m_ends, 1);
    QObject::connect(io->thread(), &QThread::finished, io->thread(), [&ended] { ended = true; },
                     Qt::DirectConnection);
    const QFuture<int> future = handle.call([io](Tracked &tracked) {
        delete io;
        return tracked.number(); // still there
    });
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 1);
    QVERIFY(eventually([&ended] { return ended.load(); }));
    QCOMPARE(thrownBy([&] { handle.sync(&Tracked::number); }), QByteArray("LoopStopped"));
    QCOMPARE(m_ends, (std::vector<int>{1}));
    blockingPool().waitForDone(); // who sees to the thread's end
}

void TestSynchronizerLifetime::destructorsThatCallGetLoopStopped()
{
    QByteArray heard;
    Synchronized<LastWords> words;
    {
        Synchronizer io("words");
        const auto tracked = io.make<Tracked>(&m_ends, 1);
        words = io.make<LastWords>(tracked, &heard);
    }
    QCOMPARE(heard, QByteArray("LoopStopped"));
    QCOMPARE(m_ends, (std::vector<int>{1}));
}

void TestSynchronizerLifetime::destructorsThatCallOnALivingLoop()
{
    QByteArray heardAtHome;
    QByteArray heardElsewhere;
    Synchronizer io("words");
    const auto tracked = io.make<Tracked>(&m_ends, 1);
    {
        Synchronizer other("other words");
        QVERIFY(io.make<LastWords>(tracked, &heardAtHome));
        QVERIFY(other.make<LastWords>(tracked, &heardElsewhere));
    }
    io.wrap([] {}).sync();
    QCOMPARE(heardAtHome, QByteArray("nothing"));
    QCOMPARE(heardElsewhere, QByteArray("nothing"));
}

void TestSynchronizerLifetime::handlesOfEachOtherLeakNothing()
{
    struct Link
    {
        explicit Link(Counter *c) : local(*c) { }
        Local local;
        Synchronized<Link> other;
    };
    Counter counter;
    {
        Synchronizer io("circle");
        const auto a = io.make<Link>(&counter);
        const auto b = io.make<Link>(&counter);
        a.sync([b](Link &link) { link.other = b; });
        b.sync([a](Link &link) { link.other = a; });
    }
    QCOMPARE(counter.made.load(), 2);
    QCOMPARE(counter.gone.load(), 2);
}

void TestSynchronizerLifetime::g10_shutdownReachesCalls()
{
    Synchronizer io("shutdown");
    const auto handle = io.make<Tracked>(&m_ends, 1);
    callSync([]() -> Task<> { co_await sleepFor(1ms); }); // something to shut down
    QFuture<void> future = handle.call(&Tracked::never);
    handle.sync(&Tracked::number);
    QVERIFY(shutdown(QDeadlineTimer(10s)));
    QVERIFY(finishes(future));
    QCOMPARE(thrownBy([&] { future.waitForFinished(); }), QByteArray("CallCanceled"));
    QCOMPARE(handle.sync(&Tracked::number), 1); // the loop is its user's
}

void TestSynchronizerLifetime::g19_manyRoundsLeaveNothingBehind()
{
    Synchronizer("warm").wrap([] {}).sync();
    const int threads = threadCount();
    const int files = openFiles();
    Counter counter;
    for (int i = 0; i < rounds(200, 40); ++i) {
        Synchronizer io("round", i % 2 ? Synchronizer::ThreadAffine : Synchronizer::Interleaved);
        const auto local = io.make<Local>(std::ref(counter));
        local.call([](Local &) {});
        local.call([](Local &) -> Task<> { co_await sleepFor(1h); });
    }
    QCOMPARE(counter.made.load(), counter.gone.load());
    QVERIFY(eventually([threads] { return threadCount() <= threads; }));
    QVERIFY(eventually([files] { return openFiles() <= files; }));
}

void TestSynchronizerLifetime::g20_aForkedChildGetsAnError()
{
#if defined(Q_OS_UNIX) && !defined(__SANITIZE_THREAD__)
    std::optional<Synchronizer> io(std::in_place, "forked");
    const auto handle = io->make<Tracked>(&m_ends, 1);
    const pid_t child = fork();
    if (child == 0) {
        alarm(20); // ends a child that hangs
        const bool error = thrownBy([&] { handle.sync(&Tracked::number); }) == "CallError";
        io.reset(); // must not wait for a thread that is not there
        _exit(error ? 0 : 1);
    }
    int status = -1;
    QCOMPARE(waitpid(child, &status, 0), child);
    QVERIFY(WIFEXITED(status));
    QCOMPARE(WEXITSTATUS(status), 0);
    QCOMPARE(handle.sync(&Tracked::number), 1);
#else
    QSKIP("not with this sanitizer");
#endif
}

void TestSynchronizerLifetime::lazyCallsNeverAwaited()
{
    Synchronizer io("lazy");
    auto handle = io.make<Tracked>(&m_ends, 1);
    {
        auto lazy = handle.async(&Tracked::number);
        handle = {};
        io.wrap([] {}).sync();
        QVERIFY(m_ends.empty()); // it counts as an owner
    }
    io.wrap([] {}).sync();
    QCOMPARE(m_ends, (std::vector<int>{1}));
}

QTEST_GUILESS_MAIN(TestSynchronizerLifetime)
#include "tst_synchronizer_lifetime.moc"
