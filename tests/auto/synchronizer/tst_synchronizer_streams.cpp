// Methods that return generators: items are made on the object's loop, whoever asks for them.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>
#include <optional>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

QThread *here()
{
    return QThread::currentThread();
}

/// Notes in \a gone that its scope was left, and whether that was on \a thread.
struct Cleanup
{
    ~Cleanup() { *gone += here() == thread ? 1 : 1000; }
    std::atomic<int> *gone;
    QThread *thread;
};

class Table
{
public:
    Table(int rows, std::atomic<int> *cleanups) : m_rows(rows), m_cleanups(cleanups) { }
    ~Table() { *m_cleanups += 10000; }
    Table(const Table &) = delete;
    Table &operator=(const Table &) = delete;

    int size() const { return m_rows; }
    Generator<int> rows(int from)
    {
        const Cleanup cleanup{m_cleanups, m_thread};
        for (int i = from; i < m_rows; ++i) {
            if (here() != m_thread)
                throw 99;
            co_yield i;
        }
    }
    AsyncGenerator<int> rowsLater(int from)
    {
        const Cleanup cleanup{m_cleanups, m_thread};
        for (int i = from; i < m_rows; ++i) {
            co_await yieldNow();
            if (here() != m_thread)
                throw 99;
            co_yield i;
        }
    }
    Generator<std::unique_ptr<int>> moveOnlyRows()
    {
        for (int i = 0; i < m_rows; ++i)
            co_yield std::make_unique<int>(i);
    }
    Generator<int> failing(int at)
    {
        for (int i = 0; i < at; ++i)
            co_yield i;
        throw 13;
    }
    AsyncGenerator<int> failingLater(int at)
    {
        for (int i = 0; i < at; ++i)
            co_yield i;
        throw 13;
    }

private:
    int m_rows;
    std::atomic<int> *m_cleanups;
    QThread *m_thread = here();
};

Generator<int> rowsOf(Table &table, int factor)
{
    for (int i = 0; i < table.size(); ++i)
        co_yield factor * i;
}

std::vector<int> upTo(int end)
{
    std::vector<int> all;
    for (int i = 0; i < end; ++i)
        all.push_back(i);
    return all;
}

} // namespace

class TestSynchronizerStreams : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_cleanups = 0; }
    void blockingCodeIterates_data() { modes(); }
    void blockingCodeIterates();
    void tasksIterate_data() { modes(); }
    void tasksIterate();
    void futuresGetOneResultAnItem_data() { modes(); }
    void futuresGetOneResultAnItem();
    void errorsArriveAtTheirItem();
    void breakRunsTheCleanupOnTheLoop();
    void otherCallsGoOnBetweenItems();
    void onItsOwnThread();
    void streamsKeepTheObject();
    void endOfTheSynchronizerEndsStreams();
    void emptyHandlesAreErrors();
    void wrappedFunctions();

private:
    static void modes()
    {
        QTest::addColumn<bool>("affine");
        QTest::newRow("interleaved") << false;
        QTest::newRow("thread-affine") << true;
    }
    static Synchronizer::Mode mode()
    {
        QFETCH(const bool, affine);
        return affine ? Synchronizer::ThreadAffine : Synchronizer::Interleaved;
    }

    std::atomic<int> m_cleanups{0};
};

void TestSynchronizerStreams::blockingCodeIterates()
{
    Synchronizer io("streams", mode());
    const auto table = io.make<Table>(5, &m_cleanups);
    std::vector<int> rows;
    for (int &row : table.sync(&Table::rows, 0))
        rows.push_back(row);
    QCOMPARE(rows, upTo(5));
    rows.clear();
    for (int &row : table.sync(&Table::rowsLater, 0))
        rows.push_back(row);
    QCOMPARE(rows, upTo(5));
    int sum = 0;
    for (std::unique_ptr<int> &row : table.sync(&Table::moveOnlyRows))
        sum += *std::unique_ptr<int>(std::move(row));
    QCOMPARE(sum, 10);
    QVERIFY(eventually([this] { return m_cleanups == 2; }));
}

void TestSynchronizerStreams::tasksIterate()
{
    Synchronizer io("streams", mode());
    const auto table = io.make<Table>(5, &m_cleanups);
    const auto collect = [&table](bool later) -> Task<std::vector<int>> {
        std::vector<int> rows;
        AsyncGenerator<int> items =
                later ? table.async(&Table::rowsLater, 0) : table.async(&Table::rows, 0);
        while (auto item = co_await items.next())
            rows.push_back(*item);
        co_return rows;
    };
    QCOMPARE(run(collect(false)), upTo(5));
    QCOMPARE(run(collect(true)), upTo(5));
    QCOMPARE(callSync(collect, true), upTo(5));
}

void TestSynchronizerStreams::futuresGetOneResultAnItem()
{
    Synchronizer io("streams", mode());
    const auto table = io.make<Table>(5, &m_cleanups);
    for (const QFuture<int> &future : {table.call(&Table::rows, 1), table.call(&Table::rowsLater, 1)}) {
        QVERIFY(finishes(future));
        QCOMPARE(future.results(), (QList<int>{1, 2, 3, 4}));
    }
    QCOMPARE(table.sync(&Table::size), 5);
    QCOMPARE(m_cleanups.load(), 2);
}

