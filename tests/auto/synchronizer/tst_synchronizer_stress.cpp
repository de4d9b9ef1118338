// Handles, calls and whole Synchronizers that end against one another, from many threads: every object
// is destroyed once, on its thread, and every call ends.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <optional>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

struct Tally
{
    std::atomic<int> made{0};
    std::atomic<int> gone{0};
    std::atomic<int> strayed{0};  ///< made, used and destroyed not all on one thread
    std::atomic<int> afterEnd{0}; ///< used or destroyed after it was destroyed
    std::atomic<int> nested{0};   ///< on a thread-affine one: entered while somebody was inside
};

class Subject
{
public:
    explicit Subject(Tally &tally) : m_tally(tally) { ++m_tally.made; }
    ~Subject()
    {
        check();
        m_life = dead;
        ++m_tally.gone;
    }
    Subject(const Subject &) = delete;
    Subject &operator=(const Subject &) = delete;

    int plain(int value)
    {
        const Inside inside(*this);
        return value;
    }
    Task<int> later(int value)
    {
        const Inside inside(*this);
        if (value % 2)
            co_await yieldNow();
        else
            co_await callAsync([] {});
        check();
        co_return value;
    }
    Task<int> never(int value)
    {
        const Inside inside(*this);
        co_await sleepFor(1h);
        co_return value;
    }
    int throws(int value)
    {
        const Inside inside(*this);
        throw value;
    }
    int withOther(Subject &other, int value)
    {
        const Inside inside(*this);
        other.check();
        return value;
    }

private:
    static constexpr int alive = 0x600d;
    static constexpr int dead = 0xdead;

    class Inside
    {
    public:
        explicit Inside(Subject &subject) : m_subject(subject)
        {
            m_subject.check();
            if (m_subject.m_inside++ != 0)
                ++m_subject.m_tally.nested;
        }
        ~Inside()
        {
            m_subject.check();
            --m_subject.m_inside;
        }
        Inside(const Inside &) = delete;
        Inside &operator=(const Inside &) = delete;

    private:
        Subject &m_subject;
    };

    void check()
    {
        if (m_life != alive)
            ++m_tally.afterEnd;
        if (QThread::currentThread() != m_thread)
            ++m_tally.strayed;
    }

    Tally &m_tally;
    volatile int m_life = alive;
    int m_inside = 0;
    QThread *const m_thread = QThread::currentThread();
};

/// True for the ends that a call may have here.
template <typename Call>
bool endsWell(Call call)
{
    const QByteArray end = thrownBy(call);
    return end == "nothing" || end == "LoopStopped" || end == "CallCanceled" || end == "CallTimeout"
            || end.startsWith("int ");
}

} // namespace

class TestSynchronizerStress : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void endAgainstPendingCalls_data();
    void endAgainstPendingCalls();
    void handlesDieInManyThreads_data();
    void handlesDieInManyThreads();
    void circlesFromManyThreads();

private:
    static void modes()
    {
        QTest::addColumn<bool>("affine");
        QTest::newRow("interleaved") << false;
        QTest::newRow("thread-affine") << true;
    }
    static Synchronizer::Mode mode(bool affine)
    {
        return affine ? Synchronizer::ThreadAffine : Synchronizer::Interleaved;
    }
};

void TestSynchronizerStress::endAgainstPendingCalls_data()
{
    modes();
}

void TestSynchronizerStress::endAgainstPendingCalls()
{
    QFETCH(const bool, affine);
    Tally tally;
    std::atomic<int> wrongEnds{0};
    for (int round = 0; round < rounds(60, 15); ++round) {
        std::optional<Synchronizer> io(std::in_place, "stress", mode(affine));
        const auto first = io->make<Subject>(std::ref(tally));
        const auto second = io->make<Subject>(std::ref(tally));
        std::atomic<int> calls{0};
        std::vector<JoinedThread> threads;
        for (unsigned seed = 0; seed < 4; ++seed) {
            threads.emplace_back([&, seed, a = first, b = second]() mutable {
                std::minstd_rand random(seed + unsigned(round) * 7);
                std::vector<QFuture<int>> futures;
                for (int i = 0; i < 60; ++i) {
                    ++calls;
                    switch (random() % 8) {
                    case 0:
                        futures.push_back(a.call(&Subject::plain, i));
                        break;
                    case 1:
                        futures.push_back(b.call(&Subject::later, i));
                        break;
                    case 2:
                        futures.push_back(a.call({.timeout = 2ms}, &Subject::never, i));
                        break;
                    case 3:
                        wrongEnds += endsWell([&] { b.sync(&Subject::later, i); }) ? 0 : 1;
                        break;
                    case 4:
                        wrongEnds += endsWell([&] { a.sync(&Subject::throws, i); }) ? 0 : 1;
                        break;
                    case 5:
                        futures.push_back(a.call(&Subject::withOther, b, i));
                        break;
                    case 6:
                        futures.push_back(a.call(&Subject::later, i));
                        futures.back().cancel();
                        break;
                    default:
                        wrongEnds += endsWell([&] { b.sync({.timeout = 1ms}, &Subject::plain, i); }) ? 0 : 1;
                        break;
                    }
                }
                if (seed % 2) { // handles go before their calls have ended
                    a = {};
                    b = {};
                }
                for (QFuture<int> &future : futures)
                    wrongEnds += endsWell([&] { future.waitForFinished(); }) ? 0 : 1;
            });
        }
        const int until = 20 * (round % 12);
        QVERIFY(eventually([&] { return calls >= until; }));
        io.reset();
        threads.clear(); // all calls end
    }
    QCOMPARE(wrongEnds.load(), 0);
    QCOMPARE(tally.made.load(), tally.gone.load());
    QCOMPARE(tally.strayed.load(), 0);
    QCOMPARE(tally.afterEnd.load(), 0);
    if (affine)
        QCOMPARE(tally.nested.load(), 0);
}

