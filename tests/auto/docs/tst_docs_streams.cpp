// Snippets of src/doc/streams.md.
#include <Synchronaut/Synchronaut>

#include <QtCore/QFile>
#include <QtCore/QFutureWatcher>
#include <QtCore/QProcess>
#include <QtCore/QTemporaryFile>
#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

//! [streams-generator]
Generator<int> squares(int n)
{
    for (int i = 0; i < n; ++i)
        co_yield i * i;
}
//! [streams-generator]

int sumOfSquares()
{
    int sum = 0;
    //! [streams-range-for]
    for (const int square : squares(4))
        sum += square;
    //! [streams-range-for]
    return sum;
}

//! [streams-async-generator]
AsyncGenerator<QString> pages(int n)
{
    for (int i = 0; i < n; ++i) {
        co_await sleepFor(1ms); // a request, say
        co_yield QStringLiteral("page %1").arg(i);
    }
}

Task<QStringList> readPages()
{
    QStringList all;
    AsyncGenerator<QString> stream = pages(3);
    SYNCHRONAUT_FOR_AWAIT(const QString &page, stream)
        all += page;
    co_return all;
}
//! [streams-async-generator]

//! [streams-next]
Task<QString> firstPage()
{
    AsyncGenerator<QString> stream = pages(3);
    const std::optional<QString> page = co_await stream.next();
    co_await stream.close(); // runs what cleans up in the generator
    co_return page.value_or(QString());
}
//! [streams-next]

//! [streams-send]
AsyncGenerator<int, int> runningTotal()
{
    int total = 0;
    for (;;) {
        const std::optional<int> added = co_yield int(total);
        total += added.value_or(0);
    }
}

Task<int> addUp()
{
    AsyncGenerator<int, int> total = runningTotal();
    co_await total.next(); // comes to the first co_yield
    co_await total.send(2);
    const std::optional<int> sum = co_await total.send(3);
    co_return *sum;
}
//! [streams-send]

//! [streams-delegate]
AsyncGenerator<QString> book()
{
    co_yield QStringLiteral("title");
    co_yield pages(2);
}
//! [streams-delegate]

Task<QStringList> readBook()
{
    QStringList all;
    SYNCHRONAUT_FOR_AWAIT(const QString &page, book())
        all += page;
    co_return all;
}

//! [streams-blocking-range]
qsizetype lengthOfPages(int n)
{
    qsizetype sum = 0;
    for (const QString &page : callSync(pages, n))
        sum += page.size();
    return sum;
}
//! [streams-blocking-range]

QStringList pagesInTime()
{
    QStringList all;
    //! [streams-blocking-timeout]
    for (const QString &page : callSync({.timeout = 5s, .name = "pages"}, pages, 3))
        all += page;
    //! [streams-blocking-timeout]
    return all;
}

AsyncGenerator<int> asyncSquares(int n)
{
    for (int i = 0; i < n; ++i)
        co_yield i * i;
}

qint64 sumOfManySquares()
{
    qint64 sum = 0;
    //! [streams-buffered-range]
    for (const int square : buffered(callSync(asyncSquares, 1000), 64))
        sum += square;
    //! [streams-buffered-range]
    return sum;
}

//! [streams-buffered]
Task<QStringList> readAhead()
{
    QStringList all;
    AsyncGenerator<QString> stream = buffered(pages(5), 2);
    SYNCHRONAUT_FOR_AWAIT(const QString &page, stream)
    {
        co_await sleepFor(1ms); // meanwhile the next pages are requested
        all += page;
    }
    co_return all;
}
//! [streams-buffered]

//! [streams-async-of-blocking]
Generator<QByteArray> linesOf(QString path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        throw std::runtime_error("cannot open the file");
    while (!file.atEnd())
        co_yield file.readLine(); // may block
}

Task<int> countLinesOf(QString path)
{
    int lines = 0;
    AsyncGenerator<QByteArray> stream = callAsync(linesOf, path);
    SYNCHRONAUT_FOR_AWAIT([[maybe_unused]] const QByteArray &line, stream)
        ++lines;
    co_return lines;
}
//! [streams-async-of-blocking]

class Reader : public QObject
{
public:
    void read()
    {
        //! [streams-call-any]
        QFuture<QString> future = callAny(pages, 3);
        auto *const watcher = new QFutureWatcher<QString>(this);
        connect(watcher, &QFutureWatcherBase::resultReadyAt, this,
                [this, watcher](int index) { m_pages += watcher->resultAt(index); });
        watcher->setFuture(future);
        //! [streams-call-any]
    }
    QStringList m_pages;
};

//! [streams-from-signal]
Task<QString> nameAfter(QObject *object, const QString &name)
{
    auto changed = fromSignal(object, &QObject::objectNameChanged); // subscribes here
    object->setObjectName(name);
    co_return co_await withTimeout(std::move(changed), 2s);
}
//! [streams-from-signal]

//! [streams-emissions]
Task<QStringList> names(QObject *object, int count)
{
    QStringList all;
    AsyncGenerator<QString> changes = emissions(object, &QObject::objectNameChanged);
    SYNCHRONAUT_FOR_AWAIT(auto &&name, changes)
    {
        all += name;
        if (all.size() == count)
            break;
    }
    co_return all;
}
//! [streams-emissions]

//! [streams-process]
Task<int> countLines(QString program, QStringList arguments)
{
    QProcess process;
    process.setProgram(program);
    process.setArguments(arguments);
    co_await startProcess(&process);
    int lines = 0;
    for (;;) {
        const QByteArray line = co_await readLine(&process);
        if (line.isEmpty())
            break; // an empty line would be "\n"
        ++lines;
    }
    const ProcessExit exit = co_await finishProcess(&process);
    co_return exit.isSuccess() ? lines : -1;
}
//! [streams-process]

} // namespace

class tst_DocsStreams : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void generators()
    {
        QCOMPARE(sumOfSquares(), 14);
        QCOMPARE(run(readPages()).size(), 3);
        QCOMPARE(run(firstPage()), QStringLiteral("page 0"));
        QCOMPARE(run(addUp()), 5);
        QCOMPARE(run(readBook()).size(), 3);
    }

    void acrossThreads()
    {
        QCOMPARE(lengthOfPages(3), 18);
        QCOMPARE(pagesInTime().size(), 3);
        QCOMPARE(sumOfManySquares(), 332833500);
        QCOMPARE(run(readAhead()).size(), 5);
        QTemporaryFile file;
        QVERIFY(file.open());
        file.write("one\ntwo\n");
        file.close();
        QCOMPARE(run(countLinesOf(file.fileName())), 2);
        Reader reader;
        reader.read();
        QTRY_COMPARE(reader.m_pages.size(), 3);
    }

    void fromSignals()
    {
        QObject object;
        QCOMPARE(run(nameAfter(&object, QStringLiteral("a"))), QStringLiteral("a"));
        QFuture<QStringList> two = spawn(names(&object, 2));
        object.setObjectName(QStringLiteral("b"));
        object.setObjectName(QStringLiteral("c"));
        QTRY_VERIFY(two.isFinished());
        QCOMPARE(two.result(), (QStringList{QStringLiteral("b"), QStringLiteral("c")}));
    }

    void processes()
    {
        const QStringList script{QStringLiteral("-c"), QStringLiteral("echo a; echo; echo b")};
        QCOMPARE(run(countLines(QStringLiteral("/bin/sh"), script)), 3);
    }
};

QTEST_GUILESS_MAIN(tst_DocsStreams)
#include "tst_docs_streams.moc"
