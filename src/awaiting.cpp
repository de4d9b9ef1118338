#include "engine_p.h"
#include "functionmessage_p.h"
#include "logging_p.h"
#include "mailbox_p.h"

#include <Synchronaut/detail/awaitforeign.h>
#include <Synchronaut/detail/awaitfuture.h>
#include <Synchronaut/detail/callawaiter.h>
#include <Synchronaut/detail/taskpromise.h>
#include <Synchronaut/detail/timedawaiter.h>
#include <Synchronaut/errors.h>
#include <Synchronaut/task.h>

#include <QtCore/QBasicTimer>
#include <QtCore/QFutureWatcher>
#include <QtCore/QThread>
#include <QtCore/QTimerEvent>

#include <typeinfo>

namespace Synchronaut::detail {

// -- calls ------------------------------------------------------------------------------------------

CallAwaiterBase::~CallAwaiterBase()
{
    if (m_caller && !m_callee->isSettled())
        m_callee->detachAwaiter();
    else if (m_caller)
        m_callee->forgetAwaiter();
}

bool CallAwaiterBase::suspendFor(CallState *caller, std::coroutine_handle<> frame)
{
    m_caller = caller;
    if (m_callee->isSettled())
        return false;
    if (!begin(caller, frame)) {
        m_callee->requestStop(StopReason::Canceled);
        return false;
    }
    m_onCancel = [](Suspension *self) {
        static_cast<CallAwaiterBase *>(self)->m_callee->requestStop(StopReason::Canceled);
        return false; // the callee wakes us when it has ended
    };
    if (m_callee->attachAwaiter(this))
        return true;
    detach();
    return false;
}

// -- tasks ------------------------------------------------------------------------------------------

void logNeverStarted() noexcept
{
    qCDebug(lcSynchronaut, "A task was destroyed that had never been awaited, run or spawned");
}

void throwEmptyTask()
{
    throw CallError(QStringLiteral("An empty Task was awaited: it was default-constructed, moved "
                                   "from or awaited before; await each task once"));
}

void enterScope(CallState &call)
{
    if (call.isStopRequested())
        call.throwStopped();
    if (call.scopes)
        ++call.scopes->tasksBelow;
}

void leaveScope(CallState &call, const std::exception_ptr &error)
{
    --call.scopes->tasksBelow;
    if (isCallCanceled(error))
        call.throwIfLimitPassed();
}

bool isCallCanceled(const std::exception_ptr &error) noexcept
{
    if (!error)
        return false;
#if defined(__GLIBCXX__)
    // what we throw ourselves is known without being thrown again, which costs 2 us
    if (*error.__cxa_exception_type() == typeid(CallCanceled))
        return true;
#endif
    try {
        std::rethrow_exception(error);
    } catch (const CallCanceled &) {
        return true;
    } catch (...) {
        return false;
    }
}

// -- time limits --------------------------------------------------------------------------------------

TimedAwaiterBase::TimedAwaiterBase() noexcept : m_limit(StopScope::Kind::AwaitLimit)
{
    m_limit.name = "withTimeout";
}

void TimedAwaiterBase::enter(CallState *caller, const TimeGiven &given)
{
    m_caller = caller;
    caller->checkRunning();
    std::int64_t limit = given.time.count();
    if (limit < 0) {
        throw CallError(QStringLiteral("withTimeout() was given a negative time (%1 ns); use "
                                       "nanoseconds::max() for none")
                                .arg(static_cast<qlonglong>(limit)),
                        caller->origin());
    }
    if (!given.deadline.isForever())
        limit = std::max<std::int64_t>(given.deadline.remainingTimeNSecs(), 0);
    m_limit.where = given.where;
    m_context = caller->context;
    m_limit.enter(caller, limit);
    if (limit == 0)
        m_limit.throwTimeout();
}

void TimedAwaiterBase::canceled()
{
    const bool ours = m_limit.expired;
    m_limit.leave();
    if (ours)
        m_limit.throwTimeout();
    m_caller->throwIfLimitPassed();
}

// -- awaitables of other libraries --------------------------------------------------------------------

ForeignWait::ForeignWait(void (*destroy)(ForeignWait *)) noexcept
    : m_destroy(destroy), m_home(&Mailbox::current())
{
    deliver = &ForeignWait::deliverArrival;
    onBehalf = threadBlock().current->chain; // of the task that awaits: a blocked home looks for it
    m_home->ref();
}

ForeignWait::~ForeignWait()
{
    m_home->deref();
}

void ForeignWait::settle()
{
    // the frame's reference becomes the message's
    if (m_home->isCurrent())
        deliverArrival(this, Delivery::Run);
    else if (!m_home->post(this))
        deliverArrival(this, Delivery::Dropped);
}

void ForeignWait::deliverArrival(Message *message, Delivery how)
{
    auto *const wait = static_cast<ForeignWait *>(message);
    if (how == Delivery::Run) {
        wait->m_arrived = true;
        if (wait->m_awaiter)
            wait->m_awaiter->wake();
    }
    wait->deref();
}

void ForeignWait::throwDropped()
{
    throw CallCanceled(QStringLiteral("The awaited coroutine of another library was destroyed before it "
                                      "had finished; keep what runs it alive"));
}

bool ForeignAwaiterBase::suspendFor(CallState *caller, std::coroutine_handle<> frame,
                                    ForeignWait *wait)
{
    if (wait->hasArrived() || !begin(caller, frame))
        return false;
    wait->setAwaiter(this);
    return true;
}

void ForeignAwaiterBase::throwIfStopped(const ForeignWait *wait)
{
    if (!wait || !wait->hasArrived())
        m_caller->throwStopped();
}

// -- coroutines of other libraries that await ours ----------------------------------------------------

OutsideAwaiterBase::~OutsideAwaiterBase()
{
    if (m_waiting)
        m_waiting->detachOutside();
}

bool OutsideAwaiterBase::start(CallState *call, std::coroutine_handle<> frame)
{
    CallOptions options;
    options.name = "Task";
    if (call->begin(options, nullptr, true))
        call->startHome();
    m_waiting = RefPtr<CallState>(call);
    return call->attachOutside(frame);
}

// -- futures ------------------------------------------------------------------------------------------

void throwFutureCanceled()
{
    throw CallCanceled(QStringLiteral("The awaited QFuture was cancelled"));
}

void throwFutureEmpty()
{
    throw CallError(QStringLiteral("The awaited QFuture has finished without a result; give its "
                                   "QPromise one with addResult() before finish()"));
}

namespace {

/// Settles a FutureCall. Looks at the future after each of its events: connections would cost more than
/// all the rest.
class FutureEnd : public QFutureWatcher<void>
{
public:
    explicit FutureEnd(const RefPtr<CallState> &call) : m_call(call) { }

