// G20: no QCoreApplication, one that is gone, and several one after the other. A main() of its own,
// since Qt Test's keeps one application all the time.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<int> nap(int value)
{
    co_await sleepFor(1ms);
    co_return value;
}

Task<int> forever()
{
    co_await sleepFor(1h);
    co_return 1;
}

std::unique_ptr<QCoreApplication> newApplication()
{
    static int argc = 1;
    static char name[] = "applications";
    static char *argv[] = {name, nullptr};
    return std::make_unique<QCoreApplication>(argc, argv);
}

} // namespace

class TestLifecycleApplications : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g20_withoutApplication();
    void g20_severalApplications();
    void g20_destructionEndsWhatIsPending();
};

void TestLifecycleApplications::g20_withoutApplication()
{
    QVERIFY(!QCoreApplication::instance());
    QString message;
    QCOMPARE(thrownBy([&] {
                 try {
                     callSync(nap, 1);
                 } catch (const CallError &e) {
                     message = e.message();
                     throw;
                 }
             }),
             QByteArray("CallError"));
    QVERIFY2(message.contains(QStringLiteral("QCoreApplication")), qPrintable(message));
    QCOMPARE(thrownBy([] { callSync({.timeout = 1s}, [] { return 1; }); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([] { callAny(nap, 1).waitForFinished(); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([] { run(nap(1)); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([] { static_cast<void>(backgroundLoop()); }), QByteArray("CallError"));
    QCOMPARE(callSync([](int value) { return value; }, 4), 4); // needs nothing
}

void TestLifecycleApplications::g20_severalApplications()
{
    for (int i = 0; i < 5; ++i) {
        {
            const auto app = newApplication();
            QCOMPARE(callSync(nap, i), i);
            QCOMPARE(run(nap(i)), i);
            QCOMPARE(callSync({.forceOffload = true}, [i] { return i; }), i);
            const QFuture<int> future = callAny(nap, i);
            QVERIFY(finishes(future));
            QCOMPARE(future.result(), i);
        }
        QVERIFY(eventually([] { return !threadNames().contains(QStringLiteral("Synchronaut")); }, 5s));
        QCOMPARE(thrownBy([] { callSync(nap, 1); }), QByteArray("CallError"));
    }
}

void TestLifecycleApplications::g20_destructionEndsWhatIsPending()
{
    for (int i = 0; i < 3; ++i) {
        Counter counter;
        const auto holding = [&counter]() -> Task<int> {
            const Local local(counter);
            co_return co_await forever();
        };
        auto app = newApplication();
        const QFuture<int> onLoop = callAny(holding);
        const QFuture<int> here = spawn(holding());
        const QFuture<int> onPool = callAny({.forceOffload = true}, [] {
            return eventually([] { return isCanceled(); }) ? 1 : 0;
        });
        QVERIFY(eventually([&] { return counter.made == 2; }));
        QElapsedTimer clock;
        clock.start();
        app.reset();
        QVERIFY2(clock.elapsed() < 4000, qPrintable(QString::number(clock.elapsed())));
        for (const auto &future : {onLoop, here, onPool}) {
            QVERIFY(finishes(future, 5s));
            QCOMPARE(thrownBy([&] { static_cast<void>(QFuture<int>(future).result()); }),
                     QByteArray("CallCanceled"));
        }
        QCOMPARE(counter.gone.load(), 2);
    }
}

QTEST_APPLESS_MAIN(TestLifecycleApplications)
#include "tst_lifecycle_applications.moc"
