// callMap: the same arguments to several functions.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <functional>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

int sum(int a, int b)
{
    return a + b;
}

QString text(int a, int b)
{
    return QString::number(a) + QString::number(b);
}

Task<int> product(int a, int b)
{
    co_await sleepFor(1ms);
    co_return a * b;
}

} // namespace

class TestBatchesCallMap : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void tuple();
    void list();
    void oneAfterTheOtherInSyncCode();
    void oneAfterTheOtherWithAsyncOnes();
    void atTheSameTimeInAsyncCode();
    void argumentsAreCopied();
    void firstErrorEndsIt();
    void empty();
    void badInput();
};

// Errors whose future is dropped on purpose are no news.
void TestBatchesCallMap::init()
{
    onUnobservedError([](const UnobservedError &) {});
}

void TestBatchesCallMap::tuple()
{
    const auto [a, b, c] = callMap(std::tuple{&sum, &text, &product}, 3, 4).result();
    QCOMPARE(a, 7);
    QCOMPARE(b, QStringLiteral("34"));
    QCOMPARE(c, 12);
    const auto task = []() -> Task<int> {
        const auto results = co_await callMap(std::tuple{&sum, &product}, 3, 4);
        co_return std::get<0>(results) + std::get<1>(results);
    };
    QCOMPARE(run(task()), 19);
}

void TestBatchesCallMap::list()
{
    const QList<std::function<int(int, int)>> functions{sum, std::minus<int>()};
    QCOMPARE(callMap(functions, 5, 3).result(), (QList<int>{8, 2}));
    QCOMPARE(callMap(QList<Task<int> (*)(int, int)>{product, product}, 5, 3).result(),
             (QList<int>{15, 15}));
}

void TestBatchesCallMap::oneAfterTheOtherInSyncCode()
{
    QList<int> order; // no lock: all in this thread
    const auto note = [&order](int number) {
        return [&order, number](const QThread *caller) {
            order << number;
            return QThread::currentThread() == caller;
        };
    };
    const auto future = callMap(std::tuple{note(1), note(2), note(3)}, QThread::currentThread());
    QVERIFY(future.isFinished());
    QCOMPARE(future.result(), std::tuple(true, true, true));
    QCOMPARE(order, (QList<int>{1, 2, 3}));
    QCOMPARE(future.progressValue(), 3);
}

void TestBatchesCallMap::oneAfterTheOtherWithAsyncOnes()
{
    QList<int> order; // no lock: one after the other
    const auto plain = [&order](int number) {
        return [&order, number] {
            order << number;
            return number;
        };
    };
    const auto async = [&order](int number) {
        return [&order, number]() -> Task<int> {
            co_await sleepFor(2ms);
            order << number;
            co_return number;
        };
    };
    const auto future = callMap(
            std::tuple{plain(1), async(2), async(3), plain(4), plain(5), async(6), plain(7)});
    QCOMPARE(future.result(), std::tuple(1, 2, 3, 4, 5, 6, 7));
    QCOMPARE(order, (QList<int>{1, 2, 3, 4, 5, 6, 7}));
}

void TestBatchesCallMap::atTheSameTimeInAsyncCode()
{
    std::atomic<int> arrived{0};
    const auto meet = [&arrived] {
        ++arrived;
        return eventually([&arrived] { return arrived == 3; });
    };
    const auto task = [&]() -> Task<bool> {
        const auto results = co_await callMap(std::tuple{meet, meet, meet});
        co_return results == std::tuple(true, true, true);
    };
    QVERIFY(run(task()));
}

void TestBatchesCallMap::argumentsAreCopied()
{
    const auto take = [](QStringList words) { return words.takeFirst(); };
    const QStringList words{QStringLiteral("a"), QStringLiteral("b")};
    QCOMPARE(callMap(std::tuple{take, take}, words).result(),
             std::tuple(QStringLiteral("a"), QStringLiteral("a")));
    QCOMPARE(words.size(), 2);
}

void TestBatchesCallMap::firstErrorEndsIt()
{
    int calls = 0;
    const auto good = [&calls] { return ++calls; };
    const auto bad = [&calls]() -> int {
        ++calls;
        throw 7;
    };
    QCOMPARE(thrownBy([&] { callMap(std::tuple{good, bad, good}).waitForFinished(); }), "int 7");
    QCOMPARE(calls, 2);
}

void TestBatchesCallMap::empty()
{
    QCOMPARE(callMap(QList<int (*)(int, int)>(), 1, 2).result(), QList<int>());
}

void TestBatchesCallMap::badInput()
{
    const QList<int (*)(int, int)> functions{sum, nullptr, sum};
    QCOMPARE(thrownBy([&] { callMap(functions, 1, 2).waitForFinished(); }), "CallError");
}

QTEST_GUILESS_MAIN(TestBatchesCallMap)
#include "tst_batches_callmap.moc"
