// Snippets of README.md.
#include <Synchronaut/Synchronaut>

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

int slowAdd(int a, int b)
{
    QThread::msleep(2);
    return a + b;
}

Task<int> asyncAdd(int a, int b)
{
    co_await sleepFor(2ms);
    co_return a + b;
}

int fromSyncCode()
{
    //! [readme-sample]
    int five = callSync(asyncAdd, 2, 3);          // sync code calls a coroutine and waits
    //! [readme-sample]
    return five;
}

Task<int> fromAsyncCode()
{
    //! [readme-sample]
    int nine = co_await callAsync(slowAdd, 4, 5); // a coroutine calls blocking code and does not
    //! [readme-sample]
    co_return nine;
}

Task<QString> loadUser(int id)
{
    co_await sleepFor(1ms);
    co_return QStringLiteral("user %1").arg(id);
}

class Page : public QObject
{
public:
    //! [readme-gui]
    void load(int id)
    {
        callAny({.timeout = 2s, .context = this}, loadUser, id)
                .then(this, [this](const QString &name) { setTitle(name); })
                .onFailed(this, [this](const CallError &e) { setTitle(e.message()); });
    }
    //! [readme-gui]

    QString title;

private:
    void setTitle(const QString &text) { title = text; }
};

} // namespace

class tst_DocsReadme : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void sample()
    {
        QCOMPARE(fromSyncCode(), 5);
        QCOMPARE(run(fromAsyncCode()), 9);
    }
    void gui()
    {
        Page page;
        page.load(42);
        QTRY_COMPARE(page.title, QStringLiteral("user 42"));
    }
};

QTEST_GUILESS_MAIN(tst_DocsReadme)
#include "tst_docs_readme.moc"
