// What Trace writes: slices, tracks and arrows of calls, as JSON.
#include "../support/waiting.h"

#include <Synchronaut/CallAny>
#include <Synchronaut/CallAsync>
#include <Synchronaut/CallSync>
#include <Synchronaut/Lifecycle>
#include <Synchronaut/Run>
#include <Synchronaut/Task>
#include <Synchronaut/Timers>
#include <Synchronaut/Trace>

#include <QtCore/QFile>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtCore/QRegularExpression>
#include <QtCore/QSet>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <optional>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

int answer()
{
    return 42;
}

QString text(const QJsonObject &event, const char *key)
{
    return event.value(QLatin1String(key)).toString();
}

} // namespace

class TestObservingTrace : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void anOffloadedCall();
    void anAwaitedCall();
    void outcomes();
    void endedTraceTouchesNothing();
    void oneAtATime();
    void cannotBeWritten();
    void diskFull();
    void everyCallHasItsOwnArrows();
    void slicesDoNotOverlap();
    void manyCallsFromManyThreads();

private:
    /// The events written so far, of \a phase and \a name.
    QList<QJsonObject> events(const char *phase, const QString &name = {});
    QString path() const { return m_folder->filePath(QStringLiteral("trace.json")); }

    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestObservingTrace::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
}

QList<QJsonObject> TestObservingTrace::events(const char *phase, const QString &name)
{
    QFile file(path());
    QList<QJsonObject> found;
    if (!file.open(QIODevice::ReadOnly))
        return found;
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(file.readAll(), &error);
    if (error.error != QJsonParseError::NoError)
        qFatal("not JSON: %s", qPrintable(error.errorString()));
    for (const QJsonValue &value : document.array()) {
        const QJsonObject event = value.toObject();
        if (text(event, "ph") == QLatin1String(phase) && (name.isEmpty() || text(event, "name") == name))
            found += event;
    }
    return found;
}

void TestObservingTrace::anOffloadedCall()
{
    {
        const Trace trace(path());
        QCOMPARE(callSync({.forceOffload = true, .name = "answer"}, answer), 42);
        QVERIFY(shutdown(QDeadlineTimer(10s))); // the pool's thread has left the call, too
    }
    const QString name = QStringLiteral("answer");
    const QList<QJsonObject> made = events("X", QStringLiteral("call answer"));
    const QList<QJsonObject> waited = events("X", QStringLiteral("wait for answer"));
    const QList<QJsonObject> ran = events("X", name);
    QCOMPARE(made.size(), 1);
    QCOMPARE(waited.size(), 1);
    QCOMPARE(ran.size(), 1);
    const int here = made.first().value(QLatin1String("tid")).toInt();
    const int there = ran.first().value(QLatin1String("tid")).toInt();
    QVERIFY(here != there);
    QCOMPARE(waited.first().value(QLatin1String("tid")).toInt(), here);
    QCOMPARE(events("M").size(), 2); // both have names

    // the arrow there, and the one back
    const QList<QJsonObject> from = events("s", name);
    const QList<QJsonObject> to = events("f", name);
    QCOMPARE(from.size(), 2);
    QCOMPARE(to.size(), 2);
    for (const char *const kind : {"start", "reply"}) {
        const auto ofKind = [kind](const QJsonObject &event) { return text(event, "cat") == QLatin1String(kind); };
        const auto tail = std::find_if(from.begin(), from.end(), ofKind);
        const auto head = std::find_if(to.begin(), to.end(), ofKind);
        QVERIFY(tail != from.end() && head != to.end());
        QCOMPARE(text(*tail, "id"), text(*head, "id"));
        const bool starts = qstrcmp(kind, "start") == 0;
        QCOMPARE(tail->value(QLatin1String("tid")).toInt(), starts ? here : there);
        QCOMPARE(head->value(QLatin1String("tid")).toInt(), starts ? there : here);
        QVERIFY(tail->value(QLatin1String("ts")).toDouble() <= head->value(QLatin1String("ts")).toDouble());
    }

    // its own track, from the beginning to the end
    QCOMPARE(events("b", name).size(), 1);
    const QList<QJsonObject> ends = events("e", name);
    QCOMPARE(ends.size(), 1);
    QCOMPARE(ends.first().value(QLatin1String("args")).toObject().value(QLatin1String("outcome")).toString(),
             QStringLiteral("value"));
}

void TestObservingTrace::anAwaitedCall()
{
    {
        const Trace trace(path());
        const auto slowAnswer = [] {
            QThread::msleep(5); // so that it is awaited
            return answer();
        };
        const auto outer = [slowAnswer]() -> Task<int> {
            const CallOptions options{.name = "inner"};
            co_return co_await callAsync(options, slowAnswer);
        };
        QCOMPARE(callSync({.name = "outer"}, outer), 42);
        QVERIFY(shutdown(QDeadlineTimer(10s)));
    }
    QVERIFY(events("X", QStringLiteral("outer")).size() >= 2); // up to its suspension, and after it
    const QList<QJsonObject> ran = events("X", QStringLiteral("inner"));
    QCOMPARE(ran.size(), 1);
    const QList<QJsonObject> back = events("f", QStringLiteral("inner"));
    QCOMPARE(back.size(), 2);
    const int loop = events("X", QStringLiteral("outer")).first().value(QLatin1String("tid")).toInt();
    QCOMPARE(back.last().value(QLatin1String("tid")).toInt(), loop);
    QVERIFY(ran.first().value(QLatin1String("tid")).toInt() != loop);
}

