// AsyncGenerator: destroyed, or left by its consumer, at any point (G11, G12).
#include "../support/waiting.h"

#include <QtCore/QRandomGenerator>
#include <QtTest/QTest>

#include <memory>
#include <optional>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

enum class Wait { Sleep, Child, Future, Call, Nested };

AsyncGenerator<int> waiting(Counter *counter, Wait wait, int *seen, QFuture<int> future)
{
    const Local local(*counter);
    co_yield 1;
    const auto child = [](Counter *c) -> Task<int> {
        const Local inner(*c);
        co_await sleepFor(1h);
        co_return 0;
    };
    switch (wait) {
    case Wait::Sleep:
        co_await sleepFor(1h);
        break;
    case Wait::Child:
        co_await child(counter);
        break;
    case Wait::Future:
        co_await future;
        break;
    case Wait::Call:
        co_await callAsync(child, counter);
        break;
    case Wait::Nested:
        co_yield waiting(counter, Wait::Sleep, seen, future);
        break;
    }
    ++*seen;
}

Task<> consume(Counter *counter, AsyncGenerator<int> *gen, QByteArray *thrown)
{
    const Local local(*counter);
    try {
        while (auto item = co_await gen->next()) { }
        *thrown = "end";
    } catch (const CallCanceled &) {
        *thrown = "CallCanceled";
    } catch (const CallError &) {
        *thrown = "CallError";
    }
}

} // namespace

