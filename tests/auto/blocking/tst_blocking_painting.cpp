// G5: with WaitMode::ProcessEvents a window goes on painting while a slot waits.
#include "../support/waiting.h"

#include <QtTest/QTest>
#include <QtWidgets/QWidget>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

class Window : public QWidget
{
public:
    int paints = 0;

protected:
    void paintEvent(QPaintEvent *) override { ++paints; }
};

Task<int> slowTask()
{
    co_await sleepFor(200ms);
    co_return 1;
}

} // namespace

class TestBlockingPainting : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void g5_windowPaintsWhileASlotWaits();
};

void TestBlockingPainting::g5_windowPaintsWhileASlotWaits()
{
    Window window;
    window.resize(100, 100);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    QTimer repaint;
    connect(&repaint, &QTimer::timeout, &window, [&window] { window.update(); });
    repaint.start(5);
    int value = 0;
    int paints = 0;
    inSlot([&] {
        const int before = window.paints;
        value = callSync({.waitMode = WaitMode::ProcessEvents}, slowTask);
        paints = window.paints - before;
    });
    QCOMPARE(value, 1);
    QVERIFY2(paints >= 5, qPrintable(QString::number(paints)));
}

QTEST_MAIN(TestBlockingPainting)
#include "tst_blocking_painting.moc"
