// Snippets of src/doc/combinators.md.
#include <Synchronaut/FutureCoroutine>
#include <Synchronaut/Synchronaut>

#include <QtTest/QTest>

#include <memory>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

Task<QString> loadUser(int id)
{
    co_await sleepFor(1ms);
    co_return QStringLiteral("user%1").arg(id);
}

Task<QString> loadUserSlowly(int)
{
    co_await sleepFor(1h);
    co_return QString();
}

Task<QString> loadAvatar(int)
{
    co_await yieldNow();
    co_return QStringLiteral(":-)");
}

Task<int> readNumber()
{
    co_await yieldNow();
    co_return 42;
}

Task<QFuture<int>> futureOfReader()
{
    co_return toFuture(readNumber());
}

Task<> fail(int number)
{
    co_await yieldNow();
    throw number;
}

Task<> visit(TaskGroup *group, QString page, int *found)
{
    co_await yieldNow();
    ++*found;
    if (page.size() < 3)
        group->spawn(visit(group, page + QLatin1Char('x'), found));
}

//! [combine-all]
Task<QString> loadPage(int id)
{
    const auto [user, avatar] = co_await whenAll(loadUser(id), loadAvatar(id));
    co_return user + avatar;
}
//! [combine-all]

//! [combine-race]
Task<QString> loadFromEither(int id)
{
    std::vector<Task<QString>> mirrors;
    mirrors.push_back(loadUser(id));
    mirrors.push_back(loadUserSlowly(id));
    co_return co_await race(std::move(mirrors)); // the slow one is cancelled
}
//! [combine-race]

//! [combine-group]
Task<int> crawl(QStringList pages)
{
    int found = 0;
    const auto body = [&](TaskGroup &group) -> Task<> {
        for (const QString &page : pages)
            group.spawn(visit(&group, page, &found)); // which may spawn more
        co_await group.join();
    };
    co_await withTaskGroup(body); // no child survives this line
    co_return found;
}
//! [combine-group]

//! [combine-owner]
class Page : public QObject
{
public:
    void show(int id) { spawn(this, fill(id)); }

private:
    Task<> fill(int id)
    {
        m_title = co_await loadPage(id); // never comes back here when the page is gone
    }
    QString m_title;
//! [combine-owner]
public:
    QString title() const { return m_title; }
//! [combine-owner]
};
//! [combine-owner]

class Library : public QObject
{
public:
    QFuture<QString> title(int id);

private:
    QHash<int, QString> m_titles{{1, QStringLiteral("Ulysses")}};
};

//! [combine-futurecoroutine]
QFuture<QString> Library::title(int id) // a slot, an invokable, an interface of others
{
    co_await sleepFor(1ms);
    co_return m_titles.value(id);
}
//! [combine-futurecoroutine]

} // namespace

class tst_DocsCombinators : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void all() { QCOMPARE(run(loadPage(3)), QStringLiteral("user3:-)")); }
    void either() { QCOMPARE(run(loadFromEither(3)), QStringLiteral("user3")); }
    void group() { QCOMPARE(run(crawl({QStringLiteral("a"), QStringLiteral("abc")})), 4); }
    void errors()
    {
        //! [combine-errors]
        const auto tolerant = [&](TaskGroup &group) -> Task<qsizetype> {
            group.spawn(fail, 1);
            group.spawn(fail, 2);
            try {
                co_await group.join();
            } catch (int) { // the first; the body may go on
            }
            co_return group.errors().size();
        };
        //! [combine-errors]
        const qsizetype count = run(withTaskGroup(tolerant));
        QVERIFY(count == 1 || count == 2);
    }
    void owner()
    {
        Page page;
        page.show(3);
        QTRY_COMPARE(page.title(), QStringLiteral("user3:-)"));
        auto gone = std::make_unique<Page>();
        gone->show(4);
        gone.reset();
        QTest::qWait(5);
    }
    void futureCoroutine()
    {
        Library library;
        QFuture<QString> title = library.title(1);
        QTRY_VERIFY(title.isFinished());
        QCOMPARE(title.result(), QStringLiteral("Ulysses"));
    }
    void whatever()
    {
        //! [combine-whatever]
        QFuture<QString> future = toFuture(loadUser(1)); // started here; a QFuture stays what it is
        const auto half = [](int n) { return n / 2; };
        const int now = continueWith(42, half);                   // a value: at once
        const int later = run(continueWith(readNumber(), half));  // an awaitable: a task
        const int inner = run(unwrap(futureOfReader()));        // Task<QFuture<int>>: all the way down
        //! [combine-whatever]
        QTRY_VERIFY(future.isFinished());
        QCOMPARE(now + later + inner, 21 + 21 + 42);
    }
};

QTEST_GUILESS_MAIN(tst_DocsCombinators)
#include "tst_docs_combinators.moc"
