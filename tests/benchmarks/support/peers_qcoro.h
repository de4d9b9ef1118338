// The work as QCoro does it. Each throws Missing where QCoro is not installed.
#pragma once

#include <QtCore/QFuture>

QT_BEGIN_NAMESPACE
class QEventLoop;
QT_END_NAMESPACE

namespace Benchmarks::QCoroPeer {

/// ns per await of a task that finishes without suspending.
double readyAwaits(int count);
/// ns per `co_await QtConcurrent::run(plain)`, one after the other under an event loop.
double offloadedInTurn(int count);
/// The same, all in flight at once.
double offloadedAtOnce(int count);
/// ns per co_await of a QFuture that is finished.
double readyFutures(int count);
/// Starts a coroutine that awaits \a future, counts \a open down and, the last one, ends \a loop.
void awaitOneFuture(QFuture<int> future, int *open, QEventLoop *loop);
/// ns per `co_await qCoro(sender, signal)`, by one coroutine a sender.
double signalAwaits(int senders, int rounds);
/// ns per item of a generator and of an async generator.
double generatorItems(int count);
double asyncGeneratorItems(int count);

} // namespace Benchmarks::QCoroPeer
