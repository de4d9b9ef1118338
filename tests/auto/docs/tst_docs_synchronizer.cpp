// Snippets of src/doc/synchronizer.md.
#include <Synchronaut/Synchronaut>

#include <QtCore/QHash>
#include <QtTest/QTest>

#include <stdexcept>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

QString operator""_qs(const char *text, std::size_t size)
{
    return QString::fromUtf8(text, static_cast<qsizetype>(size));
}

class Journal
{
public:
    void note(const QString &what) { m_lines += what; }

private:
    QStringList m_lines;
};

struct Row
{
    QString name;
    int count = 0;
};

class Connection
{
public:
    explicit Connection(const QString &name) : file(name)
    {
        m_stock.insert("apples"_qs, 3);
        m_stock.insert("pears"_qs, 4);
    }
    int count(const QString &what) const { return m_stock.value(what); }
    Generator<Row> rows()
    {
        for (auto it = m_stock.cbegin(); it != m_stock.cend(); ++it) {
            Row row{it.key(), it.value()}; // GCC 12 destroys an aggregate twice that has no name here
            co_yield std::move(row);
        }
    }
    void rename(const QString &from, const QString &to) { m_stock[to] += m_stock.take(from); }
    void attach(Journal &journal)
    {
        m_journal = &journal;
        m_journal->note("attached"_qs);
    }
    bool isAttached() const { return m_journal; }
    bool save() const { return false; }
    bool overwrite() const { return true; }

    QString file;

private:
    QHash<QString, int> m_stock;
    Journal *m_journal = nullptr;
};

class Importer
{
public:
    explicit Importer(Connection &connection) : m_connection(connection) { }
    QString file() const { return m_connection.file; }

private:
    Connection &m_connection;
};

bool vacuumFile(const QString &file)
{
    return !file.isEmpty();
}

class Window : public QObject
{
public:
    bool askToOverwrite() const { return QThread::currentThread() == thread(); }
};

//! [synchronizer-await]
Task<int> countBoth(Synchronized<Connection> db)
{
    const int apples = co_await db.async(&Connection::count, "apples"_qs);
    co_return apples + co_await db.async(&Connection::count, "pears"_qs);
}
//! [synchronizer-await]

} // namespace

class Sensor : public QObject
{
    Q_OBJECT

public:
    void measure() { Q_EMIT changed(21); }

Q_SIGNALS:
    void changed(int value);
};

class Display : public QObject
{
    Q_OBJECT

public:
    void show(int value) { m_shown = QThread::currentThread() == thread() ? value : -1; }
    int shown() const { return m_shown; }

private:
    int m_shown = 0;
};

class tst_DocsSynchronizer : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void sample()
    {
        //! [synchronizer-sample]
        Synchronizer io("database");                            // one QThread with an event loop
        const auto db = io.make<Connection>("shop.sqlite"_qs);  // Synchronized<Connection>: built there

        QFuture<int> later = db.call(&Connection::count, "apples"_qs); // starts it
        int now = db.sync(&Connection::count, "pears"_qs);             // waits for it
        //! [synchronizer-sample]
        QCOMPARE(later.result(), 3);
        QCOMPARE(now, 4);
        QCOMPARE(run(countBoth(db)), 7);
    }
    void callables()
    {
        Synchronizer io("database");
        const auto db = io.make<Connection>("shop.sqlite"_qs);
        //! [synchronizer-callables]
        db.sync([](Connection &c) { c.rename("pears"_qs, "apples"_qs); }); // several steps, one call
        const QString file = db.sync(&Connection::file);                   // a data member: its value
        const auto vacuum = io.wrap(vacuumFile);                           // a free function
        const bool done = vacuum.sync(file);
        //! [synchronizer-callables]
        QCOMPARE(db.sync(&Connection::count, "apples"_qs), 7);
        QVERIFY(done);
    }
    void streams()
    {
        Synchronizer io("database");
        const auto db = io.make<Connection>("shop.sqlite"_qs);
        //! [synchronizer-streams]
        int total = 0;
        for (const Row &row : db.sync(&Connection::rows)) // Generator<Row> rows();
            total += row.count;
        //! [synchronizer-streams]
        QCOMPARE(total, 7);
    }
    void lending()
    {
        Synchronizer io("database");
        const auto db = io.make<Connection>("shop.sqlite"_qs);
        Window ours;
        Window *const window = &ours;
        //! [synchronizer-lending]
        // in the GUI thread; the question is asked there, too, although it waits
        const bool saved = db.sync([window](Connection &c) {
            return c.save() || (callOnSync(window, &Window::askToOverwrite) && c.overwrite());
        });
        //! [synchronizer-lending]
        QVERIFY(saved);
    }
    void affine()
    {
        //! [synchronizer-affine]
        Synchronizer db("database", Synchronizer::ThreadAffine);
        //! [synchronizer-affine]
        const auto connection = db.make<Connection>("shop.sqlite"_qs);
        const Synchronizer other("other");
        const auto back = other.wrap([connection] { return connection.sync(&Connection::count, "pears"_qs); });
        const auto goRound = [back](Connection &) { return back.sync(); };
        QVERIFY_THROWS_EXCEPTION(DeadlockError, connection.sync(goRound));
        QCOMPARE(back.sync(), 4);
    }
    void arguments()
    {
        Synchronizer io("database");
        const auto db = io.make<Connection>("shop.sqlite"_qs);
        //! [synchronizer-arguments]
        const auto log = io.make<Journal>();
        db.sync(&Connection::attach, log);           // void attach(Journal &journal)
        const auto writer = io.make<Importer>(db);   // explicit Importer(Connection &connection)
        //! [synchronizer-arguments]
        QVERIFY(db.sync(&Connection::isAttached));
        QCOMPARE(writer.sync(&Importer::file), "shop.sqlite"_qs);
    }
    void signalsOfObjects()
    {
        Synchronizer io("sensors");
        Display ours;
        Display *const display = &ours;
        //! [synchronizer-signals]
        const auto sensor = io.make<Sensor>();
        sensor.sync([display](Sensor &s) {
            QObject::connect(&s, &Sensor::changed, display, &Display::show); // in the display's thread
        });
        //! [synchronizer-signals]
        sensor.sync(&Sensor::measure);
        QVERIFY(QTest::qWaitFor([display] { return display->shown() != 0; }, 10000));
        QCOMPARE(display->shown(), 21);
    }
};

QTEST_GUILESS_MAIN(tst_DocsSynchronizer)
#include "tst_docs_synchronizer.moc"