class TestGeneratorsLifetimes : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void generatorDestroyedWhileAwaited_data()
    {
        QTest::addColumn<int>("wait");
        QTest::newRow("sleep") << int(Wait::Sleep);
        QTest::newRow("child task") << int(Wait::Child);
        QTest::newRow("future") << int(Wait::Future);
        QTest::newRow("call") << int(Wait::Call);
        QTest::newRow("delegate") << int(Wait::Nested);
    }
    void generatorDestroyedWhileAwaited()
    {
        QFETCH(const int, wait);
        Counter counter;
        int seen = 0;
        QPromise<int> promise;
        promise.start();
        QByteArray thrown;
        auto gen = std::make_unique<AsyncGenerator<int>>(
                waiting(&counter, Wait(wait), &seen, promise.future()));
        QFuture<void> consumer = spawn(consume(&counter, gen.get(), &thrown));
        QCoreApplication::processEvents();
        QVERIFY(!consumer.isFinished());
        gen.reset();
        QTRY_VERIFY(consumer.isFinished()); // it settles
        QCOMPARE(thrown, QByteArray("CallCanceled"));
        QCOMPARE(seen, 0);
        QCOMPARE(counter.gone.load(), counter.made.load());
        QVERIFY(counter.made >= 2);
        promise.addResult(1);
        promise.finish();
        QCoreApplication::processEvents();
    }

    void consumerDestroyedWhileItAwaits_data() { generatorDestroyedWhileAwaited_data(); }
    void consumerDestroyedWhileItAwaits()
    {
        QFETCH(const int, wait);
        Counter counter;
        int seen = 0;
        QPromise<int> promise;
        promise.start();
        QByteArray thrown;
        AsyncGenerator<int> gen = waiting(&counter, Wait(wait), &seen, promise.future());
        QThread thread;
        QObject inThread;
        inThread.moveToThread(&thread);
        thread.start();
        // the thread ends while the consumer waits: its loop destroys what is suspended there
        QFuture<void> kept;
        callOnSync(&inThread, [&] {
            kept = spawn([](Counter *c, AsyncGenerator<int> *g, QByteArray *t) -> Task<> {
                const CancellationShield shield; // does not unwind by itself
                co_await consume(c, g, t);
            }(&counter, &gen, &thrown));
        });
        thread.quit();
        thread.wait();
        // what runs as a call of its own ends with its loop and tells; all else is just destroyed
        QCOMPARE(thrown, wait == int(Wait::Call) ? QByteArray("CallError") : QByteArray());
        QCOMPARE(seen, 0);
        QCOMPARE(counter.gone.load(), counter.made.load());
        QVERIFY(counter.made >= 2);
        // the generator has ended with its consumer
        QByteArray after;
        run(consume(&counter, &gen, &after));
        QCOMPARE(after, QByteArray("end"));
        promise.finish();
    }

    void bothInOneFrame()
    {
        Counter counter;
        int seen = 0;
        const auto task = [](Counter *c, int *s) -> Task<> {
            const CancellationShield shield;
            AsyncGenerator<int> gen = waiting(c, Wait::Nested, s, {});
            while (auto item = co_await gen.next()) { }
        };
        QThread thread;
        QObject inThread;
        inThread.moveToThread(&thread);
        thread.start();
        QFuture<void> kept;
        callOnSync(&inThread, [&] { kept = spawn(task(&counter, &seen)); });
        thread.quit();
        thread.wait();
        QCOMPARE(counter.made.load(), 2);
        QCOMPARE(counter.gone.load(), 2);
        QCOMPARE(seen, 0);
    }

    void movedWhileAwaited()
    {
        Counter counter;
        int seen = 0;
        QByteArray thrown;
        AsyncGenerator<int> gen = waiting(&counter, Wait::Sleep, &seen, {});
        QFuture<void> consumer = spawn(consume(&counter, &gen, &thrown));
        {
            AsyncGenerator<int> other = std::move(gen);
            QVERIFY(!consumer.isFinished());
        }
        QTRY_VERIFY(consumer.isFinished());
        QCOMPARE(thrown, QByteArray("CallCanceled"));
    }

    void twoConsumersAtOnce()
    {
        Counter counter;
        int seen = 0;
        QByteArray first;
        QByteArray second;
        QByteArray third;
        AsyncGenerator<int> gen = waiting(&counter, Wait::Sleep, &seen, {});
        QFuture<void> one = spawn(consume(&counter, &gen, &first));
        QFuture<void> two = spawn(consume(&counter, &gen, &second));
        const auto delegating = [](AsyncGenerator<int> inner) -> AsyncGenerator<int> {
            co_yield std::move(inner);
        };
        QTRY_VERIFY(two.isFinished());
        QCOMPARE(second, QByteArray("CallError"));
        QVERIFY(!one.isFinished());
        AsyncGenerator<int> thief = delegating(std::move(gen));
        QFuture<void> three = spawn(consume(&counter, &thief, &third));
        QTRY_VERIFY(three.isFinished());
        QCOMPARE(third, QByteArray("CallError"));
        QTRY_VERIFY(one.isFinished());
        QCOMPARE(first, QByteArray("CallCanceled")); // its generator went with the thief's frame
        QCOMPARE(counter.gone.load(), counter.made.load());
    }

    void awaitedByAnotherLibrarysCoroutine()
    {
        struct Foreign
        {
            struct promise_type
            {
                Foreign get_return_object() { return {}; }
                std::suspend_never initial_suspend() { return {}; }
                std::suspend_never final_suspend() noexcept { return {}; }
                void return_void() { }
                void unhandled_exception() { std::terminate(); }
            };
        };
        const auto foreign = [](int *sum) -> Foreign {
            const auto produce = []() -> AsyncGenerator<int> {
                co_yield 1;
                co_await yieldNow();
                co_yield 2;
            };
            AsyncGenerator<int> gen = produce();
            while (auto item = co_await gen.next())
                *sum += *item;
            *sum += 10;
        };
        int sum = 0;
        foreign(&sum);
        QTRY_COMPARE(sum, 13);
    }

    void randomTrees()
    {
        // generators that delegate, await and yield at random, left at a random item
        struct Tree
        {
            static AsyncGenerator<int> grow(quint32 seed, int depth, Counter *counter)
            {
                const Local local(*counter);
                for (int i = 0; i < 4; ++i) {
                    seed = seed * 1664525u + 1013904223u;
                    switch ((seed >> 24) % 5) {
                    case 0:
                        co_await yieldNow();
                        break;
                    case 1:
                        if (depth > 0)
                            co_yield grow(seed, depth - 1, counter);
                        break;
                    case 2:
                        if (depth > 0) {
                            AsyncGenerator<int> inner = grow(seed, depth - 1, counter);
                            SYNCHRONAUT_FOR_AWAIT(auto &&item, inner)
                                co_yield item + 1;
                        }
                        break;
                    case 3:
                        if ((seed >> 16) % 8 == 0)
                            throw int(seed >> 28);
                        break;
                    default:
                        co_yield depth;
                    }
                }
            }
            static Task<> consume(quint32 seed, Counter *counter)
            {
                const Local local(*counter);
                AsyncGenerator<int> gen = grow(seed, 5, counter);
                int left = int(seed % 23);
                try {
                    while (auto item = co_await gen.next()) {
                        if (left-- == 0)
                            break;
                    }
                } catch (int) {
                }
                if (seed % 3 == 0)
                    co_await gen.close();
            }
        };
        const quint32 seed = QRandomGenerator::global()->generate();
        qInfo("seed %u", seed);
        Counter counter;
        int settled = 0;
        const int trees = rounds(10'000, 2'000);
        for (int i = 0; i < trees; ++i) {
            const auto guarded = [](quint32 s, Counter *c, int *done) -> Task<> {
                try {
                    co_await Tree::consume(s, c);
                } catch (const CallError &) {
                } catch (int) {
                }
                ++*done;
            };
            QFuture<void> future = spawn(guarded(seed + quint32(i) * 7919u, &counter, &settled));
            if (i % 5 == 0)
                future.cancel();
            if (i % 64 == 63)
                QCoreApplication::processEvents();
        }
        QTRY_COMPARE(settled, trees);
        QCOMPARE(counter.gone.load(), counter.made.load());
        QVERIFY(counter.made > trees);
    }
};

QTEST_GUILESS_MAIN(TestGeneratorsLifetimes)
#include "tst_generators_lifetimes.moc"
