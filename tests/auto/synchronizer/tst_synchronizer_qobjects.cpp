// QObjects on a Synchronizer: their timers, notifiers and signals live on its loop and go on between
// calls.
#include "../support/waiting.h"

#include <QtCore/QSocketNotifier>
#include <QtTest/QTest>

#include <unistd.h>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

QThread *here()
{
    return QThread::currentThread();
}

} // namespace

class Sensor : public QObject
{
    Q_OBJECT
    Q_PROPERTY(int value READ value WRITE setValue NOTIFY valueChanged)

public:
    explicit Sensor(int interval) : m_timer(this)
    {
        connect(&m_timer, &QTimer::timeout, this, [this] { setValue(m_value + 1); });
        m_timer.start(interval);
        ++alive;
    }
    ~Sensor() override
    {
        m_timer.stop(); // warns where it is not the timer's thread
        --alive;
    }
    int value() const { return m_value; }
    void setValue(int value)
    {
        if (here() != thread())
            ++strayed;
        m_value = value;
        Q_EMIT valueChanged(value);
    }
    Task<int> valueAbove(int bound)
    {
        while (m_value <= bound)
            co_await fromSignal(this, &Sensor::valueChanged);
        co_return m_value;
    }
    void diesLater() { (new QObject(this))->deleteLater(); }

    inline static std::atomic<int> alive{0};
    inline static std::atomic<int> strayed{0};

Q_SIGNALS:
    void valueChanged(int value);

private:
    QTimer m_timer; // a child and a member, as is usual
    int m_value = 0;
};

/// Echoes what comes through a pipe, in capitals.
class Echo : public QObject
{
    Q_OBJECT

public:
    Echo()
    {
        if (pipe(m_ends) != 0)
            throw std::runtime_error("no pipe");
        m_notifier = std::make_unique<QSocketNotifier>(m_ends[0], QSocketNotifier::Read);
        connect(m_notifier.get(), &QSocketNotifier::activated, this, &Echo::readOne);
    }
    ~Echo() override
    {
        m_notifier.reset();
        close(m_ends[0]);
        close(m_ends[1]);
    }
    int writeEnd() const { return m_ends[1]; }
    QByteArray received() const { return m_received; }
    Task<QByteArray> waitFor(int count)
    {
        while (m_received.size() < count)
            co_await fromSignal(this, &Echo::got);
        co_return m_received;
    }

Q_SIGNALS:
    void got();

private:
    void readOne()
    {
        char letter = 0;
        if (read(m_ends[0], &letter, 1) == 1)
            m_received += QByteArray(1, letter).toUpper();
        Q_EMIT got();
    }

    int m_ends[2] = {-1, -1};
    std::unique_ptr<QSocketNotifier> m_notifier;
    QByteArray m_received;
};

class TestSynchronizerQObjects : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup();
    void timersGoOnBetweenCalls();
    void socketsAreReadBetweenCalls();
    void methodsAwaitSignals();
    void signalsReachTheUsersThread();
    void deferredDeletesAreDone();
    void theirContextEndsCalls();
    void g7_timedOutMethodsUnwindOnTheLoop();
};

void TestSynchronizerQObjects::cleanup()
{
    QCOMPARE(Sensor::alive.load(), 0);
    QCOMPARE(Sensor::strayed.load(), 0);
}

void TestSynchronizerQObjects::timersGoOnBetweenCalls()
{
    Synchronizer io("sensors");
    const auto sensor = io.make<Sensor>(1);
    QVERIFY(eventually([&sensor] { return sensor.sync(&Sensor::value) >= 5; }));
    QCOMPARE(sensor.sync(&QObject::thread), io.thread());
    QVERIFY(eventually([&sensor] {
        return sensor.sync([](Sensor &s) { return s.property("value").toInt(); }) >= 10;
    }));
}

