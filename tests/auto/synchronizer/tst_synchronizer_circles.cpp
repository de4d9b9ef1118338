// G2 and G3 between Synchronizers: calls that come back, in one chain or in several, finish or end
// with an error that names the circle, within a second.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <latch>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

// A second on an idle machine; this one may be busy, and what would never end is found anyhow.
constexpr std::chrono::milliseconds soon = sanitized ? 20s : 5s;

/// Calls its peer, which is on another Synchronizer.
class Node
{
public:
    void setPeer(const Synchronized<Node> &peer) { m_peer = peer; }
    int leaf(int value)
    {
        ++m_leaves;
        return value;
    }
    Task<int> leafLater(int value)
    {
        co_await sleepFor(1ms);
        co_return value;
    }
    /// There and back \a left times, waiting.
    int bounce(int left)
    {
        return left == 0 ? 0 : 1 + m_peer.sync(&Node::bounce, left - 1);
    }
    Task<int> bounceLater(int left)
    {
        if (left == 0)
            co_return 0;
        co_return 1 + co_await m_peer.async(&Node::bounceLater, left - 1);
    }
    /// A coroutine that blocks.
    Task<int> bounceMixed(int left)
    {
        if (left == 0)
            co_return 0;
        co_await sleepFor(1ms);
        if (left % 2)
            co_return 1 + m_peer.sync(&Node::bounceMixed, left - 1);
        co_return 1 + co_await m_peer.async(&Node::bounceMixed, left - 1);
    }
    int askPeer(std::latch *everybody)
    {
        if (everybody)
            everybody->arrive_and_wait();
        const CallOptions options{.name = "askPeer's leaf"};
        return m_peer.sync(options, &Node::leaf, 1);
    }
    int askPeerForTask(std::latch *everybody)
    {
        if (everybody)
            everybody->arrive_and_wait();
        const CallOptions options{.name = "askPeer's leaf"};
        return m_peer.sync(options, &Node::leafLater, 1);
    }
    Task<int> awaitPeer(std::latch *everybody)
    {
        if (everybody)
            co_await callAsync({.forceOffload = true}, &std::latch::arrive_and_wait, everybody, 1);
        const CallOptions options{.name = "awaitPeer's leaf"};
        co_return co_await m_peer.async(options, &Node::leaf, 1);
    }
    bool callBack(QObject *gui) const
    {
        return callOnSync(gui, [gui] { return QThread::currentThread() == gui->thread(); });
    }
    Task<bool> callBackLater(QObject *gui) const
    {
        co_await sleepFor(1ms);
        const auto check = [gui] { return QThread::currentThread() == gui->thread(); };
        co_return co_await callOn(gui, check);
    }
    bool callBackThroughPeer(QObject *gui) const { return m_peer.sync(&Node::callBack, gui); }
    int runCallback(const std::function<int()> &callback) const { return callback(); }

private:
    Synchronized<Node> m_peer;
    int m_leaves = 0;
};

/// Two nodes that know each other.
class Two
{
public:
    explicit Two(Synchronizer::Mode first, Synchronizer::Mode second)
        : m_first("first", first), m_second("second", second)
    {
        a = m_first.make<Node>();
        b = m_second.make<Node>();
        a.sync(&Node::setPeer, b);
        b.sync(&Node::setPeer, a);
    }

private:
    Synchronizer m_first;
    Synchronizer m_second;

public:
    Synchronized<Node> a;
    Synchronized<Node> b;
};

QByteArray messageOf(const QFuture<int> &future)
{
    try {
        QFuture<int> copy = future;
        copy.waitForFinished();
    } catch (const CallError &e) {
        return e.message().toUtf8();
    }
    return {};
}

QByteArray endOf(const QFuture<int> &future)
{
    return thrownBy([copy = future]() mutable { copy.waitForFinished(); });
}

} // namespace

