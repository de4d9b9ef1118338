// Snippets of src/doc/futures.md.
#include <Synchronaut/Synchronaut>

#include <QtCore/QFutureWatcher>
#include <QtCore/QLoggingCategory>
#include <QtTest/QTest>

#include <stdexcept>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

struct NotFound
{
    int id;
};

Task<QString> loadName(int id)
{
    co_await sleepFor(1ms);
    if (id < 0)
        throw NotFound{id};
    co_return QStringLiteral("name %1").arg(id);
}

Task<int> fails()
{
    co_await sleepFor(1ms);
    throw std::runtime_error("disk full");
}

class Page : public QObject
{
public:
    //! [futures-then]
    void load(int id)
    {
        callAny({.timeout = 2s}, loadName, id)
                .then(this, [this](const QString &name) { show(name); })
                .onFailed(this, [this](const NotFound &e) { show(QStringLiteral("no %1").arg(e.id)); })
                .onFailed(this, [this](const CallError &e) { show(e.message()); });
    }
    //! [futures-then]

    //! [futures-watcher]
    void watch(int id)
    {
        connect(&m_watcher, &QFutureWatcherBase::finished, this, [this] { show(m_watcher.result()); });
        m_watcher.setFuture(callAny(loadName, id));
    }
    //! [futures-watcher]

    QString text;

private:
    void show(const QString &newText) { text = newText; }

    QFutureWatcher<QString> m_watcher;
};

//! [futures-await]
Task<QString> bothNames()
{
    QFuture<QString> first = callAny(loadName, 1); // both run from here on
    QFuture<QString> second = callAny(loadName, 2);
    const QString left = co_await first;
    const QString right = co_await second;
    co_return left + QStringLiteral(", ") + right;
}
//! [futures-await]

} // namespace

class tst_DocsFutures : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void thenAndFailed()
    {
        Page page;
        page.load(7);
        QTRY_COMPARE(page.text, QStringLiteral("name 7"));
        page.load(-1);
        QTRY_COMPARE(page.text, QStringLiteral("no -1"));
    }
    void watcher()
    {
        Page page;
        page.watch(8);
        QTRY_COMPARE(page.text, QStringLiteral("name 8"));
    }
    void awaits() { QCOMPARE(run(bothNames()), QStringLiteral("name 1, name 2")); }
    void thrown()
    {
        int id = 0;
        //! [futures-thrown]
        QFuture<QString> future = callAny(loadName, -5);
        try {
            future.waitForFinished();
        } catch (const NotFound &e) { // what was thrown, whatever its type
            id = e.id;
        }
        //! [futures-thrown]
        QCOMPARE(id, -5);
    }
    void unobserved()
    {
        static std::atomic<bool> s_seen;
        s_seen = false;
        //! [futures-unobserved]
        onUnobservedError([](const UnobservedError &lost) {
            s_seen = lost.error && lost.origin.functionName == QStringLiteral("fails");
        });
        callAny({.name = "fails"}, fails); // nobody keeps the future, and it fails
        //! [futures-unobserved]
        QTRY_VERIFY(s_seen);
        onUnobservedError({});
    }
    void unobservedIsLogged()
    {
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(QStringLiteral("^Unobserved error of fails: disk full, "
                                                               "called at .*tst_docs_futures.cpp:\\d+")));
        callAny({.name = "fails"}, fails);
        QVERIFY(shutdownAfterOthers());
    }

private:
    /// A later call on the same loop ends later than the failing one.
    static bool shutdownAfterOthers()
    {
        callSync([]() -> Task<> { co_await sleepFor(20ms); });
        return shutdown(QDeadlineTimer(10'000));
    }
};

QTEST_GUILESS_MAIN(tst_DocsFutures)
#include "tst_docs_futures.moc"
