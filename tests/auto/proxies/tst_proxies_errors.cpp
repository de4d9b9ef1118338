// The generator refuses what cannot cross threads, and says what, why, and what to do.
#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QProcess>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

namespace {

struct Outcome
{
    int exitCode = -1;
    QString said;
    QString proxy; ///< what was written
};

Outcome runTool(const QString &program, const QStringList &arguments)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.start(program, arguments);
    if (!process.waitForFinished(20000))
        return {-1, QStringLiteral("does not end"), {}};
    return {process.exitCode(), QString::fromLocal8Bit(process.readAll()), {}};
}

/// A class C with \a members in namespace app, through moc and the generator.
Outcome generate(const QString &members, const QStringList &options = {QStringLiteral("--expect"), QStringLiteral("C")})
{
    const QTemporaryDir folder;
    const QString header = folder.filePath(QStringLiteral("c.h"));
    QFile file(header);
    if (!file.open(QIODevice::WriteOnly))
        return {};
    file.write(QStringLiteral("namespace app { class C : public QObject { Q_OBJECT\n%1\n}; }\n").arg(members).toUtf8());
    file.close();
    const Outcome described = runTool(QStringLiteral(MOC), {QStringLiteral("--output-json"), QStringLiteral("-o"),
                                                           folder.filePath(QStringLiteral("c.moc")), header});
    if (described.exitCode != 0)
        return described;
    Outcome outcome = runTool(QStringLiteral(PROXYGEN),
                              QStringList{QStringLiteral("--header"), header, QStringLiteral("--json"),
                                          folder.filePath(QStringLiteral("c.moc.json")), QStringLiteral("--output"),
                                          folder.path()}
                                      + options);
    QFile proxy(folder.filePath(QStringLiteral("cproxy.h")));
    if (proxy.open(QIODevice::ReadOnly))
        outcome.proxy = QString::fromUtf8(proxy.readAll());
    return outcome;
}

} // namespace

class TestProxiesErrors : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void refused_data();
    void refused();
    void allErrorsAtOnce();
    void allowed_data();
    void allowed();
    void unexpectedClasses();
    void unreadableInput();
};

void TestProxiesErrors::refused_data()
{
    QTest::addColumn<QString>("members");
    QTest::addColumn<QString>("what"); ///< and the advice that comes after it
    const auto row = [](const char *name, const char *members, const char *what) {
        QTest::newRow(name) << QString::fromLatin1(members) << QString::fromLatin1(what);
    };
    row("reference argument", "public: Q_INVOKABLE void f(QString &out);",
        "app::C::f(QString&) cannot be called from another thread: its argument out (QString&) is a reference");
    row("pointer argument", "public: Q_INVOKABLE void f(int, QObject *o);", "its argument o (QObject*) is or has a raw pointer");
    row("pointer result", "public Q_SLOTS: const char *f();", "its result (const char*) is or has a raw pointer");
    row("pointers in a list", "public: Q_INVOKABLE QList<QObject *> f();", "its result (QList<QObject*>) is or has a raw pointer");
    row("view", "public: Q_INVOKABLE void f(QStringView s);", "its argument s (QStringView) only refers to memory");
    row("stream", "public: Q_INVOKABLE Synchronaut::AsyncGenerator<int> f();", "is a stream");
    row("signal", "Q_SIGNALS: void f(QObject *o);", "signal app::C::f(QObject*)");
    row("property", "Q_PROPERTY(QObject *o MEMBER m_o)", "property app::C::o");
    row("two of one name", "public: Q_INVOKABLE void f(); Q_INVOKABLE void fSync();", "fSync() twice");
    row("signal like a method", "Q_PROPERTY(int done MEMBER m_done)\nQ_SIGNALS: void done();", "done() twice");
}

void TestProxiesErrors::refused()
{
    QFETCH(const QString, members);
    QFETCH(const QString, what);
    const Outcome outcome = generate(members);
    QCOMPARE(outcome.exitCode, 1);
    QVERIFY2(outcome.said.contains(QStringLiteral("c.h: error: ")), qPrintable(outcome.said));
    QVERIFY2(outcome.said.contains(what), qPrintable(outcome.said));
    QVERIFY2(outcome.said.contains(QStringLiteral("SKIP")), qPrintable(outcome.said));
    QVERIFY(outcome.proxy.isEmpty());
}

void TestProxiesErrors::allErrorsAtOnce()
{
    const Outcome outcome = generate(QStringLiteral("public: Q_INVOKABLE void f(int &n); Q_INVOKABLE void g(int *n);"));
    QCOMPARE(outcome.exitCode, 1);
    QCOMPARE(outcome.said.count(QStringLiteral("error:")), 2);
}

void TestProxiesErrors::allowed_data()
{
    QTest::addColumn<QString>("members");
    QTest::addColumn<QStringList>("options");
    QTest::addColumn<QString>("made");
    const QString expect = QStringLiteral("--expect");
    const QString c = QStringLiteral("C");
    const auto row = [&](const char *name, const char *members, const QStringList &options, const char *made) {
        QTest::newRow(name) << QString::fromLatin1(members) << QStringList{expect, c} + options << QString::fromLatin1(made);
    };
    row("pointers", "public: Q_INVOKABLE QObject *f(QObject *o);", {QStringLiteral("--allow-pointers")},
        "QFuture<QObject*> f(QObject* o) const;");
    row("skipped", "public: Q_INVOKABLE void f(QString &s); Q_INVOKABLE int g();",
        {QStringLiteral("--skip"), QStringLiteral("C::f")}, "QFuture<int> g() const;");
    row("skipped with its namespace", "public: Q_INVOKABLE void f(QString &s); Q_INVOKABLE int g();",
        {QStringLiteral("--skip"), QStringLiteral("app::C::f")}, "int gSync() const;");
    row("references to constants and rvalues", "public: Q_INVOKABLE void f(const QString &s, std::string &&t);", {},
        "QFuture<void> f(QString s, std::string t) const;");
    row("not public", "private Q_SLOTS: void f(QString &s);", {}, "class CProxy : public QObject");
    row("followed", "public: Q_INVOKABLE Synchronaut::Task<> f();", {}, "Synchronaut::Task<void> fAsync() const;");
}

void TestProxiesErrors::allowed()
{
    QFETCH(const QString, members);
    QFETCH(const QStringList, options);
    QFETCH(const QString, made);
    const Outcome outcome = generate(members, options);
    QVERIFY2(outcome.exitCode == 0, qPrintable(outcome.said));
    QCOMPARE(outcome.said, QString());
    QVERIFY2(outcome.proxy.contains(made), qPrintable(outcome.proxy));
    QVERIFY(outcome.proxy.contains(QStringLiteral("namespace app {")));
}

void TestProxiesErrors::unexpectedClasses()
{
    const Outcome outcome = generate(QString(), {QStringLiteral("--expect"), QStringLiteral("D")});
    QCOMPARE(outcome.exitCode, 1);
    QVERIFY2(outcome.said.contains(QStringLiteral("run CMake again")), qPrintable(outcome.said));
}

void TestProxiesErrors::unreadableInput()
{
    const QString none = QStringLiteral("/nonexistent/c.json");
    const Outcome outcome = runTool(QStringLiteral(PROXYGEN), {QStringLiteral("--header"), QStringLiteral("c.h"),
                                                              QStringLiteral("--json"), none});
    QCOMPARE(outcome.exitCode, 1);
    QVERIFY2(outcome.said.contains(none), qPrintable(outcome.said));
}

QTEST_GUILESS_MAIN(TestProxiesErrors)
#include "tst_proxies_errors.moc"