class TestSynchronizerCircles : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g3_oneChainGoesRound();
    void g3_callbacksReachTheBlockedCaller();
    void g3_callbacksFromAffineOnes();
    void g2_independentChainsFinish_data();
    void g2_independentChainsFinish();
    void g2_manyIndependentChainsFinish();
    void g2_affineChainThatComesBackIsAnError();
    void g2_affineChainThatComesBackByAwaiting();
    void g2_affineIndependentChains_data();
    void g2_affineIndependentChains();
    void g2_threeAffineOnesInARing();
    void g2_affineAndOtherThreads();
    void g2_affineAndInterleaved();
    void g2_busyIsNotACircle();
};

void TestSynchronizerCircles::g3_oneChainGoesRound()
{
    const Two two(Synchronizer::Interleaved, Synchronizer::Interleaved);
    QCOMPARE(two.a.sync(&Node::bounce, 20), 20);
    QCOMPARE(two.a.sync(&Node::bounceLater, 20), 20);
    QCOMPARE(two.a.sync(&Node::bounceMixed, 10), 10);
    const QFuture<int> future = two.b.call(&Node::bounce, 9);
    QVERIFY(finishes(future, soon));
    QCOMPARE(future.result(), 9);
}

void TestSynchronizerCircles::g3_callbacksReachTheBlockedCaller()
{
    const Two two(Synchronizer::Interleaved, Synchronizer::Interleaved);
    QObject gui;
    const auto ask = [&] {
        return two.a.sync(&Node::callBack, &gui) && two.a.sync(&Node::callBackLater, &gui)
                && two.a.sync(&Node::callBackThroughPeer, &gui);
    };
    QVERIFY(ask());
    bool inLoop = false;
    inSlot([&] { inLoop = ask(); });
    QVERIFY(inLoop);
    // A callback of the user's that itself calls the loop it came from.
    const std::function<int()> callback = [&] {
        return callOnSync(&gui, [&two] { return two.a.sync(&Node::leaf, 4); });
    };
    QCOMPARE(two.a.sync(&Node::runCallback, callback), 4);
}

void TestSynchronizerCircles::g3_callbacksFromAffineOnes()
{
    const Two two(Synchronizer::ThreadAffine, Synchronizer::ThreadAffine);
    QObject gui;
    QVERIFY(two.a.sync(&Node::callBack, &gui));
    QVERIFY(two.a.sync(&Node::callBackLater, &gui));
    QVERIFY(two.a.sync(&Node::callBackThroughPeer, &gui));
    QCOMPARE(two.a.sync(&Node::leaf, 4), 4);
}

void TestSynchronizerCircles::g2_independentChainsFinish_data()
{
    QTest::addColumn<int>("form");
    QTest::newRow("plain") << 0;
    QTest::newRow("waiting for a task") << 1;
    QTest::newRow("awaiting") << 2;
}

void TestSynchronizerCircles::g2_independentChainsFinish()
{
    QFETCH(const int, form);
    const Two two(Synchronizer::Interleaved, Synchronizer::Interleaved);
    for (int round = 0; round < 3; ++round) {
        std::latch both(2);
        const auto ask = [form, &both](const Synchronized<Node> &node) {
            if (form == 2)
                return node.call(&Node::awaitPeer, &both);
            return node.call(form == 1 ? &Node::askPeerForTask : &Node::askPeer, &both);
        };
        const QFuture<int> first = ask(two.a);
        const QFuture<int> second = ask(two.b);
        QVERIFY2(finishes(first, soon), "no end in time");
        QVERIFY2(finishes(second, soon), "no end in time");
        QCOMPARE(first.result() + second.result(), 2);
    }
}

