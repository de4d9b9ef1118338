// withResource() in tasks that are cancelled, run out of time or are destroyed.
#include "tracedresource.h"

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

Task<> waitForever()
{
    co_await sleepFor(1h);
}

Task<> throwLater()
{
    co_await sleepFor(1ms);
    throw std::runtime_error("body");
}

} // namespace

class TestScopesCancel : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cancellationReleasesBeforeItGoesOn();
    void timeoutReleasesBeforeItGoesOn_data();
    void timeoutReleasesBeforeItGoesOn();
    void cancelInAcquireDoesNotRelease();
    void cancelInShieldedAcquireReleases();
    void groupReleasesWhatItCancels();
    void destroyedFrameDestroysTheValue();
};

void TestScopesCancel::cancellationReleasesBeforeItGoesOn()
{
    Footprints trace;
    Plain resource(trace, QStringLiteral("a"));
    bool inBody = false;
    const auto body = [&](const QString &) {
        inBody = true;
        return waitForever();
    };
    const auto outside = [&]() -> Task<> {
        try {
            co_await withResource(resource, body);
        } catch (const CallCanceled &) {
            trace.add(QStringLiteral("outside"));
            throw;
        }
    };
    QFuture<void> future = spawn(outside());
    QTRY_VERIFY(inBody);
    future.cancel();
    QTRY_COMPARE(trace.lines().size(), 4);
    QCOMPARE(trace.lines().mid(1), (QStringList{QStringLiteral("releasing a (CallCanceled)"),
                                                QStringLiteral("released a"), QStringLiteral("outside")}));
    QVERIFY(!resource.canceledInRelease);
}

void TestScopesCancel::timeoutReleasesBeforeItGoesOn_data()
{
    QTest::addColumn<int>("form");
    QTest::newRow("withTimeout") << 0;
    QTest::newRow("DeadlineScope outside") << 1;
    QTest::newRow("DeadlineScope in the body") << 2;
}

void TestScopesCancel::timeoutReleasesBeforeItGoesOn()
{
    QFETCH(const int, form);
    withLimitThatReaches([form](std::chrono::milliseconds time) {
        Footprints trace;
        Plain resource(trace, QStringLiteral("a"));
        bool reached = false;
        const auto body = [&](const QString &) -> Task<> {
            reached = true;
            if (form == 2) {
                const DeadlineScope limit(time);
                co_await waitForever();
            }
            co_await waitForever();
        };
        const auto outside = [&]() -> Task<> {
            try {
                if (form == 0) {
                    co_await withTimeout(withResource(resource, body), time);
                } else if (form == 1) {
                    const DeadlineScope limit(time);
                    co_await withResource(resource, body);
                } else {
                    co_await withResource(resource, body);
                }
            } catch (const CallTimeout &) {
                trace.add(QStringLiteral("outside"));
            }
        };
        run(outside());
        if (reached) {
            const QString told = form == 2 ? QStringLiteral("releasing a (CallTimeout)")
                                           : QStringLiteral("releasing a (CallCanceled)");
            [&] {
                QCOMPARE(trace.lines().mid(1), (QStringList{told, QStringLiteral("released a"), QStringLiteral("outside")}));
                QVERIFY(!resource.canceledInRelease);
            }();
        }
        return reached;
    });
}

/// Cancelled while it acquires: acquire unwinds, and there is nothing to release.
void TestScopesCancel::cancelInAcquireDoesNotRelease()
{
    struct Slow
    {
        Task<int> acquire()
        {
            acquiring = true;
            co_await sleepFor(1h);
            co_return 1;
        }
        Task<> release(std::exception_ptr)
        {
            released = true;
            co_return;
        }
        bool acquiring = false;
        bool released = false;
    } resource;
    QFuture<void> future = spawn(withResource(resource, [](int) { }));
    QTRY_VERIFY(resource.acquiring);
    future.cancel();
    QTRY_VERIFY(future.isFinished());
    QVERIFY(!resource.released);
}

/// Cancelled while it acquires, but acquire succeeds all the same: then it is released.
void TestScopesCancel::cancelInShieldedAcquireReleases()
{
    struct Shielded
    {
        Task<int> acquire()
        {
            const CancellationShield shield;
            acquiring = true;
            co_await sleepFor(20ms);
            co_return 1;
        }
        Task<> release(std::exception_ptr error)
        {
            told = textOf(error);
            co_return;
        }
        bool acquiring = false;
        QString told;
    } resource;
    const auto body = [](int) { return waitForever(); };
    QFuture<void> future = spawn(withResource(resource, body));
    QTRY_VERIFY(resource.acquiring);
    future.cancel();
    QTRY_COMPARE(resource.told, QStringLiteral("CallCanceled"));
}

void TestScopesCancel::groupReleasesWhatItCancels()
{
    Footprints trace;
    Plain resource(trace, QStringLiteral("a"));
    const auto forever = [](const QString &) { return waitForever(); };
    const auto body = [&](TaskGroup &group) -> Task<> {
        group.spawn(withResource(resource, forever));
        group.spawn(throwLater());
        co_await group.join();
    };
    QCOMPARE(thrownBy([&] { run(withTaskGroup(body)); }), QByteArray("std::exception: body"));
    QCOMPARE(trace.lines().last(), QStringLiteral("released a"));
}

/// No line runs after the owner is gone (G13), so release does not; the value is destroyed.
void TestScopesCancel::destroyedFrameDestroysTheValue()
{
    Counter counter;
    struct Owning
    {
        Task<std::unique_ptr<Local>> acquire() { co_return std::make_unique<Local>(*counter); }
        Task<> release(std::exception_ptr)
        {
            released = true;
            co_return;
        }
        Counter *counter;
        bool released = false;
    } resource{.counter = &counter};
    auto owner = std::make_unique<QObject>();
    const auto body = [](std::unique_ptr<Local> &) { return waitForever(); };
    QFuture<void> future = spawn(owner.get(), withResource(resource, body));
    QTRY_COMPARE(counter.made.load(), 1);
    owner.reset();
    QCOMPARE(counter.gone.load(), 1);
    QVERIFY(!resource.released);
}

QTEST_GUILESS_MAIN(TestScopesCancel)
#include "tst_scopes_cancel.moc"
