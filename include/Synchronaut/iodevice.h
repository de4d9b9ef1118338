#pragma once

#include <Synchronaut/export.h>
#include <Synchronaut/task.h>

#include <QtCore/QByteArray>

QT_BEGIN_NAMESPACE
class QIODevice;
QT_END_NAMESPACE

namespace Synchronaut {

/*!
    \file
    Reading and writing of QIODevices in tasks: processes, sockets, pipes, buffers, files.

    A socket is connected, or was: one that is still connecting counts as ended.
    The device is open, lives in the thread of the task and is used by one of these at a time. A
    QFile never says when it is ready: it is read and written at once, and may block. A
    QProcess is read on its current read channel.

    All of them throw SenderDestroyed if the device dies meanwhile, CallCanceled when the task is
    cancelled, and CallError if the device is null, not open for that, of another thread, is closed
    meanwhile, fails (with its errorString()), or is a process that could not be started. What was
    read or written until then is gone: take care to read with limits where that matters.
*/

/// The next bytes, as soon as there are any: \a maxSize at most, which is positive. Empty: the end.
SYNCHRONAUT_EXPORT Task<QByteArray> readSome(QIODevice *device, qint64 maxSize);

/// The next line with its line feed; the rest at the end; what is there when \a maxSize bytes have
/// come without one (0: no limit, a line may then fill the memory). Empty: the end.
SYNCHRONAUT_EXPORT Task<QByteArray> readLine(QIODevice *device, qint64 maxSize = 0);

/// Everything until the end.
SYNCHRONAUT_EXPORT Task<QByteArray> readAll(QIODevice *device);

/// Writes \a data and waits until the device has passed all of it on to the system.
SYNCHRONAUT_EXPORT Task<void> writeAll(QIODevice *device, QByteArray data);

} // namespace Synchronaut
