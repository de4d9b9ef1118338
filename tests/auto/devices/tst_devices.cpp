// Reading and writing devices: sequential and random access, the end, errors, death, closing.
#include "../support/waiting.h"

#include <QtCore/QBuffer>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

/// A sequential device whose other side is the test.
class Pipe : public QIODevice
{
public:
    Pipe() { open(ReadWrite | Unbuffered); }
    bool isSequential() const override { return true; }
    qint64 bytesAvailable() const override { return m_in.size() + QIODevice::bytesAvailable(); }
    bool canReadLine() const override { return m_in.contains('\n') || QIODevice::canReadLine(); }
    qint64 bytesToWrite() const override { return m_pending.size(); }

    void feed(const QByteArray &data)
    {
        m_in += data;
        Q_EMIT readyRead();
    }
    void endInput() { Q_EMIT readChannelFinished(); }
    void flushSome(qsizetype n)
    {
        written += m_pending.left(n);
        m_pending.remove(0, n);
        Q_EMIT bytesWritten(n);
    }

    QByteArray written;
    bool fails = false;

protected:
    qint64 readData(char *data, qint64 size) override
    {
        if (fails) {
            setErrorString(QStringLiteral("broken on purpose"));
            return -1;
        }
        const qint64 n = std::min<qint64>(size, m_in.size());
        std::copy_n(m_in.constData(), n, data);
        m_in.remove(0, n);
        return n;
    }
    qint64 writeData(const char *data, qint64 size) override
    {
        if (fails) {
            setErrorString(QStringLiteral("broken on purpose"));
            return -1;
        }
        m_pending.append(data, size);
        return size;
    }

private:
    QByteArray m_in;
    QByteArray m_pending;
};

Task<QByteArrayList> lines(QIODevice *device, qint64 maxSize = 0)
{
    QByteArrayList all;
    for (;;) {
        const QByteArray line = co_await readLine(device, maxSize);
        if (line.isEmpty())
            co_return all;
        all += line;
    }
}

} // namespace