void TestSynchronizerQObjects::socketsAreReadBetweenCalls()
{
    const int before = openFiles();
    {
        Synchronizer io("sockets");
        const auto echo = io.make<Echo>();
        const int end = echo.sync(&Echo::writeEnd);
        QCOMPARE(write(end, "abc", 3), ssize_t(3));
        QVERIFY(eventually([&echo] { return echo.sync(&Echo::received) == "ABC"; }));
        const QFuture<QByteArray> more = echo.call(&Echo::waitFor, 5);
        QCOMPARE(write(end, "de", 2), ssize_t(2));
        QVERIFY(finishes(more));
        QCOMPARE(more.result(), QByteArray("ABCDE"));
    }
    QVERIFY(openFiles() <= before);
}

void TestSynchronizerQObjects::methodsAwaitSignals()
{
    Synchronizer io("sensors");
    const auto sensor = io.make<Sensor>(1);
    QVERIFY(sensor.sync(&Sensor::valueAbove, 5) > 5);
    QFuture<int> never = sensor.call({.timeout = 30ms}, &Sensor::valueAbove, 1'000'000);
    QVERIFY(finishes(never));
    QCOMPARE(thrownBy([&] { never.waitForFinished(); }), QByteArray("CallTimeout"));
}

void TestSynchronizerQObjects::signalsReachTheUsersThread()
{
    Synchronizer io("sensors");
    const auto sensor = io.make<Sensor>(1000);
    QObject receiver;
    QList<int> values;
    QThread *receivedIn = nullptr;
    sensor.sync([&](Sensor &s) {
        QObject::connect(&s, &Sensor::valueChanged, &receiver, [&](int value) {
            values += value;
            receivedIn = here();
        });
    });
    sensor.sync(&Sensor::setValue, 7);
    sensor.sync(&Sensor::setValue, 8);
    QVERIFY(QTest::qWaitFor([&values] { return values.size() >= 2; }, 10000));
    QCOMPARE(values, (QList<int>{7, 8}));
    QCOMPARE(receivedIn, here());
}

void TestSynchronizerQObjects::deferredDeletesAreDone()
{
    std::atomic<int> gone{0};
    {
        Synchronizer io("deferred");
        const auto sensor = io.make<Sensor>(1);
        sensor.sync(&Sensor::diesLater);
        io.wrap([&gone] {
            auto *const object = new QObject; // deleted by deleteLater()
            QObject::connect(object, &QObject::destroyed, object, [&gone] { ++gone; });
            object->deleteLater();
        }).sync();
    }
    QCOMPARE(gone.load(), 1);
}

void TestSynchronizerQObjects::theirContextEndsCalls()
{
    Synchronizer io("context");
    const auto sensor = io.make<Sensor>(1000);
    auto context = std::make_unique<QObject>();
    QFuture<int> future = sensor.call({.context = context.get()}, &Sensor::valueAbove, 1);
    context.reset();
    QVERIFY(finishes(future));
    QCOMPARE(thrownBy([&] { future.waitForFinished(); }), QByteArray("CallCanceled"));
}

void TestSynchronizerQObjects::g7_timedOutMethodsUnwindOnTheLoop()
{
    Synchronizer io("unwind");
    const auto sensor = io.make<Sensor>(1000);
    std::atomic<QThread *> unwoundIn{nullptr};
    struct Note
    {
        ~Note() { *where = here(); }
        std::atomic<QThread *> *where;
    };
    const auto method = [&unwoundIn](Sensor &) -> Task<> {
        const Note note{&unwoundIn};
        co_await sleepFor(1h);
    };
    QCOMPARE(thrownBy([&] { sensor.sync({.timeout = 300ms}, method); }), QByteArray("CallTimeout"));
    QVERIFY(eventually([&unwoundIn] { return unwoundIn != nullptr; }));
    QCOMPARE(unwoundIn.load(), io.thread());
}

QTEST_GUILESS_MAIN(TestSynchronizerQObjects)
#include "tst_synchronizer_qobjects.moc"