void TestSynchronizerStress::handlesDieInManyThreads_data()
{
    modes();
}

void TestSynchronizerStress::handlesDieInManyThreads()
{
    QFETCH(const bool, affine);
    Tally tally;
    {
        Synchronizer io("stress", mode(affine));
        std::vector<JoinedThread> threads;
        std::atomic<int> wrong{0};
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&] {
                for (int i = 0; i < rounds(300, 60); ++i) {
                    auto made = io.make<Subject>(std::ref(tally));
                    std::vector<Synchronized<Subject>> copies(3, made);
                    std::vector<JoinedThread> holders;
                    if (i % 10 == 0)
                        holders.emplace_back([copy = made, i]() mutable {
                            copy.call(&Subject::plain, i);
                            copy = {};
                        });
                    const QFuture<int> plain = made.call(&Subject::plain, i);
                    const QFuture<int> later = copies[1].call(&Subject::later, i);
                    made = {};
                    copies.clear();
                    if (i % 3 == 0 && (plain.result() != i || later.result() != i))
                        ++wrong;
                }
            });
        }
        threads.clear();
        QCOMPARE(wrong.load(), 0);
        io.wrap([] {}).sync();
        // the last calls of each thread may still be running
        QVERIFY(eventually([&tally] { return tally.gone == tally.made; }));
    }
    QCOMPARE(tally.made.load(), 4 * rounds(300, 60));
    QCOMPARE(tally.gone.load(), tally.made.load());
    QCOMPARE(tally.strayed.load(), 0);
    QCOMPARE(tally.afterEnd.load(), 0);
    if (affine)
        QCOMPARE(tally.nested.load(), 0);
}

// Any mix of affine ones that call each other, waiting or awaiting: each call ends.
void TestSynchronizerStress::circlesFromManyThreads()
{
    class Node
    {
    public:
        void setPeers(std::vector<Synchronized<Node>> peers) { m_peers = std::move(peers); }
        int ask(int left, int salt)
        {
            if (left == 0)
                return 0;
            const auto &peer = m_peers[std::size_t(salt) % m_peers.size()];
            return salt % 3 ? peer.sync(&Node::ask, left - 1, salt / 2)
                            : peer.sync(&Node::askLater, left - 1, salt / 2);
        }
        Task<int> askLater(int left, int salt)
        {
            if (left == 0)
                co_return 0;
            const Synchronized<Node> peer = m_peers[std::size_t(salt) % m_peers.size()];
            if (salt % 2)
                co_return co_await peer.async(&Node::ask, left - 1, salt / 2);
            co_return co_await peer.async(&Node::askLater, left - 1, salt / 2);
        }

    private:
        std::vector<Synchronized<Node>> m_peers;
    };

    Synchronizer first("first", Synchronizer::ThreadAffine);
    Synchronizer second("second", Synchronizer::ThreadAffine);
    Synchronizer third("third");
    const std::vector<Synchronized<Node>> nodes{first.make<Node>(), second.make<Node>(), third.make<Node>()};
    for (const auto &node : nodes)
        node.sync(&Node::setPeers, nodes);
    std::atomic<int> ends{0};
    std::atomic<int> wrong{0};
    std::vector<JoinedThread> threads;
    constexpr int callsEach = rounds(100, 25);
    for (unsigned seed = 0; seed < 4; ++seed) {
        threads.emplace_back([&, seed] {
            std::minstd_rand random(seed + 1);
            for (int i = 0; i < callsEach; ++i) {
                const int salt = static_cast<int>(random() % 1000);
                const auto &node = nodes[random() % nodes.size()];
                const QFuture<int> future = salt % 2 ? node.call(&Node::ask, 3, salt)
                                                     : node.call(&Node::askLater, 3, salt);
                if (!finishes(future)) {
                    ++wrong;
                    return; // the others would only wait for it
                }
                const QByteArray end = thrownBy([copy = future]() mutable { copy.waitForFinished(); });
                if (end != "nothing" && end != "DeadlockError")
                    ++wrong;
                ++ends;
            }
        });
    }
    threads.clear();
    QCOMPARE(wrong.load(), 0);
    QCOMPARE(ends.load(), 4 * callsEach);
    for (const auto &node : nodes)
        node.sync(&Node::setPeers, std::vector<Synchronized<Node>>());
}

QTEST_GUILESS_MAIN(TestSynchronizerStress)
#include "tst_synchronizer_stress.moc"
