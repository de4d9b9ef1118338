#include <Synchronaut/iodevice.h>

#include "anysignal_p.h"

#include <Synchronaut/errors.h>

#include <QtCore/QFileDevice>
#include <QtCore/QPointer>
#include <QtCore/QProcess>
#include <QtCore/QThread>
#include <QtCore/QVariant>

#include <algorithm>

namespace Synchronaut {

namespace {

constexpr qint64 chunkSize = 65'536;
constexpr const char *endMark = "_synchronaut_readChannelFinished";

/// One operation on a device: what it is called, and what has to hold whenever it goes on.
class DeviceUse
{
public:
    DeviceUse(const char *function, QIODevice *device, QIODevice::OpenMode mode)
        : m_function(function), m_device(device), m_mode(mode)
    {
        if (!device)
            fail(QStringLiteral("the device is null"));
        if (device->thread() != QThread::currentThread())
            fail(QStringLiteral("the device lives in another thread; move it here or use callOn()"));
        m_process = qobject_cast<QProcess *>(device);
        // a file has no signals that tell when it is ready, not even where it is a pipe
        m_signals = device->isSequential() && !qobject_cast<QFileDevice *>(device);
        m_isSocket = device->inherits("QAbstractSocket") || device->inherits("QLocalSocket");
        check();
        if (m_signals && !m_process)
            rememberEnd();
    }

    void check() const
    {
        if (!m_device)
            throw SenderDestroyed(text(QStringLiteral("the device was destroyed meanwhile")), origin());
        if (m_process && m_process->error() == QProcess::FailedToStart
            && m_process->state() == QProcess::NotRunning)
            fail(m_process->errorString());
        if ((m_device->openMode() & m_mode) != m_mode)
            fail(m_mode == QIODevice::ReadOnly
                         ? QStringLiteral("the device is not open for reading, or was closed meanwhile")
                         : QStringLiteral("the device is not open for writing, or was closed meanwhile"));
    }
    /// True where waiting for a signal makes sense.
    bool hasSignals() const noexcept { return m_signals; }
    /// Nothing will come any more but what is there.
    bool hasEnded() const
    {
        if (m_process)
            return m_process->state() == QProcess::NotRunning;
        if (m_device->property(endMark).toBool())
            return true;
        return m_isSocket && isDisconnected();
    }
    bool hasWriteError() const { return m_process && m_process->error() == QProcess::WriteError; }
    void subscribe(detail::AnySignal &any) const
    {
        if (m_mode == QIODevice::ReadOnly)
            any.add(m_device.data(), &QIODevice::readyRead);
        else
            any.add(m_device.data(), &QIODevice::bytesWritten);
        any.add(m_device.data(), &QIODevice::readChannelFinished);
        any.add(m_device.data(), &QIODevice::aboutToClose);
        if (m_process) {
            any.add(m_process, &QProcess::finished);
            any.add(m_process, &QProcess::errorOccurred);
        }
    }
    QIODevice *operator->() const { return m_device.data(); }
    const char *function() const noexcept { return m_function; }

    [[noreturn]] void fail(const QString &what) const { throw CallError(text(what), origin()); }
    [[noreturn]] void failOfDevice() const { fail(m_device->errorString()); }

private:
    QString text(const QString &what) const
    {
        return QStringLiteral("Synchronaut::%1() failed: %2").arg(QString::fromUtf8(m_function), what);
    }
    CallErrorOrigin origin() const
    {
        CallErrorOrigin result;
        result.functionName = QString::fromUtf8(m_function);
        return result;
    }
    /// A socket may have been disconnected before we knew it: then a read behind its last byte fails.
    bool isDisconnected() const
    {
        if (m_device->isTransactionStarted())
            return false;
        m_device->startTransaction();
        m_device->skip(m_device->bytesAvailable());
        char next = 0;
        const bool fails = m_device->read(&next, 1) < 0;
        m_device->rollbackTransaction();
        return fails;
    }
    /// The end is told once, perhaps between two reads: the device keeps it.
    void rememberEnd()
    {
        QIODevice *const device = m_device.data();
        if (device->property(endMark).isValid())
            return;
        device->setProperty(endMark, false);
        QObject::connect(device, &QIODevice::readChannelFinished, device,
                         [device] { device->setProperty(endMark, true); });
        QObject::connect(device, &QIODevice::aboutToClose, device,
                         [device] { device->setProperty(endMark, false); });
    }

    const char *m_function;
    QPointer<QIODevice> m_device;
    QProcess *m_process = nullptr;
    QIODevice::OpenMode m_mode;
    bool m_signals = false;
    bool m_isSocket = false;
};

/// Waits until something has changed.
Task<void> change(const DeviceUse *device)
{
    detail::AnySignal any(device->function());
    device->subscribe(any);
    co_await any.source();
    device->check();
}

} // namespace

Task<QByteArray> readSome(QIODevice *device, qint64 maxSize)
{
    const DeviceUse use("readSome", device, QIODevice::ReadOnly);
    if (maxSize <= 0)
        use.fail(QStringLiteral("maxSize is not positive"));
    QByteArray data;
    for (;;) {
        data.resize(std::min(maxSize, std::max(use->bytesAvailable(), chunkSize)));
        const bool ended = use.hasSignals() && use.hasEnded(); // before the read takes the last
        const qint64 size = use->read(data.data(), data.size());
        if (size < 0 && !ended)
            use.failOfDevice();
        data.resize(std::max<qint64>(size, 0));
        if (size > 0 || ended || !use.hasSignals())
            co_return data;
        if (!use.hasEnded())
            co_await change(&use);
    }
}

Task<QByteArray> readLine(QIODevice *device, qint64 maxSize)
{
    const DeviceUse use("readLine", device, QIODevice::ReadOnly);
    if (maxSize < 0)
        use.fail(QStringLiteral("maxSize is negative"));
    while (use.hasSignals() && !use->canReadLine() && !use.hasEnded()
           && (maxSize == 0 || use->bytesAvailable() < maxSize))
        co_await change(&use);
    if (maxSize == 0)
        co_return use->readLine();
    // not readLine(qint64), which takes one byte less in some versions of Qt
    constexpr qint64 largest = 16 * chunkSize;
    QByteArray line;
    line.resize(std::min(maxSize, std::max(use->bytesAvailable(), largest)) + 1); // and a NUL
    line.resize(std::max<qint64>(use->readLine(line.data(), line.size()), 0));
    co_return line;
}

Task<QByteArray> readAll(QIODevice *device)
{
    QByteArray all;
    for (;;) {
        const QByteArray part = co_await readSome(device, chunkSize);
        if (part.isEmpty())
            co_return all;
        all += part;
    }
}

Task<void> writeAll(QIODevice *device, QByteArray data)
{
    const DeviceUse use("writeAll", device, QIODevice::WriteOnly);
    for (qint64 written = 0; written < data.size();) {
        const qint64 size = use->write(data.constData() + written,
                                       std::min<qint64>(data.size() - written, chunkSize));
        if (size < 0)
            use.failOfDevice();
        written += size;
        if (!use.hasSignals()) {
            if (size == 0)
                use.failOfDevice();
            continue;
        }
        while (size == 0 || use->bytesToWrite() > 0) {
            if (use.hasEnded())
                use.fail(QStringLiteral("the other side has ended before it took everything"));
            co_await change(&use);
            if (size == 0)
                break;
        }
        if (use.hasWriteError())
            use.failOfDevice();
    }
    if (auto *const file = qobject_cast<QFileDevice *>(device); file && !file->flush())
        use.failOfDevice();
}

} // namespace Synchronaut