// Each wait lets the next method begin on top of it: the later ones are not to cost 100 ms each.
void TestSynchronizerCircles::g2_manyIndependentChainsFinish()
{
    const Two two(Synchronizer::Interleaved, Synchronizer::Interleaved);
    std::latch both(2);
    std::vector<QFuture<int>> futures;
    futures.push_back(two.a.call(&Node::askPeer, &both));
    for (int i = 0; i < 80; ++i)
        futures.push_back(two.a.call(&Node::askPeer, nullptr));
    futures.push_back(two.b.call(&Node::askPeer, &both));
    for (int i = 0; i < 80; ++i)
        futures.push_back(two.b.call(&Node::askPeer, nullptr));
    for (const QFuture<int> &future : futures) {
        QVERIFY2(finishes(future, soon), "no end in time");
        QCOMPARE(endOf(future), QByteArray("nothing"));
    }
}

void TestSynchronizerCircles::g2_affineChainThatComesBackIsAnError()
{
    for (const auto second : {Synchronizer::Interleaved, Synchronizer::ThreadAffine}) {
        const Two two(Synchronizer::ThreadAffine, second);
        const QFuture<int> future = two.a.call({.name = "the first"}, &Node::bounce, 2);
        QVERIFY2(finishes(future, soon), "no end in time");
        QCOMPARE(endOf(future), QByteArray("DeadlockError"));
        const QByteArray message = messageOf(future);
        QVERIFY2(message.contains("the first"), message.constData());
        QVERIFY2(message.contains("bounce") || message.contains("Node"), message.constData());
        // and everything goes on
        QCOMPARE(two.a.sync(&Node::bounce, 1), 1);
        QCOMPARE(two.b.sync(&Node::bounce, 1), 1);
    }
}

void TestSynchronizerCircles::g2_affineChainThatComesBackByAwaiting()
{
    for (const auto second : {Synchronizer::Interleaved, Synchronizer::ThreadAffine}) {
        const Two two(Synchronizer::ThreadAffine, second);
        for (const auto method : {&Node::bounceLater, &Node::bounceMixed}) {
            const QFuture<int> future = two.a.call(method, 2);
            QVERIFY2(finishes(future, soon), "no end in time");
            QCOMPARE(endOf(future), QByteArray("DeadlockError"));
            QCOMPARE(two.a.sync(method, 1), 1);
        }
    }
}

void TestSynchronizerCircles::g2_affineIndependentChains_data()
{
    g2_independentChainsFinish_data();
    QTest::newRow("one waits, one awaits") << 3;
}

void TestSynchronizerCircles::g2_affineIndependentChains()
{
    QFETCH(const int, form);
    for (int round = 0; round < rounds(50, 10); ++round) {
        const Two two(Synchronizer::ThreadAffine, Synchronizer::ThreadAffine);
        std::latch both(2);
        const auto ask = [form, &both](const Synchronized<Node> &node, bool isFirst) {
            if (form == 2 || (form == 3 && isFirst))
                return node.call(&Node::awaitPeer, &both);
            return node.call(form == 1 ? &Node::askPeerForTask : &Node::askPeer, &both);
        };
        const QFuture<int> first = ask(two.a, true);
        const QFuture<int> second = ask(two.b, false);
        QVERIFY2(finishes(first, soon), "no end in time");
        QVERIFY2(finishes(second, soon), "no end in time");
        int errors = 0;
        for (const QFuture<int> &future : {first, second}) {
            const QByteArray end = endOf(future);
            if (end == "nothing")
                continue;
            ++errors;
            QCOMPARE(end, QByteArray("DeadlockError"));
            const QByteArray message = messageOf(future);
            QVERIFY2(message.contains("leaf"), message.constData());
        }
        QCOMPARE(errors, 1); // the one that closes the circle; that frees the other
    }
}

