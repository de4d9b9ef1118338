// Snippets of src/doc/observing.md.
#include <Synchronaut/Synchronaut>

#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

using namespace Synchronaut;

namespace {

int half(int n)
{
    return n / 2;
}

Task<int> both()
{
    const int first = co_await callAsync(half, 8);
    co_return first + co_await callAsync(half, 4);
}

} // namespace

class tst_DocsObserving : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void traced()
    {
        const QTemporaryDir folder;
        const QString file = folder.filePath(QStringLiteral("calls.json"));
        int total = 0;
        //! [observing-trace]
        {
            const Trace trace(file); // as the first line of main(), say
            total = callSync({.name = "both"}, both);
        }
        //! [observing-trace]
        QCOMPARE(total, 6);
        QFile written(file);
        QVERIFY(written.open(QIODevice::ReadOnly));
        QVERIFY(written.readAll().contains("wait for both"));
    }
    void counted()
    {
        //! [observing-stats]
        collectStats(true); // from zero
        callSync({.forceOffload = true}, half, 8);
        const Stats now = stats();
        qInfo() << now; // Stats(begun 1, queued 0, running 0, finished 1, ...
        //! [observing-stats]
        QCOMPARE(now.finished, 1);
        collectStats(false);
    }
};

QTEST_GUILESS_MAIN(tst_DocsObserving)
#include "tst_docs_observing.moc"