void TestObservingTrace::outcomes()
{
    {
        const Trace trace(path());
        const auto never = []() -> Task<> { co_await sleepFor(20s); };
        const auto throws = []() -> int { throw 3; };
        QCOMPARE(thrownBy([&] { callSync({.timeout = 1ms, .name = "late"}, never); }), "CallTimeout");
        QCOMPARE(thrownBy([&] { callSync({.forceOffload = true, .name = "thrown"}, throws); }), "int 3");
        QFuture<void> canceled = callAny({.name = "cancelled"}, never);
        canceled.cancel();
        QVERIFY(finishes(canceled));
    }
    const auto outcomeOf = [this](const QString &name) {
        const QList<QJsonObject> ends = events("e", name);
        if (ends.size() != 1)
            return QStringLiteral("%1 ends").arg(ends.size());
        return ends.first().value(QLatin1String("args")).toObject().value(QLatin1String("outcome")).toString();
    };
    QCOMPARE(outcomeOf(QStringLiteral("late")), QStringLiteral("timeout"));
    QCOMPARE(outcomeOf(QStringLiteral("thrown")), QStringLiteral("error"));
    QCOMPARE(outcomeOf(QStringLiteral("cancelled")), QStringLiteral("cancelled"));
}

void TestObservingTrace::endedTraceTouchesNothing()
{
    QFuture<int> running;
    std::atomic<bool> open{false};
    {
        const Trace trace(path());
        running = callAny({.forceOffload = true, .name = "long"}, [&open] {
            return eventually([&open] { return open.load(); }) ? 1 : 0;
        });
    }
    open = true;
    QVERIFY(finishes(running));
    QCOMPARE(events("b", QStringLiteral("long")).size(), 1);
    QCOMPARE(events("e", QStringLiteral("long")).size(), 0);
    {
        const Trace again(path()); // replaces the file
        callSync({.forceOffload = true, .name = "second"}, answer);
    }
    QCOMPARE(events("b", QStringLiteral("long")).size(), 0);
    QCOMPARE(events("e", QStringLiteral("second")).size(), 1);
    {
        const Trace first(path());
        open = false;
        running = callAny({.forceOffload = true, .name = "long"}, [&open] {
            return eventually([&open] { return open.load(); }) ? 1 : 0;
        });
    }
    {
        const Trace second(path()); // the call was begun under another
        open = true;
        QVERIFY(finishes(running));
        QVERIFY(shutdown(QDeadlineTimer(10s)));
    }
    for (const char *const phase : {"b", "e", "s", "f", "X"})
        QCOMPARE(events(phase).size(), 0);
}

void TestObservingTrace::oneAtATime()
{
    const Trace trace(path());
    QCOMPARE(thrownBy([this] { const Trace second(path()); }), "CallError");
}

void TestObservingTrace::cannotBeWritten()
{
    const QString nowhere = m_folder->filePath(QStringLiteral("no/such/folder.json"));
    QCOMPARE(thrownBy([&] { const Trace trace(nowhere); }), "CallError");
    const Trace trace(path()); // the failed one is not in the way
}

void TestObservingTrace::diskFull()
{
#ifdef Q_OS_LINUX
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("Trace cannot complete /dev/full: ")));
    const Trace trace(QStringLiteral("/dev/full"));
    callSync({.forceOffload = true}, answer);
#else
    QSKIP("There is no /dev/full here");
#endif
}

void TestObservingTrace::everyCallHasItsOwnArrows()
{
    constexpr int calls = 500;
    {
        const Trace trace(path());
        for (int i = 0; i < calls; ++i) // some where others were before
            callSync({.forceOffload = true, .name = "answer"}, answer);
        QVERIFY(shutdown(QDeadlineTimer(10s)));
    }
    QSet<QString> ids;
    for (const QJsonObject &begin : events("b"))
        ids += text(begin, "id");
    QCOMPARE(ids.size(), calls);
}

void TestObservingTrace::slicesDoNotOverlap()
{
    {
        const Trace trace(path());
        for (int i = 0; i < 20; ++i)
            callSync({.forceOffload = true, .name = "answer"}, answer);
        QVERIFY(shutdown(QDeadlineTimer(10s)));
    }
    // on one thread a slice lies within another or beside it: whole ns
    struct Span
    {
        qint64 from;
        qint64 to;
    };
    QHash<int, QList<Span>> threads;
    for (const QJsonObject &slice : events("X")) {
        const qint64 from = qRound64(slice.value(QLatin1String("ts")).toDouble() * 1000);
        threads[slice.value(QLatin1String("tid")).toInt()]
                += {from, from + qRound64(slice.value(QLatin1String("dur")).toDouble() * 1000)};
    }
    QVERIFY(threads.size() >= 2);
    for (const QList<Span> &spans : std::as_const(threads)) {
        for (const Span &a : spans) {
            for (const Span &b : spans)
                QVERIFY(!(a.from < b.from && b.from < a.to && a.to < b.to));
        }
    }
}

void TestObservingTrace::manyCallsFromManyThreads()
{
    const int each = rounds(500, 100);
    {
        const Trace trace(path());
        std::vector<JoinedThread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([each] {
                for (int i = 0; i < each; ++i) {
                    const auto task = []() -> Task<int> {
                        const CallOptions options{.name = "plain"};
                        co_return co_await callAsync(options, answer);
                    };
                    callSync({.name = "task"}, task);
                }
            });
        }
        threads.clear();
        QVERIFY(shutdown(QDeadlineTimer(10s)));
    }
    QCOMPARE(events("b", QStringLiteral("task")).size(), 4 * each);
    QCOMPARE(events("e", QStringLiteral("task")).size(), 4 * each);
    QCOMPARE(events("X", QStringLiteral("plain")).size(), 4 * each);
    QCOMPARE(events("s").size(), 16 * each);
}

QTEST_GUILESS_MAIN(TestObservingTrace)
#include "tst_observing_trace.moc"
