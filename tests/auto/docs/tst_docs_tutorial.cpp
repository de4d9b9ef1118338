// Snippets of src/doc/tutorial.md.
#include <Synchronaut/Synchronaut>

#include <QtConcurrent/QtConcurrentRun>
#include <QtTest/QTest>

#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>

#include <numeric>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

//! [tutorial-function]
struct CannotRead
{
    QString path;
};

int countWords(const QString &path) // a plain function: it reads a file and blocks
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        throw CannotRead{path};
    int words = 0;
    while (!file.atEnd()) {
        words += int(file.readLine().simplified().split(' ').size());
        QThread::msleep(5); // the disk is slow
    }
    return words;
}
//! [tutorial-function]

//! [tutorial-polling]
int countWordsUntilStopped(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        throw CannotRead{path};
    int words = 0;
    while (!file.atEnd()) {
        throwIfCanceled(); // the one line that is new
        words += int(file.readLine().simplified().split(' ').size());
        QThread::msleep(5);
    }
    return words;
}
//! [tutorial-polling]

class Window : public QObject
{
public:
    //! [tutorial-concurrent]
    void showWords(const QString &path)
    {
        QtConcurrent::run(countWords, path).then(this, [this](int words) {
            setText(QString::number(words));
        });
    }
    //! [tutorial-concurrent]

    //! [tutorial-callany]
    void showWordsOrError(const QString &path)
    {
        callAny(countWords, path)
                .then(this, [this](int words) { setText(QString::number(words)); })
                .onFailed(this, [this](const CannotRead &e) { setText(QStringLiteral("cannot read ") + e.path); });
    }
    //! [tutorial-callany]

    //! [tutorial-limits]
    void showWordsInTime(const QString &path)
    {
        callAny({.timeout = 2s, .context = this}, countWordsUntilStopped, path)
                .then(this, [this](int words) { setText(QString::number(words)); })
                .onFailed(this, [this](const CannotRead &e) { setText(QStringLiteral("cannot read ") + e.path); })
                .onFailed(this, [this](const CallError &e) { setText(e.message()); });
    }
    //! [tutorial-limits]

    //! [tutorial-spawn]
    void openFile(const QString &path) // a slot
    {
        m_work.cancel(); // the file before, if that is still being read
        m_work = spawn(this, show(path));
    }
    //! [tutorial-spawn]

    //! [tutorial-cancel]
    void stop() // the slot of a button
    {
        m_work.cancel();
    }
    //! [tutorial-cancel]

    QFuture<void> work() const { return m_work; }
    QString text;

private:
    //! [tutorial-coroutine]
    Task<> show(QString path) // by value: the coroutine outlives its caller's variables
    {
        setText(QStringLiteral("reading"));
        QString error;
        try {
            const CallOptions limit{.timeout = 2s};
            const int words = co_await callAsync(limit, countWordsUntilStopped, path); // on a pool thread
            setText(QString::number(words));                                           // in the window's thread
        } catch (const CannotRead &e) {
            error = QStringLiteral("cannot read ") + e.path;
        } catch (const CallTimeout &e) {
            error = e.message();
        }
        if (!error.isEmpty())
            setText(error);
    }
    //! [tutorial-coroutine]

    void setText(const QString &t) { text = t; }

    QFuture<void> m_work;
};

//! [tutorial-several]
Task<int> countAll(QStringList paths)
{
    std::vector<Task<int>> counts;
    for (const QString &path : paths)
        counts.push_back(callAsync(countWordsUntilStopped, path)); // nothing runs yet
    const std::vector<int> words = co_await whenAll(std::move(counts));
    co_return std::accumulate(words.begin(), words.end(), 0);
}
//! [tutorial-several]

//! [tutorial-progress]
Task<int> countWithProgress(QStringList paths)
{
    setProgressRange(0, int(paths.size()));
    int done = 0;
    int words = 0;
    for (const QString &path : paths) {
        words += co_await callAsync(countWordsUntilStopped, path);
        setProgress(++done, path);
    }
    co_return words;
}
//! [tutorial-progress]

//! [tutorial-main]
int printAll(const QStringList &paths) // what main() calls
{
    const int words = run(countAll(paths));                  // turns the event loop until it is done
    const int again = callSync({.timeout = 10s}, countAll, paths); // or: waits, without a loop
    return words == again ? 0 : 1;
}
//! [tutorial-main]

} // namespace

class tst_DocsTutorial : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        write(QStringLiteral("short"), 3);
        write(QStringLiteral("long"), 2000); // ten seconds of reading
    }
    void future()
    {
        Window window;
        window.showWords(path("short"));
        QTRY_COMPARE(window.text, QStringLiteral("6"));
        window.text.clear();
        window.showWordsOrError(path("short"));
        QTRY_COMPARE(window.text, QStringLiteral("6"));
    }
    void failure()
    {
        Window window;
        window.showWordsOrError(path("none"));
        QTRY_VERIFY(window.text.startsWith(QStringLiteral("cannot read")));
        window.text.clear();
        window.showWordsInTime(path("none"));
        QTRY_VERIFY(window.text.startsWith(QStringLiteral("cannot read")));
    }
    void timeout()
    {
        Window window;
        window.showWordsInTime(path("long"));
        QTRY_VERIFY_WITH_TIMEOUT(window.text.contains(QStringLiteral("timed out")), 10'000);
    }
    void coroutine()
    {
        Window window;
        window.openFile(path("short"));
        QTRY_COMPARE(window.text, QStringLiteral("6"));
        window.openFile(path("none"));
        QTRY_VERIFY(window.text.startsWith(QStringLiteral("cannot read")));
        window.openFile(path("short")); // while no file is being read
        QTRY_COMPARE(window.text, QStringLiteral("6"));
    }
    void stopped()
    {
        Window window;
        window.openFile(path("long"));
        QCOMPARE(window.text, QStringLiteral("reading"));
        window.stop();
        QTRY_VERIFY(window.work().isFinished());
        QVERIFY(window.work().isCanceled());
        QCOMPARE(window.text, QStringLiteral("reading"));
    }
    void closed()
    {
        QFuture<void> work;
        {
            Window window;
            window.openFile(path("long"));
            work = window.work();
        }
        QVERIFY_THROWS_EXCEPTION(CallCanceled, work.waitForFinished());
    }
    void several()
    {
        const QStringList paths{path("short"), path("short")};
        QCOMPARE(run(countAll(paths)), 12);
        QFuture<int> future = callAny(countWithProgress, paths);
        QCOMPARE(future.result(), 12);
        QCOMPARE(future.progressValue(), 2);
        QCOMPARE(printAll(paths), 0);
    }

private:
    QString path(const char *name) const { return m_folder.filePath(QString::fromLatin1(name)); }
    void write(const QString &name, int lines)
    {
        QFile file(m_folder.filePath(name));
        QVERIFY(file.open(QIODevice::WriteOnly));
        for (int i = 0; i < lines; ++i)
            file.write("two words\n");
    }

    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(tst_DocsTutorial)
#include "tst_docs_tutorial.moc"