class TestDevices : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void buffer()
    {
        QBuffer buffer;
        QVERIFY(buffer.open(QIODevice::ReadWrite));
        run(writeAll(&buffer, "one\ntwo\n\nlast"));
        buffer.seek(0);
        QCOMPARE(run(readSome(&buffer, 2)), QByteArray("on"));
        QCOMPARE(run(lines(&buffer)), (QByteArrayList{"e\n", "two\n", "\n", "last"}));
        QCOMPARE(run(readSome(&buffer, 10)), QByteArray());
        buffer.seek(0);
        QCOMPARE(run(readAll(&buffer)), QByteArray("one\ntwo\n\nlast"));
        run(writeAll(&buffer, QByteArray()));
    }

    void file()
    {
        QTemporaryDir folder;
        QFile file(folder.filePath(QStringLiteral("data")));
        QVERIFY(file.open(QIODevice::ReadWrite));
        const QByteArray data(300'000, 'x');
        run(writeAll(&file, data));
        QCOMPARE(QFileInfo(file.fileName()).size(), data.size()); // not in a buffer any more
        file.seek(0);
        QCOMPARE(run(readAll(&file)), data);
        QFile proc(QStringLiteral("/proc/self/status")); // says that its size is 0
        QVERIFY(proc.open(QIODevice::ReadOnly));
        QVERIFY(run(readAll(&proc)).startsWith("Name:"));
    }

    void waitsForWhatComes()
    {
        Pipe pipe;
        QFuture<QByteArray> some = spawn(readSome(&pipe, 3));
        QVERIFY(!some.isFinished());
        pipe.feed("abcdef\n");
        QTRY_VERIFY(some.isFinished());
        QCOMPARE(some.result(), QByteArray("abc"));
        QCOMPARE(run(readLine(&pipe)), QByteArray("def\n"));
    }

    void linesInPieces()
    {
        Pipe pipe;
        QFuture<QByteArrayList> all = spawn(lines(&pipe));
        pipe.feed("on");
        QCoreApplication::processEvents();
        pipe.feed("e\ntwo\nthr");
        QCoreApplication::processEvents();
        QVERIFY(!all.isFinished());
        pipe.feed("ee");
        pipe.endInput();
        QTRY_VERIFY(all.isFinished());
        QCOMPARE(all.result(), (QByteArrayList{"one\n", "two\n", "three"}));
    }

    void longLinesComeInParts()
    {
        Pipe pipe;
        QFuture<QByteArrayList> all = spawn(lines(&pipe, 4));
        pipe.feed("abcdefg\nh");
        pipe.endInput();
        QTRY_VERIFY(all.isFinished());
        QCOMPARE(all.result().join(), QByteArray("abcdefg\nh"));
        QCOMPARE(all.result().first(), QByteArray("abcd"));
    }

    void endBetweenTwoReads()
    {
        Pipe pipe;
        pipe.feed("x");
        QCOMPARE(run(readSome(&pipe, 9)), QByteArray("x"));
        pipe.feed("y");
        pipe.endInput(); // nobody waits at this moment
        QCOMPARE(run(readAll(&pipe)), QByteArray("y"));
        QCOMPARE(run(readSome(&pipe, 9)), QByteArray());
        QCOMPARE(run(readLine(&pipe)), QByteArray());
    }

    void writesInPieces()
    {
        Pipe pipe;
        const QByteArray data(200'000, 'y');
        QFuture<void> all = spawn(writeAll(&pipe, data));
        for (int i = 0; i < 100 && !all.isFinished(); ++i) {
            pipe.flushSome(10'000);
            QCoreApplication::processEvents();
        }
        QVERIFY(all.isFinished());
        QCOMPARE(pipe.written, data);
    }

    void errorsOfTheDevice()
    {
        Pipe pipe;
        pipe.fails = true;
        for (const bool reading : {true, false}) {
            try {
                if (reading)
                    run(readSome(&pipe, 1));
                else
                    run(writeAll(&pipe, "x"));
                QFAIL("no error");
            } catch (const CallError &e) {
                QVERIFY2(e.message().contains(QStringLiteral("broken on purpose")), qPrintable(e.message()));
            }
        }
    }

    void badInput()
    {
        QBuffer closed;
        QBuffer writeOnly;
        QVERIFY(writeOnly.open(QIODevice::WriteOnly));
        QBuffer open;
        QVERIFY(open.open(QIODevice::ReadOnly));
        const QByteArray error("CallError");
        QCOMPARE(thrownBy([] { run(readSome(nullptr, 1)); }), error);
        QCOMPARE(thrownBy([] { run(readLine(nullptr)); }), error);
        QCOMPARE(thrownBy([] { run(readAll(nullptr)); }), error);
        QCOMPARE(thrownBy([] { run(writeAll(nullptr, "x")); }), error);
        QCOMPARE(thrownBy([&] { run(readSome(&closed, 1)); }), error);
        QCOMPARE(thrownBy([&] { run(readSome(&writeOnly, 1)); }), error);
        QCOMPARE(thrownBy([&] { run(writeAll(&open, "x")); }), error);
        QCOMPARE(thrownBy([&] { run(readSome(&open, 0)); }), error);
        QCOMPARE(thrownBy([&] { run(readLine(&open, -1)); }), error);
        LoopThread other;
        QBuffer elsewhere;
        elsewhere.open(QIODevice::ReadWrite);
        elsewhere.moveToThread(other.thread());
        QCOMPARE(thrownBy([&] { run(readSome(&elsewhere, 1)); }), error);
        other.end();
    }

    void destroyedWhileAwaited_data()
    {
        QTest::addColumn<int>("what");
        QTest::newRow("readSome") << 0;
        QTest::newRow("readLine") << 1;
        QTest::newRow("readAll") << 2;
        QTest::newRow("writeAll") << 3;
    }
    static QFuture<void> started(int what, QIODevice *device)
    {
        const auto task = [](int w, QIODevice *d) -> Task<> {
            if (w == 0)
                co_await readSome(d, 5);
            else if (w == 1)
                co_await readLine(d);
            else if (w == 2)
                co_await readAll(d);
            else
                co_await writeAll(d, "data");
        };
        return spawn(task(what, device));
    }
    void destroyedWhileAwaited() // G11
    {
        QFETCH(const int, what);
        auto pipe = std::make_unique<Pipe>();
        QFuture<void> future = started(what, pipe.get());
        QVERIFY(!future.isFinished());
        pipe.reset();
        QTRY_VERIFY(future.isFinished());
        QCOMPARE(thrownBy([&] { future.waitForFinished(); }), QByteArray("SenderDestroyed"));
    }

    void destroyedAfterTheWake_data() { destroyedWhileAwaited_data(); }
    void destroyedAfterTheWake()
    {
        QFETCH(const int, what);
        auto pipe = std::make_unique<Pipe>();
        QFuture<void> future = started(what, pipe.get());
        pipe->feed("12\n");
        pipe->flushSome(2);
        pipe.reset(); // the task is to be resumed, and finds it gone
        QTRY_VERIFY(future.isFinished());
        QCOMPARE(thrownBy([&] { future.waitForFinished(); }), QByteArray("SenderDestroyed"));
    }

    void closedWhileAwaited_data() { destroyedWhileAwaited_data(); }
    void closedWhileAwaited()
    {
        QFETCH(const int, what);
        Pipe pipe;
        QFuture<void> future = started(what, &pipe);
        pipe.close();
        QTRY_VERIFY(future.isFinished());
        QCOMPARE(thrownBy([&] { future.waitForFinished(); }), QByteArray("CallError"));
    }

    void canceledAndTimedOut_data() { destroyedWhileAwaited_data(); }
    void canceledAndTimedOut()
    {
        QFETCH(const int, what);
        Pipe pipe;
        QFuture<void> future = started(what, &pipe);
        future.cancel();
        QTRY_VERIFY(future.isFinished());
        const auto limited = [](QIODevice *device) -> Task<> {
            co_await withTimeout(readLine(device), 10ms);
        };
        QCOMPARE(thrownBy([&] { run(limited(&pipe)); }), QByteArray("CallTimeout"));
        pipe.feed("still usable\n");
        QCOMPARE(run(readLine(&pipe)), QByteArray("still usable\n"));
    }
};

QTEST_GUILESS_MAIN(TestDevices)
#include "tst_devices.moc"
