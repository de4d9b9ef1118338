// G2 as far as callOn() goes: threads that wait for each other get an error, soon, and no hang.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <latch>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

struct Ending
{
    QByteArray thrown;
    QString message;
};

/// Waits in the current thread for a call named \a name in the thread of \a other.
Ending askOther(QObject *other, const char *name, std::latch *everybody)
{
    everybody->arrive_and_wait();
    Ending ending;
    const CallOptions options{.name = name};
    ending.thrown = thrownBy([&] {
        try {
            callOnSync(options, other, [] { return 1; });
        } catch (const CallError &e) {
            ending.message = e.message();
            throw;
        }
    });
    return ending;
}

Task<int> napInTask()
{
    co_await sleepFor(1ms);
    co_return 1;
}

Ending askOtherForTask(QObject *other, const char *name, std::latch *everybody)
{
    everybody->arrive_and_wait();
    Ending ending;
    const CallOptions options{.name = name};
    ending.thrown = thrownBy([&] {
        try {
            callOnSync(options, other, napInTask);
        } catch (const CallError &e) {
            ending.message = e.message();
            throw;
        }
    });
    return ending;
}

} // namespace

class TestBlockingCircles : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g2_twoThreadsWaitForEachOther_data();
    void g2_twoThreadsWaitForEachOther();
    void g2_threeThreadsInARing();
    void g2_twoOwnLoopsServeEachOther();
    void g2_waitingForNobodyInACircleIsNoError();
    void g2_sameThreadIsCalledAtOnce();
    void g2_sameChainCrossingBackIsServed();
};

void TestBlockingCircles::g2_twoThreadsWaitForEachOther_data()
{
    QTest::addColumn<bool>("tasks");
    QTest::newRow("plain functions") << false;
    QTest::newRow("tasks") << true;
}

void TestBlockingCircles::g2_twoThreadsWaitForEachOther()
{
    QFETCH(const bool, tasks);
    const auto ask = tasks ? &askOtherForTask : &askOther;
    for (int round = 0; round < rounds(20, 5); ++round) {
        LoopThread a;
        LoopThread b;
        std::latch both(2);
        const QFuture<Ending> inA = callOn(a.object(), ask, b.object(), "askB", &both);
        const QFuture<Ending> inB = callOn(b.object(), ask, a.object(), "askA", &both);
        QVERIFY2(finishes(inA, sanitized ? 10s : 1s), "no end within a second");
        QVERIFY2(finishes(inB, sanitized ? 10s : 1s), "no end within a second");
        int errors = 0;
        for (const Ending &ending : {inA.result(), inB.result()}) {
            if (ending.thrown == "nothing")
                continue;
            ++errors;
            QCOMPARE(ending.thrown, QByteArray("DeadlockError"));
            QVERIFY2(ending.message.contains(QStringLiteral("askA")), qPrintable(ending.message));
            QVERIFY2(ending.message.contains(QStringLiteral("askB")), qPrintable(ending.message));
        }
        // The one that closes the circle gets the error, which frees the other.
        QCOMPARE(errors, 1);
    }
}

void TestBlockingCircles::g2_threeThreadsInARing()
{
    LoopThread a;
    LoopThread b;
    LoopThread c;
    std::latch all(3);
    const QFuture<Ending> inA = callOn(a.object(), askOther, b.object(), "askB", &all);
    const QFuture<Ending> inB = callOn(b.object(), askOther, c.object(), "askC", &all);
    const QFuture<Ending> inC = callOn(c.object(), askOther, a.object(), "askA", &all);
    int errors = 0;
    for (const auto &future : {inA, inB, inC}) {
        QVERIFY(finishes(future, sanitized ? 10s : 1s));
        const Ending ending = future.result();
        if (ending.thrown == "nothing")
            continue;
        ++errors;
        QCOMPARE(ending.thrown, QByteArray("DeadlockError"));
        for (const char *name : {"askA", "askB", "askC"})
            QVERIFY2(ending.message.contains(QLatin1String(name)), qPrintable(ending.message));
    }
    QCOMPARE(errors, 1);
}

// Loops of ours turn while they wait: a circle of two is no deadlock there.
void TestBlockingCircles::g2_twoOwnLoopsServeEachOther()
{
    EventLoopThread a(QStringLiteral("circle a"));
    EventLoopThread b(QStringLiteral("circle b"));
    QObject inA;
    QObject inB;
    inA.moveToThread(a.thread());
    inB.moveToThread(b.thread());
    std::latch both(2);
    const QFuture<Ending> first = callOn(&inA, askOther, &inB, "askB", &both);
    const QFuture<Ending> second = callOn(&inB, askOther, &inA, "askA", &both);
    QVERIFY(finishes(first, sanitized ? 10s : 1s));
    QVERIFY(finishes(second, sanitized ? 10s : 1s));
    for (const auto &future : {first, second}) {
        const QByteArray thrown = future.result().thrown;
        QVERIFY2(thrown == "nothing" || thrown == "DeadlockError", thrown.constData());
    }
    QVERIFY(a.stop(QDeadlineTimer(10s)));
    QVERIFY(b.stop(QDeadlineTimer(10s)));
}

void TestBlockingCircles::g2_waitingForNobodyInACircleIsNoError()
{
    LoopThread a;
    LoopThread b;
    const auto slow = [] {
        QThread::msleep(20);
        return 5;
    };
    // a waits for b, this thread waits for a: a chain, not a circle
    const auto inA = [&] { return callOnSync(b.object(), slow); };
    QCOMPARE(callOnSync(a.object(), inA), 5);
    QCOMPARE(callOnSync(b.object(), slow), 5);
}

void TestBlockingCircles::g2_sameThreadIsCalledAtOnce()
{
    QObject here;
    const QThread *ranOn = nullptr;
    const QFuture<int> future = callOn(&here, [&ranOn] {
        ranOn = QThread::currentThread();
        return 3;
    });
    QVERIFY(future.isFinished()); // no event loop has turned
    QCOMPARE(ranOn, QThread::currentThread());
    QCOMPARE(callOnSync(&here, [] { return 4; }), 4);
    LoopThread other;
    const auto insideOther = [&] { return callOnSync(other.object(), [] { return 6; }); };
    QCOMPARE(callOnSync(other.object(), insideOther), 6);
}

void TestBlockingCircles::g2_sameChainCrossingBackIsServed()
{
    QObject here;
    LoopThread other;
    const auto back = [] { return QThread::currentThread(); };
    const auto there = [&] { return callOnSync(&here, back); };
    QCOMPARE(callOnSync(other.object(), there), QThread::currentThread());
    // and back and forth once more
    const auto thereAgain = [&] {
        const auto here2 = [&] { return callOnSync(other.object(), back); };
        return callOnSync(&here, here2);
    };
    QCOMPARE(callOnSync(other.object(), thereAgain), other.thread());
}

QTEST_GUILESS_MAIN(TestBlockingCircles)
#include "tst_blocking_circles.moc"
