// Snippets of src/doc/gcc12.md: the right forms. tests/auto/gcc12 tells which forms are wrong.
#include <Synchronaut/Synchronaut>

#include <QtTest/QTest>

#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

struct Query
{
    QString table;
    int limit = 10;
};

QString fetch(const Query &query)
{
    return query.table + QString::number(query.limit);
}

int count(const QList<int> &list)
{
    return static_cast<int>(list.size());
}

qsizetype lengthOf(const QString &text)
{
    return text.size();
}

Task<QString> load()
{
    co_await sleepFor(1ms);
    co_return QStringLiteral("loaded");
}

Task<bool> isReady()
{
    co_await sleepFor(1ms);
    co_return true;
}

//! [gcc12-lambda]
Task<qsizetype> lengthLater(QString text)
{
    const auto work = [text] { return text.size(); }; // named before the await
    const qsizetype a = co_await callAsync(work);
    const qsizetype b = co_await callAsync(lengthOf, text); // or an argument in place of a capture
    co_return a + b;
}
//! [gcc12-lambda]

//! [gcc12-aggregate]
Task<QString> fetchUsers()
{
    const Query query{.table = QStringLiteral("users")}; // named before the await
    co_return co_await callAsync(fetch, query);
}
//! [gcc12-aggregate]

//! [gcc12-conditional]
Task<QString> loadIf(bool wanted)
{
    QString text = QStringLiteral("nothing");
    if (wanted)
        text = co_await load();
    co_return text;
}
//! [gcc12-conditional]

//! [gcc12-new]
Task<std::shared_ptr<QString>> loadShared()
{
    QString text = co_await load();
    co_return std::make_shared<QString>(std::move(text));
}
//! [gcc12-new]

//! [gcc12-braces]
Task<int> countThree()
{
    const QList<int> list = {1, 2, 3};
    co_return co_await callAsync(count, list);
}
//! [gcc12-braces]

//! [gcc12-options]
Task<int> countInTime(QList<int> list)
{
    const CallOptions options{.timeout = 1s, .name = "count"};
    co_return co_await callAsync(options, count, list);
}
//! [gcc12-options]

bool s_started = false;

void start()
{
    s_started = true;
}

//! [gcc12-if]
Task<> startWhenReady()
{
    const bool ready = co_await isReady();
    if (ready)
        start();
}
//! [gcc12-if]

} // namespace

class tst_DocsGcc12 : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void snippets()
    {
        QCOMPARE(run(lengthLater(QStringLiteral("abc"))), 6);
        QCOMPARE(run(fetchUsers()), QStringLiteral("users10"));
        QCOMPARE(run(loadIf(true)), QStringLiteral("loaded"));
        QCOMPARE(*run(loadShared()), QStringLiteral("loaded"));
        QCOMPARE(run(countThree()), 3);
        QCOMPARE(run(countInTime({1, 2})), 2);
        run(startWhenReady());
        QVERIFY(s_started);
    }
};

QTEST_GUILESS_MAIN(tst_DocsGcc12)
#include "tst_docs_gcc12.moc"