void TestSynchronizerStreams::errorsArriveAtTheirItem()
{
    Synchronizer io("streams");
    const auto table = io.make<Table>(5, &m_cleanups);
    for (const bool later : {false, true}) {
        std::vector<int> rows;
        auto range = later ? table.sync(&Table::failingLater, 2) : table.sync(&Table::failing, 2);
        const auto iterate = [&] {
            for (const int row : range)
                rows.push_back(row);
        };
        QCOMPARE(thrownBy(iterate), QByteArray("int 13"));
        QCOMPARE(rows, upTo(2));
    }
    QFuture<int> future = table.call(&Table::failing, 2);
    QCOMPARE(thrownBy([&] { future.waitForFinished(); }), QByteArray("int 13"));
    QCOMPARE(table.sync(&Table::size), 5);
}

void TestSynchronizerStreams::breakRunsTheCleanupOnTheLoop()
{
    Synchronizer io("streams");
    const auto table = io.make<Table>(1000, &m_cleanups);
    for (const int row : table.sync(&Table::rows, 0)) {
        if (row == 2)
            break;
    }
    for (const int row : table.sync(&Table::rowsLater, 0)) {
        if (row == 2)
            break;
    }
    QVERIFY(eventually([this] { return m_cleanups == 2; })); // 1000 each where it was another thread
    const auto task = [&table]() -> Task<> {
        AsyncGenerator<int> items = table.async(&Table::rows, 0);
        static_cast<void>(co_await items.next());
    };
    run(task());
    QVERIFY(eventually([this] { return m_cleanups == 3; }));
}

void TestSynchronizerStreams::otherCallsGoOnBetweenItems()
{
    for (const auto each : {Synchronizer::Interleaved, Synchronizer::ThreadAffine}) {
        Synchronizer io("streams", each);
        const auto table = io.make<Table>(5, &m_cleanups);
        int sum = 0;
        for (const int row : table.sync(&Table::rows, 0))
            sum += row + table.sync(&Table::size);
        QCOMPARE(sum, 35);
    }
}

void TestSynchronizerStreams::onItsOwnThread()
{
    for (const auto each : {Synchronizer::Interleaved, Synchronizer::ThreadAffine}) {
        Synchronizer io("streams", each);
        const auto table = io.make<Table>(5, &m_cleanups);
        const auto inside = [&table](Table &) {
            int sum = 0;
            for (const int row : table.sync(&Table::rows, 0))
                sum += row;
            for (const int row : table.sync(&Table::rowsLater, 0))
                sum += row;
            return sum;
        };
        QCOMPARE(table.sync(inside), 20);
        const auto insideTask = [](Table &, Synchronized<Table> self) -> Task<int> {
            int sum = 0;
            AsyncGenerator<int> items = self.async(&Table::rows, 0);
            while (auto item = co_await items.next())
                sum += *item;
            co_return sum;
        };
        QCOMPARE(table.sync(insideTask, table), 10);
    }
}

void TestSynchronizerStreams::streamsKeepTheObject()
{
    Synchronizer io("streams");
    auto table = io.make<Table>(3, &m_cleanups);
    {
        auto range = table.sync(&Table::rows, 0);
        table = {};
        std::vector<int> rows;
        for (const int row : range)
            rows.push_back(row);
        QCOMPARE(rows, upTo(3));
    }
    QVERIFY(eventually([this] { return m_cleanups == 10001; })); // and it ended then
}

void TestSynchronizerStreams::endOfTheSynchronizerEndsStreams()
{
    for (const auto each : {Synchronizer::Interleaved, Synchronizer::ThreadAffine}) {
        m_cleanups = 0;
        std::optional<Synchronizer> io(std::in_place, "streams", each);
        const auto table = io->make<Table>(100, &m_cleanups);
        auto begun = table.sync(&Table::rows, 0);
        auto later = table.sync(&Table::rowsLater, 0);
        auto untouched = table.sync(&Table::rows, 0);
        QCOMPARE(*begun.begin(), 0);
        QCOMPARE(*later.begin(), 0);
        io.reset();
        QCOMPARE(m_cleanups.load(), 10002); // both cleanups and the object
        for (auto *const range : {&begun, &later, &untouched}) {
            const QByteArray end = thrownBy([range] { range->begin(); });
            QVERIFY2(end == "LoopStopped" || end == "CallCanceled", end.constData());
        }
    }
}

void TestSynchronizerStreams::emptyHandlesAreErrors()
{
    const Synchronized<Table> empty;
    QCOMPARE(thrownBy([&] { static_cast<void>(empty.sync(&Table::rows, 0)); }), QByteArray("CallError"));
    QFuture<int> future = empty.call(&Table::rows, 0);
    QCOMPARE(thrownBy([&] { future.waitForFinished(); }), QByteArray("CallError"));
    const auto task = [&empty]() -> Task<> {
        AsyncGenerator<int> items = empty.async(&Table::rows, 0);
        static_cast<void>(co_await items.next());
    };
    QCOMPARE(thrownBy([&] { run(task()); }), QByteArray("CallError"));
}

void TestSynchronizerStreams::wrappedFunctions()
{
    Synchronizer io("streams");
    const auto table = io.make<Table>(3, &m_cleanups);
    const auto rows = io.wrap(rowsOf);
    int sum = 0;
    for (const int row : rows.sync(table, 2))
        sum += row;
    QCOMPARE(sum, 6);
    const QFuture<int> future = rows(table, 3);
    QVERIFY(finishes(future));
    QCOMPARE(future.results(), (QList<int>{0, 3, 6}));
    const auto task = [&]() -> Task<int> {
        int total = 0;
        AsyncGenerator<int> items = rows.async(table, 4);
        while (auto item = co_await items.next())
            total += *item;
        co_return total;
    };
    QCOMPARE(run(task()), 12);
}

QTEST_GUILESS_MAIN(TestSynchronizerStreams)
#include "tst_synchronizer_streams.moc"
