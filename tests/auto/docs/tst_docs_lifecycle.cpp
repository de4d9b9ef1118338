// Snippets of src/doc/lifecycle.md.
#include <Synchronaut/Synchronaut>

#include <QtCore/QAbstractEventDispatcher>
#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

Task<int> answer()
{
    co_await sleepFor(1ms);
    co_return 42;
}

Task<int> sleepy()
{
    co_await sleepFor(20s);
    co_return 1;
}

} // namespace

class tst_DocsLifecycle : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void stopAndRestart()
    {
        bool canceled = false;
        int later = 0;
        //! [lifecycle-shutdown]
        QFuture<int> future = callAny(sleepy);
        const bool allEnded = shutdown(QDeadlineTimer(2s)); // cancels what is pending and waits
        try {
            future.result();
        } catch (const CallCanceled &) {
            canceled = true;
        }
        later = callSync(answer); // starts everything again
        //! [lifecycle-shutdown]
        QVERIFY(allEnded);
        QVERIFY(canceled);
        QCOMPARE(later, 42);
    }
    void settings()
    {
        //! [lifecycle-settings]
        blockingPool().setMaxThreadCount(64);
        setGuiBlockWarning(250ms); // 0ms turns the warning off
        //! [lifecycle-settings]
        QCOMPARE(blockingPool().maxThreadCount(), 64);
        QCOMPARE(guiBlockWarning(), 250ms);
    }
    void ownLoop()
    {
        int result = 0;
        //! [lifecycle-loop]
        EventLoopThread loop(QStringLiteral("serial port"));
        QObject device;
        device.moveToThread(loop.thread());
        result = callOnSync(&device, answer); // a task at home on that thread
        loop.stop(QDeadlineTimer(2s));        // cancels what is at home there, lets it unwind
        //! [lifecycle-loop]
        QCOMPARE(result, 42);
        QVERIFY(!loop.isRunning());
    }
    void dispatcher()
    {
        static_cast<void>(backgroundLoop());
        QTRY_VERIFY(!dispatcherName(backgroundLoop().thread()).isEmpty());
        QVERIFY(preferredDispatcher());
    }
};

QTEST_GUILESS_MAIN(tst_DocsLifecycle)
#include "tst_docs_lifecycle.moc"
