// The window of the example contacts, with its service, in process.
#include "contactservice.h"

#include "../support/waiting.h"

#include <Synchronaut/QmlModule>
#include <Synchronaut/RegisterFuture>

#include <QtCore/QElapsedTimer>
#include <QtGui/QGuiApplication>
#include <QtQml/QQmlApplicationEngine>
#include <QtQuick/QQuickItem>
#include <QtQuick/QQuickWindow>
#include <QtTest/QTest>

#include <memory>

using namespace std::chrono_literals;
using TestSupport::sanitized;

namespace {

/// The longest frame, and the longest time for which the loop did not turn, while it lives.
class FrameMeter : public QObject
{
    Q_OBJECT

public:
    explicit FrameMeter(QQuickWindow *window)
    {
        connect(window, &QQuickWindow::beforeSynchronizing, this, [this] { m_frame.start(); }, Qt::DirectConnection);
        connect(window, &QQuickWindow::frameSwapped, this, [this] {
            if (m_frame.isValid())
                longestFrame = qMax(longestFrame, m_frame.elapsed());
            ++frames;
        }, Qt::DirectConnection);
        connect(&m_ticks, &QTimer::timeout, this, [this] {
            longestGap = qMax(longestGap, m_gap.restart());
        });
        m_gap.start();
        m_ticks.setTimerType(Qt::PreciseTimer);
        m_ticks.start(5ms);
    }

    qint64 longestFrame = 0;
    qint64 longestGap = 0;
    int frames = 0;

private:
    QElapsedTimer m_frame;
    QElapsedTimer m_gap;
    QTimer m_ticks;
};

} // namespace

class tst_Contacts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void listsAll();
    void searchAsYouType();
    void errorAndRetry();
    void slowSource();
    void closedDuringSearch();

private:
    QObject *part(const char *name) const { return m_window->property(name).value<QObject *>(); }
    int found() const { return part("found")->property("count").toInt(); }
    bool searching() const { return m_window->property("searching").toBool(); }
    QString details() const { return part("details")->property("text").toString(); }
    void type(const QString &text);
    void shoot(const QString &name) const
    {
        QTest::qWait(400); // the busy indicator fades out
        QVERIFY(m_window->grabWindow().save(QStringLiteral(SCREENSHOTS "/%1.png").arg(name)));
    }

    std::unique_ptr<QQmlApplicationEngine> m_engine;
    QQuickWindow *m_window = nullptr;
};

void tst_Contacts::initTestCase()
{
    Synchronaut::registerQmlModule();
    Synchronaut::registerFuture<Contact>();
}

void tst_Contacts::init()
{
    m_engine = std::make_unique<QQmlApplicationEngine>();
    m_engine->load(QUrl::fromLocalFile(QStringLiteral(MAIN_QML)));
    QCOMPARE(m_engine->rootObjects().size(), 1);
    m_window = qobject_cast<QQuickWindow *>(m_engine->rootObjects().constFirst());
    QVERIFY(m_window);
    QVERIFY(QTest::qWaitForWindowExposed(m_window));
    QTRY_VERIFY(!searching() && found() == 30);
}

void tst_Contacts::cleanup()
{
    m_window = nullptr;
    m_engine.reset();
}

void tst_Contacts::type(const QString &text)
{
    auto *const field = qobject_cast<QQuickItem *>(part("query"));
    field->forceActiveFocus();
    for (const QChar letter : text) {
        QTest::keyClick(m_window, letter.toLatin1());
        QTest::qWait(20);
    }
}

void tst_Contacts::listsAll()
{
    QTRY_COMPARE(m_window->property("total").toInt(), 30);
    QCOMPARE(details(), QStringLiteral("30 found"));
    shoot(QStringLiteral("contacts"));
}

void tst_Contacts::searchAsYouType()
{
    // Another program may take the processor away for longer: one undisturbed round of several is asked for.
    bool smooth = false;
    for (int round = 0; round < 6 && !smooth; ++round) {
        const int before = ContactService::s_canceled;
        FrameMeter meter(m_window);
        type(QStringLiteral("hopper"));
        QTRY_VERIFY(found() > 0); // as they come
        QTRY_VERIFY(!searching());
        QCOMPARE(found(), 6);
        QVERIFY(ContactService::s_canceled > before);
        for (int i = 0; i < 6; ++i)
            QTest::keyClick(m_window, Qt::Key_Backspace);
        QTRY_VERIFY(!searching() && found() == 30);
        qInfo("%d frames, the longest %d ms; the loop stood still for %d ms at most", meter.frames,
              int(meter.longestFrame), int(meter.longestGap));
        QVERIFY(meter.frames > 5);
        smooth = sanitized || (meter.longestFrame <= 50 && meter.longestGap <= 50);
    }
    QVERIFY(smooth);
}

void tst_Contacts::errorAndRetry()
{
    part("service")->setProperty("offline", true);
    type(QStringLiteral("ada"));
    QTRY_VERIFY(m_window->property("errorShown").toBool());
    QTRY_VERIFY(!searching());
    QCOMPARE(found(), 0);
    shoot(QStringLiteral("contacts-error"));
    part("service")->setProperty("offline", false);
    QVERIFY(QMetaObject::invokeMethod(m_window, "find")); // what the button calls
    QVERIFY(!m_window->property("errorShown").toBool());
    QTRY_COMPARE(found(), 5);
    QVERIFY(!m_window->property("errorShown").toBool());
}

void tst_Contacts::slowSource()
{
    QVERIFY(QMetaObject::invokeMethod(m_window, "show", Q_ARG(QVariant, QStringLiteral("Ada Lovelace"))));
    QTRY_COMPARE(details(), QStringLiteral("Ada Lovelace (AL)"));
    QTRY_COMPARE(details(), QStringLiteral("Ada Lovelace (AL), company unknown: Function companyOf timed out after 0.3s"));
}

void tst_Contacts::closedDuringSearch()
{
    const int before = ContactService::s_canceled;
    QVERIFY(QMetaObject::invokeMethod(m_window, "find"));
    QTest::qWait(80); // in the midst of the matches
    m_engine.reset();
    m_window = nullptr;
    QTRY_COMPARE(ContactService::s_canceled, before + 1);
}

QTEST_MAIN(tst_Contacts)
#include "tst_contacts.moc"