    bool event(QEvent *event) override
    {
        const QEvent::Type type = event->type();
        const bool known = QFutureWatcher<void>::event(event);
        const bool graceIsOver = type == QEvent::Timer;
        if (type != QEvent::FutureCallOut && !graceIsOver)
            return known; // we may have been deleted
        if (isFinished() || graceIsOver) {
            if (const RefPtr<CallState> call = std::exchange(m_call, {}))
                call->runHere();
        } else if (isCanceled() && !m_grace.isActive()) {
            // Qt calls a future cancelled, too, in which an error stands: its finish() is about to come
            constexpr int grace = 50; // ms
            m_grace.start(grace, this);
        }
        return known;
    }

private:
    RefPtr<CallState> m_call;
    QBasicTimer m_grace;
};

void watchHere(const QFuture<void> &future, const RefPtr<CallState> &call,
               std::atomic<QObject *> *slot)
{
    auto watcher = std::make_unique<FutureEnd>(call);
    watcher->setFuture(future);
    slot->store(watcher.release()); // deleted by dropWatcher(), whatever settles the call
    if (call->isClaimed()) // whoever settles it may have looked for the watcher before
        dropWatcher(slot);
}

} // namespace

void watchFuture(const QFuture<void> &future, const RefPtr<CallState> &call,
                 std::atomic<QObject *> *watcher)
{
    const Mailbox *const here = Mailbox::existing();
    if (here && here->blockedWaits == 0 && QThread::currentThread()->loopLevel() > 0) {
        watchHere(future, call, watcher);
        return;
    }
    // this thread's loop does not turn, or is blocked in a wait: Qt's events would not arrive
    const RefPtr<Mailbox> background = Engine::instance().backgroundMailbox();
    const auto watch = [future, call, watcher](Delivery how) {
        if (how == Delivery::Run)
            watchHere(future, call, watcher);
        else
            call->settleStopped(CallState::Outcome::LoopEnded);
    };
    if (!background || !postFunction(*background, 0, watch))
        call->settleStopped(CallState::Outcome::LoopEnded);
}

void dropWatcher(std::atomic<QObject *> *watcher)
{
    if (QObject *const object = watcher->exchange(nullptr))
        object->deleteLater();
}

} // namespace Synchronaut::detail