void TestSynchronizerCircles::g2_threeAffineOnesInARing()
{
    Synchronizer first("first", Synchronizer::ThreadAffine);
    Synchronizer second("second", Synchronizer::ThreadAffine);
    Synchronizer third("third", Synchronizer::ThreadAffine);
    const auto a = first.make<Node>();
    const auto b = second.make<Node>();
    const auto c = third.make<Node>();
    a.sync(&Node::setPeer, b);
    b.sync(&Node::setPeer, c);
    c.sync(&Node::setPeer, a);
    std::latch all(3);
    const QFuture<int> inA = a.call(&Node::askPeer, &all);
    const QFuture<int> inB = b.call(&Node::awaitPeer, &all);
    const QFuture<int> inC = c.call(&Node::askPeerForTask, &all);
    int errors = 0;
    for (const QFuture<int> &future : {inA, inB, inC}) {
        QVERIFY2(finishes(future, soon), "no end in time");
        errors += endOf(future) == "DeadlockError" ? 1 : 0;
    }
    QCOMPARE(errors, 1);
}

// A thread that is no Synchronizer's, waiting in callOnSync() and waited for.
void TestSynchronizerCircles::g2_affineAndOtherThreads()
{
    Synchronizer db("affine", Synchronizer::ThreadAffine);
    LoopThread other;
    const auto node = db.make<Node>();
    // often: both may close the circle in the same instant, and one of them only is to be told
    for (int round = 0; round < rounds(2000, 300); ++round) {
        std::latch both(2);
        const auto fromOther = [&] {
            both.arrive_and_wait();
            return node.sync(&Node::leaf, 1);
        };
        const auto fromNode = [&](Node &) {
            both.arrive_and_wait();
            return callOnSync(other.object(), [] { return 1; });
        };
        const QFuture<int> first = callOn(other.object(), fromOther);
        const QFuture<int> second = node.call(fromNode);
        QVERIFY2(finishes(first, soon), "no end in time");
        QVERIFY2(finishes(second, soon), "no end in time");
        const int errors = (endOf(first) == "DeadlockError" ? 1 : 0) + (endOf(second) == "DeadlockError" ? 1 : 0);
        QCOMPARE(errors, 1);
    }
}

// The interleaved one takes on the other's call while it waits.
void TestSynchronizerCircles::g2_affineAndInterleaved()
{
    const Two two(Synchronizer::ThreadAffine, Synchronizer::Interleaved);
    std::latch both(2);
    const QFuture<int> first = two.a.call(&Node::askPeer, &both);
    const QFuture<int> second = two.b.call(&Node::askPeer, &both);
    QVERIFY2(finishes(first, soon), "no end in time");
    QVERIFY2(finishes(second, soon), "no end in time");
    QCOMPARE(endOf(first), QByteArray("nothing"));
    QCOMPARE(endOf(second), QByteArray("nothing"));
}

void TestSynchronizerCircles::g2_busyIsNotACircle()
{
    const Two two(Synchronizer::ThreadAffine, Synchronizer::ThreadAffine);
    std::vector<QFuture<int>> futures;
    // all in one direction at a time; and notes that nobody waits for, in both
    for (int i = 0; i < rounds(500, 100); ++i)
        futures.push_back(two.a.call(&Node::bounce, 1));
    for (const QFuture<int> &future : futures) {
        QVERIFY(finishes(future));
        QCOMPARE(endOf(future), QByteArray("nothing"));
    }
    futures.clear();
    const auto note = [](Node &, const Synchronized<Node> &peer, QFuture<int> *noted) {
        *noted = peer.call(&Node::leaf, 2);
        return 1;
    };
    std::vector<QFuture<int>> notes(std::size_t(rounds(500, 100)));
    for (std::size_t i = 0; i < notes.size(); ++i)
        futures.push_back(i % 2 ? two.a.call(note, two.b, &notes[i]) : two.b.call(note, two.a, &notes[i]));
    for (std::size_t i = 0; i < notes.size(); ++i) {
        QVERIFY(finishes(futures[i]));
        QCOMPARE(endOf(futures[i]), QByteArray("nothing"));
        QVERIFY(finishes(notes[i]));
        QCOMPARE(endOf(notes[i]), QByteArray("nothing"));
    }
}

QTEST_GUILESS_MAIN(TestSynchronizerCircles)
#include "tst_synchronizer_circles.moc"
