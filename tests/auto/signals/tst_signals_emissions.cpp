// emissions: nothing is lost, order is kept, the end is told, from any thread.
#include "../support/waiting.h"
#include "sender.h"

#include <QtCore/QBuffer>
#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

class TestSignalsEmissions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void subscribesWhenCalledAndLosesNothing()
    {
        const auto task = [](Sender *sender) -> Task<QList<int>> {
            AsyncGenerator<int> values = emissions(sender, &Sender::one);
            QList<int> seen;
            for (int i = 0; i < 3; ++i)
                Q_EMIT sender->one(i); // before the first await
            while (auto value = co_await values.next()) {
                seen += *value;
                if (*value == 1) {
                    Q_EMIT sender->one(3); // between two awaits
                    co_await sleepFor(5ms);
                }
                if (*value == 3)
                    QTimer::singleShot(1, sender, [sender] { Q_EMIT sender->one(4); });
                if (*value == 4)
                    break;
            }
            co_return seen;
        };
        Sender sender;
        QCOMPARE(run(task(&sender)), (QList<int>{0, 1, 2, 3, 4}));
    }

    void itemsOfAllKinds()
    {
        const auto task = [](Sender *sender) -> Task<bool> {
            AsyncGenerator<std::monostate> none = emissions(sender, &Sender::none);
            AsyncGenerator<std::tuple<int, QString>> two = emissions(sender, &Sender::two);
            AsyncGenerator<int> privateOne = emissions(sender, &Sender::privateOne);
            Q_EMIT sender->none();
            Q_EMIT sender->two(1, QStringLiteral("one"));
            sender->emitPrivateOne(5);
            const std::optional<std::monostate> first = co_await none.next();
            const std::optional<std::tuple<int, QString>> second = co_await two.next();
            const std::optional<int> third = co_await privateOne.next();
            co_return first && std::get<1>(*second) == QStringLiteral("one") && third == 5;
        };
        Sender sender;
        QVERIFY(run(task(&sender)));
    }

    void drainsThenTellsOfTheDeath()
    {
        const auto task = [](QList<int> *seen) -> Task<> {
            auto sender = std::make_unique<Sender>();
            AsyncGenerator<int> values = emissions(sender.get(), &Sender::one);
            Q_EMIT sender->one(1);
            Q_EMIT sender->one(2);
            sender.reset();
            SYNCHRONAUT_FOR_AWAIT(auto &&value, values)
                *seen += value;
        };
        QList<int> seen;
        QCOMPARE(thrownBy([&] { run(task(&seen)); }), QByteArray("SenderDestroyed"));
        QCOMPARE(seen, (QList<int>{1, 2}));
    }

    void senderDiesWhileAwaited()
    {
        const auto task = [](Sender *sender, bool disconnects) -> Task<> {
            AsyncGenerator<int> values = emissions(sender, &Sender::one);
            QTimer::singleShot(1, sender, [=] {
                if (disconnects)
                    sender->disconnect();
                else
                    delete sender;
            });
            co_await values.next();
        };
        QCOMPARE(thrownBy([&] { run(task(new Sender, false)); }), QByteArray("SenderDestroyed"));
        Sender sender;
        QCOMPARE(thrownBy([&] { run(task(&sender, true)); }), QByteArray("SenderDestroyed"));
    }

    void badInput()
    {
        const auto task = [](Sender *sender) -> Task<> {
            AsyncGenerator<int> values = emissions(sender, &Sender::noSignal);
            co_await values.next();
        };
        QCOMPARE(thrownBy([&] { run(task(nullptr)); }), QByteArray("CallError"));
        Sender sender;
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("signal not found")));
        QCOMPARE(thrownBy([&] { run(task(&sender)); }), QByteArray("CallError"));
    }

    void destroyedUnstartedOrWaitingUnsubscribes()
    {
        struct Peek : Sender
        {
            using QObject::receivers;
        };
        Sender sender;
        const auto receivers = [&] { return (sender.*&Peek::receivers)(SIGNAL(one(int))); };
        {
            AsyncGenerator<int> unstarted = emissions(&sender, &Sender::one);
            QCOMPARE(receivers(), 1);
            Q_EMIT sender.one(1);
        }
        QCOMPARE(receivers(), 0);
        const auto task = [](Sender *s) -> Task<> {
            AsyncGenerator<int> values = emissions(s, &Sender::one);
            co_await values.next();
        };
        QFuture<void> future = spawn(task(&sender));
        QCOMPARE(receivers(), 1);
        future.cancel();
        QTRY_COMPARE(receivers(), 0);
    }

    // What comes after the limit of an item, or after its cancellation under a shield, is kept.
    void goesOnAfterTheLimitOfAnItem()
    {
        Sender sender;
        const auto task = [](Sender *s) -> Task<QByteArray> {
            QByteArray log;
            AsyncGenerator<int> values = emissions(s, &Sender::one);
            for (int round = 0; round < 3; ++round) {
                try {
                    co_await withTimeout(values.next(), 1ms);
                    log += "item ";
                } catch (const CallTimeout &) {
                    log += "late ";
                }
                Q_EMIT s->one(round);
                Q_EMIT s->one(10 + round);
                for (int i = 0; i < 2; ++i) {
                    const std::optional<int> value = co_await values.next();
                    log += QByteArray::number(value.value_or(-1)) + ' ';
                }
            }
            try {
                const DeadlineScope limit(1ms);
                co_await values.next();
            } catch (const CallTimeout &) {
                log += "scope ";
            }
            Q_EMIT s->one(99);
            const std::optional<int> last = co_await values.next();
            log += QByteArray::number(last.value_or(-1));
            co_return log;
        };
        QCOMPARE(run(task(&sender)), QByteArray("late 0 10 late 1 11 late 2 12 scope 99"));
    }

    void isThereForTheCleanupOfACancelledCall()
    {
        Sender sender;
        QByteArray log;
        const auto task = [&log](Sender *s) -> Task<> {
            AsyncGenerator<int> values = emissions(s, &Sender::one);
            try {
                co_await values.next();
            } catch (const CallCanceled &) {
                log += "cancelled ";
            }
            const CancellationShield shield;
            Q_EMIT s->one(7);
            const std::optional<int> value = co_await values.next();
            log += QByteArray::number(value.value_or(-1));
        };
        QFuture<void> future = spawn(task(&sender));
        future.cancel();
        QTRY_COMPARE(log, QByteArray("cancelled 7"));
    }

    void floodFromAnotherThread()
    {
        LoopThread other;
        Sender sender;
        sender.moveToThread(other.thread());
        const int n = rounds(100'000, 20'000);
        const auto task = [](Sender *s, int count) -> Task<bool> {
            AsyncGenerator<int> values = emissions(s, &Sender::one);
            const auto flood = [s, count] {
                for (int i = 0; i < count; ++i)
                    Q_EMIT s->one(i);
            };
            QMetaObject::invokeMethod(s, flood, Qt::QueuedConnection);
            QThread *const home = QThread::currentThread();
            for (int expected = 0; expected < count; ++expected) {
                const std::optional<int> value = co_await values.next();
                if (value != expected || QThread::currentThread() != home)
                    co_return false;
            }
            co_return true;
        };
        QVERIFY(run(task(&sender, n)));
        other.end();
    }

    void deathInAnotherThreadAtAnyMoment()
    {
        LoopThread other;
        const auto one = [](QObject *place, int count) -> Task<bool> {
            auto *const sender = new QBuffer; // deleted in its thread; see tst_signals
            sender->moveToThread(place->thread());
            AsyncGenerator<qint64> values = emissions(sender, &QIODevice::bytesWritten);
            const auto work = [sender, count] {
                for (int i = 0; i < count; ++i) {
                    Q_EMIT sender->bytesWritten(i);
                    spin(count * 10);
                }
                delete sender;
            };
            QMetaObject::invokeMethod(sender, work, Qt::QueuedConnection);
            int seen = 0;
            bool told = false;
            try {
                SYNCHRONAUT_FOR_AWAIT(auto &&value, values)
                {
                    if (value != seen)
                        co_return false;
                    ++seen;
                    if (count % 5 == 4)
                        co_return true; // lets go of it
                }
            } catch (const SenderDestroyed &) {
                told = true;
            }
            co_return told && seen == count;
        };
        const auto all = [&one](QObject *place, int n) -> Task<int> {
            int right = 0;
            for (int i = 0; i < n; ++i)
                right += co_await one(place, i % 40) ? 1 : 0;
            co_return right;
        };
        const int n = rounds(2'000, 400);
        QCOMPARE(run(all(other.object(), n)), n);
        other.end();
    }
};

QTEST_GUILESS_MAIN(TestSignalsEmissions)
#include "tst_signals_emissions.moc"
