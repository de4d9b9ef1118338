#include "engine_p.h"
#include "nesting_p.h"

#include <Synchronaut/callasync.h>
#include <Synchronaut/callon.h>
#include <Synchronaut/callsync.h>
#include <Synchronaut/detail/synchronizercore.h>

#include <QtCore/QThread>

namespace Synchronaut::detail {

void checkRunningCall()
{
    const ThreadBlock &block = threadBlock();
    if (block.current)
        static_cast<CallState *>(block.current)->checkRunning();
    else
        block.own->throwIfLimitPassed();
}

void startLazily(CallState *call, const LazyStart &start)
{
    if (beginLazily(call, start))
        runLazily(call, start);
}

bool beginLazily(CallState *call, const LazyStart &start)
{
    return call->begin(start.options, start.typeName, start.runner != AsyncRunner::Home);
}

void runLazily(CallState *call, const LazyStart &start)
{
    switch (start.runner) {
    case AsyncRunner::Pool:
        call->submitOrLend(start.options);
        break;
    case AsyncRunner::Home:
        startNested(call);
        break;
    case AsyncRunner::Synchronizer:
        start.synchronizer->start(call);
        break;
    }
}

void startInThreadOf(CallState *call, QObject *target)
{
    QThread *const thread = target->thread();
    if (thread == QThread::currentThread())
        call->sendInCaller();
    else if (const RefPtr<Mailbox> mailbox = Mailbox::of(thread))
        call->sendTo(mailbox.get());
    else
        call->settleStopped(CallState::Outcome::LoopEnded);
}

void pollIfHere(CallState *call, const QObject *target)
{
    if (target && target->thread() == QThread::currentThread() && call->isPlain())
        call->setPolled();
}

void throwTargetGone()
{
    throw SenderDestroyed(QStringLiteral("The object that callOn() was given was destroyed before "
                                         "the function could run in its thread; keep it alive, or "
                                         "expect this error"));
}

} // namespace Synchronaut::detail
