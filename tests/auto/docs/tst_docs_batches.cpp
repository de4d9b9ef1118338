// Snippets of src/doc/batches.md.
#include <Synchronaut/Synchronaut>

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

struct Refused
{
};

std::atomic<int> s_fetches{0};
std::atomic<int> s_refusals{0};

//! [batches-singleflight]
SingleFlight<QByteArray, QString> downloads;

Task<QByteArray> fetch(QString url); // dear

QFuture<QByteArray> download(const QString &url)
{
    return downloads.runOnce(url, fetch, url);
}
//! [batches-singleflight]

Task<QByteArray> fetch(QString url)
{
    ++s_fetches;
    co_await sleepFor(100ms);
    if (s_refusals-- > 0)
        throw Refused();
    co_return url.toUtf8();
}

//! [batches-retry]
Task<QByteArray> fetchStubbornly(QString url)
{
    RetryOptions options;
    options.attempts = 5;
    options.pause = 10ms; // then 20 ms, 40 ms…, each up to half shorter, at random
    options.attemptTimeout = 2s;
    options.timeout = 10s; // for everything
    options.retriable = failedWith<Refused, CallTimeout>;
    co_return co_await retry(options, fetch, url);
}
//! [batches-retry]

Task<int> ping(QString host)
{
    co_await yieldNow();
    co_return static_cast<int>(host.size());
}

QString greet(const QString &name)
{
    return QStringLiteral("Hello, ") + name;
}

int add(int a, int b)
{
    return a + b;
}

Task<> nap(std::chrono::hours time)
{
    co_await sleepFor(time);
}

qsizetype sizeOf(const QString &path)
{
    return path.size();
}

std::size_t hashOf(const QString &path)
{
    return qHash(path, 0);
}

} // namespace

class TestDocsBatches : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void list();
    void outcomes();
    void sameArguments();
    void oneDownload();
    void stubborn();
};

void TestDocsBatches::list()
{
    const QStringList hosts{QStringLiteral("a"), QStringLiteral("bc")};
    //! [batches-list]
    QList<Call<int>> calls;
    for (const QString &host : hosts)
        calls << call(ping, host).within(2s); // nothing has started yet
    const QList<int> times = parallelMap(calls).result();
    //! [batches-list]
    QCOMPARE(times, (QList<int>{1, 2}));
}

void TestDocsBatches::outcomes()
{
    QString printed;
    const auto print = [&printed](const QString &text, int number) {
        printed = text + QString::number(number);
    };
    //! [batches-outcomes]
    const auto [greeting, sum, slow] = parallelMap(returnExceptions, //
                                                   call(greet, QStringLiteral("Alice")),
                                                   call(add, 2, 3),
                                                   call(nap, 1h).within(10ms))
                                               .result();
    if (slow.isTimeout())
        print(greeting.value(), sum.value()); // value() throws what the call threw
    //! [batches-outcomes]
    QCOMPARE(printed, QStringLiteral("Hello, Alice5"));
}

void TestDocsBatches::sameArguments()
{
    const QString path = QStringLiteral("file");
    //! [batches-callmap]
    const auto [size, hash] = callMap(std::tuple{&sizeOf, &hashOf}, path).result();
    //! [batches-callmap]
    QCOMPARE(size, 4);
    QCOMPARE(hash, qHash(path, 0));
}

void TestDocsBatches::oneDownload()
{
    QList<QFuture<QByteArray>> windows;
    for (int i = 0; i < 10; ++i)
        windows << download(QStringLiteral("page"));
    for (const auto &window : windows)
        QCOMPARE(window.result(), QByteArray("page"));
    QCOMPARE(s_fetches, 1);
}

void TestDocsBatches::stubborn()
{
    s_refusals = 2;
    QCOMPARE(callSync(fetchStubbornly, QStringLiteral("page")), QByteArray("page"));
}

QTEST_GUILESS_MAIN(TestDocsBatches)
#include "tst_docs_batches.moc"
