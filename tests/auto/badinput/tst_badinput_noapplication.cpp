// Calls before there is a QCoreApplication, after it has gone, and with a new one after the old.
#include "../support/waiting.h"

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

int plain()
{
    return 1;
}

Task<int> async()
{
    co_await sleepFor(1ms);
    co_return 2;
}

/// The message of the CallError, empty if there is none.
template <typename F>
QString messageOf(F function)
{
    try {
        function();
    } catch (const CallError &e) {
        return e.message();
    }
    return {};
}

int s_argc = 1;
char s_name[] = "tst_badinput_noapplication";
char *s_argv[] = {s_name, nullptr};

} // namespace

class TestNoApplication : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void before() { everythingIsRefused(); }
    void withApplication();
    void after() { everythingIsRefused(); }
    void withANewOne() { withApplication(); }
    void afterThat() { everythingIsRefused(); }

private:
    static void everythingIsRefused();
};

void TestNoApplication::everythingIsRefused()
{
    QVERIFY(!QCoreApplication::instance());
    QCOMPARE(callSync(plain), 1); // a function call needs nobody
    const QString texts[] = {
        messageOf([] { callSync({.name = "early"}, async); }),
        messageOf([] { callSync({.forceOffload = true, .name = "early"}, plain); }),
        messageOf([] { callSync({.timeout = 1s, .name = "early"}, plain); }),
        messageOf([] { callAny({.name = "early"}, async).result(); }),
        messageOf([] { callAny({.forceOffload = true, .name = "early"}, plain).result(); }),
        messageOf([] { spawnThread({.name = "early"}, plain).result(); }),
        messageOf([] { run(async()); }),
        messageOf([] { spawn(async()).result(); }),
        messageOf([] { run(callAsync({.name = "early"}, plain)); }),
        messageOf([] { backgroundLoop(); }),
    };
    for (const QString &text : texts) {
        const auto index = QByteArray::number(&text - texts);
        QVERIFY2(!text.isEmpty(), index);
        QVERIFY2(text.contains(QStringLiteral("QCoreApplication")), qPrintable(text)); // what is missing
        QVERIFY2(text.contains(QStringLiteral("create one")), qPrintable(text));       // what to do
    }
    for (int i = 0; i < 6; ++i)
        QVERIFY2(texts[i].contains(QStringLiteral("early")), qPrintable(texts[i]));
    QVERIFY(shutdown(QDeadlineTimer(1s))); // nothing to shut down, no harm
}

void TestNoApplication::withApplication()
{
    const QCoreApplication application(s_argc, s_argv);
    QCOMPARE(callSync(async), 2);
    QCOMPARE(callSync({.timeout = 10s}, plain), 1);
    QCOMPARE(run(async()), 2);
    const QFuture<int> future = callAny(async);
    QVERIFY(finishes(future));
    QCOMPARE(future.result(), 2);
}

// no QTEST_MAIN: that would make an application
int main(int argc, char *argv[])
{
    TestNoApplication test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_badinput_noapplication.moc"
