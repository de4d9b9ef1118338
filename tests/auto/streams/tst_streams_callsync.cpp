// callSync() of a function that returns a Generator<T>: a Generator<T>; and the decorator's forms.
#include "sources.h"

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

struct Shelf
{
    Generator<int> books(int n) const
    {
        for (int i = 0; i < n; ++i)
            co_yield first + i;
    }
    AsyncGenerator<int> asyncBooks(int n) const
    {
        for (int i = 0; i < n; ++i) {
            co_await yieldNow();
            co_yield first + i;
        }
    }
    int first = 0;
};

Generator<int> sleeping(std::chrono::milliseconds each, Footprints *trace)
{
    const Cleanup cleanup(trace);
    for (int i = 0;; ++i) {
        QThread::msleep(static_cast<unsigned long>(each.count()));
        ++trace->made;
        co_yield int(i);
    }
}

} // namespace

class tst_StreamsCallSync : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aGeneratorRunsInTheCallingThread()
    {
        Footprints trace;
        static_assert(std::is_same_v<decltype(callSync(blockingNumbers, 3, &trace)), Generator<int>>);
        QCOMPARE(all(callSync(blockingNumbers, 3, &trace)), upTo(3));
        QCOMPARE(trace.thread.load(), QThread::currentThread());
        QCOMPARE(trace.cleanedOn.load(), QThread::currentThread());
    }

    void argumentsLiveAsLongAsTheGenerator()
    {
        const auto echo = [prefix = QStringLiteral("a long prefix, not in place: ")](
                                  const QString &text, int n) -> Generator<QString> {
            for (int i = 0; i < n; ++i)
                co_yield prefix + text;
        };
        for (const CallOptions &options : {CallOptions{}, CallOptions{.forceOffload = true}}) {
            QString last;
            for (const QString &item : callSync(options, echo, QStringLiteral("an argument, not in place"), 2))
                last = item;
            QCOMPARE(last, QStringLiteral("a long prefix, not in place: an argument, not in place"));
        }
    }

    void optionsSendItToThePool()
    {
        Footprints trace;
        QCOMPARE(all(callSync({.forceOffload = true}, blockingNumbers, 3, &trace)), upTo(3));
        QVERIFY(trace.thread.load() != QThread::currentThread());
        QVERIFY(trace.cleanedOn.load() != QThread::currentThread());
        QVERIFY(trace.cleaned);
        QThreadPool pool;
        pool.setMaxThreadCount(1);
        QThread *other = nullptr;
        const auto ask = [&other] { other = QThread::currentThread(); };
        callSync({.executor = &pool}, ask);
        pool.setExpiryTimeout(-1);
        QCOMPARE(all(callSync({.executor = &pool}, blockingNumbers, 3, &trace)), upTo(3));
        QVERIFY(pool.contains(trace.thread.load()));
    }

    void aTimeoutCoversTheWholeGenerator()
    {
        Footprints trace;
        QString message;
        try {
            for ([[maybe_unused]] const int item :
                 callSync({.timeout = 500ms, .name = "sleeping"}, sleeping, 2ms, &trace)) { }
        } catch (const CallTimeout &e) {
            message = e.message();
        }
        QCOMPARE(message, QStringLiteral("Function sleeping timed out after 0.5s"));
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void leavingCleansUpOnThePool()
    {
        Footprints trace;
        for ([[maybe_unused]] const int item : callSync({.timeout = 1h}, sleeping, 1ms, &trace))
            break;
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
        QVERIFY(trace.cleanedOn.load() != QThread::currentThread());
    }

    void G17_contextIsThatOfTheCallAndDoesNotLeak()
    {
        static ContextVar<int> number("number", 0);
        const auto counts = [](int n) -> Generator<int> {
            for (int i = 0; i < n; ++i) {
                co_yield number.get();
                number.set(number.get() + 1);
            }
        };
        for (const CallOptions &options : {CallOptions{}, CallOptions{.forceOffload = true}}) {
            number.set(7);
            std::vector<int> seen;
            for (const int item : callSync(options, counts, 3)) {
                seen.push_back(item);
                number.set(100 + item);
            }
            QCOMPARE(seen, (std::vector<int>{7, 8, 9}));
            QCOMPARE(number.get(), 109);
        }
        number.set(0);
    }

    void errorsArriveAtTheirItem()
    {
        for (const CallOptions &options : {CallOptions{}, CallOptions{.forceOffload = true}}) {
            std::vector<int> seen;
            QCOMPARE(thrownBy([&] {
                         for (const int item : callSync(options, blockingFailingAt, 3))
                             seen.push_back(item);
                     }),
                     "std::exception: no more");
            QCOMPARE(seen, upTo(3));
        }
        Generator<int> (*const null)(int) = nullptr;
        QCOMPARE(thrownBy([&] { static_cast<void>(callSync(null, 1)); }), "CallError");
    }

    void deathOfTheContextObjectEndsIt()
    {
        Footprints trace;
        auto owner = std::make_unique<QObject>();
        Generator<int> items = callSync({.context = owner.get()}, sleeping, 1ms, &trace);
        QCOMPARE(*items.begin(), 0);
        owner.reset();
        QCOMPARE(thrownBy([&] { all(items); }), "CallCanceled");
        QVERIFY(eventually([&] { return trace.cleaned.load(); }));
    }

    void memberFunctionsToo()
    {
        const Shelf shelf{3};
        QCOMPARE(all(callSync(&Shelf::books, &shelf, 2)), (std::vector<int>{3, 4}));
        QCOMPARE(all(callSync(&Shelf::asyncBooks, &shelf, 2)), (std::vector<int>{3, 4}));
        const Shelf *const none = nullptr;
        QCOMPARE(thrownBy([&] { static_cast<void>(callSync(&Shelf::books, none, 2)); }), "CallError");
    }

    void theDecoratorHasAllForms()
    {
        const auto plain = synchronaut(blockingNumbers);
        const auto async = synchronaut(numbers, {.timeout = 1min, .name = "numbers"});
        const auto method = synchronaut(&Shelf::asyncBooks);
        const Shelf shelf{1};
        QCOMPARE(all(plain.sync(3, nullptr)), upTo(3));
        QCOMPARE(all(async.sync(3, nullptr)), upTo(3));
        QCOMPARE(all(method.sync(&shelf, 2)), (std::vector<int>{1, 2}));
        QFuture<int> items = async(3, nullptr);
        QVERIFY(finishes(items));
        QCOMPARE(items.results(), (QList<int>{0, 1, 2}));
        QFuture<int> plainItems = plain(3, nullptr);
        QVERIFY(finishes(plainItems));
        QCOMPARE(plainItems.results(), (QList<int>{0, 1, 2}));
        const auto consume = [&]() -> Task<int> {
            int sum = 0;
            AsyncGenerator<int> one = plain.async(4, nullptr);
            SYNCHRONAUT_FOR_AWAIT(const int item, one)
                sum += item;
            AsyncGenerator<int> two = async.async(4, nullptr);
            SYNCHRONAUT_FOR_AWAIT(const int item, two)
                sum += item;
            co_return sum;
        };
        QCOMPARE(run(consume()), 12);
    }
};

QTEST_GUILESS_MAIN(tst_StreamsCallSync)
#include "tst_streams_callsync.moc"
