// fromSignal: arguments, private signals, other threads, and that it always settles (G11, G12).
#include "../support/waiting.h"
#include "sender.h"

#include <QtCore/QBuffer>
#include <QtTest/QTest>

#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

template <typename Function>
void soon(QObject *context, Function function)
{
    QTimer::singleShot(0, context, std::move(function));
}

int receiversOf(const Sender &sender)
{
    struct Peek : Sender
    {
        using QObject::receivers;
    };
    return (sender.*&Peek::receivers)(SIGNAL(one(int)));
}

} // namespace

class TestSignals : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void arguments()
    {
        const auto task = [](Sender *sender) -> Task<QString> {
            static_assert(std::is_void_v<
                          detail::AwaitResult<decltype(fromSignal(sender, &Sender::none))>::Type>);
            QString seen;
            soon(sender, [sender] { Q_EMIT sender->none(); });
            co_await fromSignal(sender, &Sender::none);
            soon(sender, [sender] { Q_EMIT sender->one(5); });
            const int one = co_await fromSignal(sender, &Sender::one);
            soon(sender, [sender] { Q_EMIT sender->two(6, QStringLiteral("six")); });
            const std::tuple<int, QString> two = co_await fromSignal(sender, &Sender::two);
            soon(sender, [sender] { Q_EMIT sender->constOne(7); });
            const int constOne = co_await fromSignal(sender, &Sender::constOne);
            soon(sender, [sender] { Q_EMIT sender->overloaded(QStringLiteral("o")); });
            const QString text =
                    co_await fromSignal(sender, qOverload<const QString &>(&Sender::overloaded));
            soon(sender, [sender] {
                QString changed = QStringLiteral("r");
                Q_EMIT sender->reference(changed);
            });
            const QString reference = co_await fromSignal(sender, &Sender::reference);
            co_return QStringLiteral("%1 %2 %3 %4 %5 %6")
                    .arg(one)
                    .arg(std::get<0>(two))
                    .arg(std::get<1>(two))
                    .arg(constOne)
                    .arg(text, reference);
        };
        Sender sender;
        QCOMPARE(run(task(&sender)), QStringLiteral("5 6 six 7 o r"));
    }

    void privateSignals()
    {
        const auto task = [](Sender *sender) -> Task<int> {
            soon(sender, [sender] { sender->emitPrivate(); });
            co_await fromSignal(sender, &Sender::privateNone);
            soon(sender, [sender] { sender->emitPrivateOne(5); });
            const int one = co_await fromSignal(sender, &Sender::privateOne);
            soon(sender, [sender] { sender->emitPrivateTwo(6, QStringLiteral("six")); });
            const std::tuple<int, QString> two = co_await fromSignal(sender, &Sender::privateTwo);
            QTimer timer;
            timer.start(1);
            co_await fromSignal(&timer, &QTimer::timeout);
            co_return one + std::get<0>(two);
        };
        Sender sender;
        QCOMPARE(run(task(&sender)), 11);
    }

    void signalOfABaseClass()
    {
        const auto task = [](Sender *sender) -> Task<QString> {
            soon(sender, [sender] { sender->setObjectName(QStringLiteral("name")); });
            co_return co_await fromSignal(sender, &QObject::objectNameChanged);
        };
        Sender sender;
        QCOMPARE(run(task(&sender)), QStringLiteral("name"));
    }

    void subscribesWhenCalled()
    {
        const auto task = [](Sender *sender) -> Task<int> {
            auto emission = fromSignal(sender, &Sender::one);
            Q_EMIT sender->one(1);
            Q_EMIT sender->one(2); // only the first counts
            co_await yieldNow();
            co_return co_await std::move(emission);
        };
        Sender sender;
        QCOMPARE(run(task(&sender)), 1);
        QCOMPARE(receiversOf(sender), 0);
    }

    void resumesFromTheLoopNotInTheEmission()
    {
        bool inEmission = false;
        bool resumedInside = false;
        const auto task = [&](Sender *sender) -> Task<> {
            co_await fromSignal(sender, &Sender::none);
            resumedInside = inEmission;
        };
        Sender sender;
        QFuture<void> future = spawn(task(&sender));
        inEmission = true;
        Q_EMIT sender.none();
        inEmission = false;
        QVERIFY(!future.isFinished());
        QTRY_VERIFY(future.isFinished());
        QVERIFY(!resumedInside);
    }

    void droppedWithoutAwait()
    {
        Sender sender;
        {
            auto emission = fromSignal(&sender, &Sender::one);
            QCOMPARE(receiversOf(sender), 1);
            auto moved = std::move(emission);
            QCOMPARE(receiversOf(sender), 1);
        }
        QCOMPARE(receiversOf(sender), 0);
        Q_EMIT sender.one(1);
    }

    void awaitedTwiceIsAnError()
    {
        const auto task = [](Sender *sender) -> Task<int> {
            auto emission = fromSignal(sender, &Sender::one);
            Q_EMIT sender->one(1);
            const int first = co_await emission;
            co_return first + co_await emission;
        };
        Sender sender;
        QCOMPARE(thrownBy([&] { run(task(&sender)); }), QByteArray("CallError"));
    }

    void badInput()
    {
        const auto null = []() -> Task<int> {
            Sender *const none = nullptr;
            co_return co_await fromSignal(none, &Sender::one);
        };
        QCOMPARE(thrownBy([&] { run(null()); }), QByteArray("CallError"));
        const auto noSignal = [](Sender *sender) -> Task<int> {
            co_return co_await fromSignal(sender, &Sender::noSignal);
        };
        Sender sender;
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("signal not found")));
        QCOMPARE(thrownBy([&] { run(noSignal(&sender)); }), QByteArray("CallError"));
    }

    void senderDies_data()
    {
        QTest::addColumn<int>("how");
        QTest::newRow("while awaited") << 0;
        QTest::newRow("before the await") << 1;
        QTest::newRow("deleteLater in its own slot") << 2;
        QTest::newRow("disconnected by others") << 3;
        QTest::newRow("with blocked signals") << 4;
    }
    void senderDies() // G11
    {
        QFETCH(const int, how);
        const auto task = [](Sender *sender, int way) -> Task<int> {
            auto emission = fromSignal(sender, &Sender::one);
            if (way == 1)
                delete sender;
            else if (way == 2)
                connect(sender, &Sender::none, sender, &QObject::deleteLater);
            else if (way == 4)
                sender->blockSignals(true);
            if (way == 2)
                soon(sender, [sender] { Q_EMIT sender->none(); });
            else if (way == 3)
                soon(sender, [sender] { sender->disconnect(); });
            else if (way != 1)
                soon(sender, [sender] { delete sender; });
            co_return co_await std::move(emission);
        };
        auto *const sender = new Sender; // deleted by the task, except in one case
        const QPointer<Sender> watch(sender);
        QCOMPARE(thrownBy([&] { run(task(sender, how)); }), QByteArray("SenderDestroyed"));
        delete watch.data();
    }

    void emissionBeforeTheSenderDiesCounts()
    {
        const auto task = [](Sender *sender) -> Task<int> {
            soon(sender, [sender] {
                Q_EMIT sender->one(4);
                delete sender;
            });
            co_return co_await fromSignal(sender, &Sender::one);
        };
        QCOMPARE(run(task(new Sender)), 4);
    }

    void timeoutAndCancel() // G7, G10
    {
        const auto timed = [](Sender *sender) -> Task<int> {
            co_return co_await withTimeout(fromSignal(sender, &Sender::one), 20ms);
        };
        Sender sender;
        QCOMPARE(thrownBy([&] { run(timed(&sender)); }), QByteArray("CallTimeout"));
        QCOMPARE(receiversOf(sender), 0);
        const auto waiting = [](Sender *s) -> Task<int> {
            co_return co_await fromSignal(s, &Sender::one);
        };
        QFuture<int> future = spawn(waiting(&sender));
        QCOMPARE(receiversOf(sender), 1);
        future.cancel();
        QTRY_VERIFY(future.isFinished());
        QTRY_COMPARE(receiversOf(sender), 0);
        Q_EMIT sender.one(1);
    }

    void frameDestroyedWhileItWaits() // G12
    {
        Counter counter;
        Sender sender;
        QThread thread;
        QObject inThread;
        inThread.moveToThread(&thread);
        thread.start();
        const auto task = [](Sender *s, Counter *c) -> Task<> {
            const Local local(*c);
            const CancellationShield shield;
            co_await fromSignal(s, &Sender::one);
            c->made += 100;
        };
        QFuture<void> kept;
        callOnSync(&inThread, [&] { kept = spawn(task(&sender, &counter)); });
        QCOMPARE(receiversOf(sender), 1);
        thread.quit();
        thread.wait();
        QCOMPARE(receiversOf(sender), 0);
        Q_EMIT sender.one(1);
        QCOMPARE(counter.made.load(), 1);
        QCOMPARE(counter.gone.load(), 1);
    }

    void senderInAnotherThread()
    {
        LoopThread other;
        Sender sender;
        sender.moveToThread(other.thread());
        const auto task = [](Sender *s) -> Task<int> {
            QThread *const home = QThread::currentThread();
            int sum = 0;
            for (int i = 0; i < 200; ++i) {
                auto emission = fromSignal(s, &Sender::one);
                QMetaObject::invokeMethod(s, [s, i] { Q_EMIT s->one(i); }, Qt::QueuedConnection);
                sum += co_await std::move(emission);
                if (QThread::currentThread() != home)
                    co_return -1;
            }
            co_return sum;
        };
        QCOMPARE(run(task(&sender)), 199 * 200 / 2);
        other.end();
    }

    void senderInAnotherThreadEmitsAndDiesAtAnyMoment()
    {
        LoopThread other;
        const auto one = [](QObject *place, int delay) -> Task<bool> {
            // deleted in its thread. A class of Qt's, not ours: QObject::disconnect() calls the
            // sender's metaObject() under a lock that ThreadSanitizer does not see.
            auto *const sender = new QBuffer;
            sender->moveToThread(place->thread());
            const auto go = std::make_shared<std::atomic<bool>>(false);
            const auto work = [sender, delay, go] {
                while (!*go)
                    spin(1);
                spin(delay);
                if (delay % 3 != 0)
                    Q_EMIT sender->bytesWritten(delay);
                delete sender;
            };
            QMetaObject::invokeMethod(sender, work, Qt::QueuedConnection);
            auto emission = fromSignal(sender, &QIODevice::bytesWritten);
            *go = true;
            bool right = false;
            try {
                if (delay % 2 == 0)
                    co_await yieldNow();
                if (delay % 7 == 0)
                    co_return true; // lets go of it
                const qint64 value = co_await std::move(emission);
                right = value == delay && delay % 3 != 0;
            } catch (const SenderDestroyed &) {
                right = delay % 3 == 0;
            }
            co_return right;
        };
        const auto all = [&one](QObject *place, int n) -> Task<int> {
            int right = 0;
            for (int i = 0; i < n; ++i)
                right += co_await one(place, i) ? 1 : 0;
            co_return right;
        };
        const int n = rounds(3'000, 600);
        QCOMPARE(run(all(other.object(), n)), n);
        other.end();
    }

    void manyWaitForOne()
    {
        Sender sender;
        int sum = 0;
        const auto task = [&sum](Sender *s) -> Task<> { sum += co_await fromSignal(s, &Sender::one); };
        for (int i = 0; i < 100; ++i)
            static_cast<void>(spawn(task(&sender)));
        Q_EMIT sender.one(2);
        QTRY_COMPARE(sum, 200);
        QCOMPARE(receiversOf(sender), 0);
    }
};

QTEST_GUILESS_MAIN(TestSignals)
#include "tst_signals.moc"
