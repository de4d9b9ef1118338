#include <Synchronaut/detail/stream.h>

#include "engine_p.h"
#include "mailbox_p.h"
#include "nesting_p.h"
#include "unobserved_p.h"

#include <Synchronaut/buffered.h>
#include <Synchronaut/callsync.h>
#include <Synchronaut/cancellation.h>
#include <Synchronaut/fromsignal.h>

#include <QtCore/QFutureWatcher>

#include <algorithm>

namespace Synchronaut::detail {

namespace {

/// How long a consumer waits for the cleanup of a generator in another thread.
constexpr std::chrono::seconds closingTime(1);

CallState &asCall(CallRecord *record) noexcept
{
    return *static_cast<CallState *>(record);
}

} // namespace

// -- the stream ---------------------------------------------------------------------------------------

StreamCore::~StreamCore() = default;

void StreamCore::open()
{
    if (m_tether)
        return;
    std::int64_t granted = m_options.timeout.count(); // a negative one is refused below
    if (!m_options.deadline.isForever())
        granted = std::min<std::int64_t>(granted, m_options.deadline.remainingTimeNSecs());
    constexpr std::int64_t forEver = noDeadline / 4; // farther off than a QDeadlineTimer counts
    if (granted < forEver) {
        m_granted = std::max<std::int64_t>(granted, 0);
        m_until.setPreciseRemainingTime(0, m_granted, Qt::PreciseTimer);
    }
    const RefPtr<CallState> tether = makeTether();
    tether->flaw = flaw;
    if (!tether->begin(m_options, m_typeName, true))
        tether->throwError();
    // what limits the call that opens the stream need not limit the one that takes a later item
    tether->deadline = m_until.isForever() ? noDeadline : steadyNow() + m_granted;
    m_chain = tether->chain;
    m_tether = tether;
}

bool StreamCore::beginStep(CallState &step)
{
    open();
    if (m_tether->isSettled() && m_tether->outcome() != CallState::Outcome::Value)
        std::rethrow_exception(m_tether->error()); // its owner has died
    CallOptions options = m_options;
    options.timeout = std::chrono::nanoseconds::max();
    options.deadline = m_until;
    options.context = nullptr; // the tether watches that
    const bool begun = step.begin(options, m_typeName, true);
    if (!step.parent)
        step.joinChain(m_chain);
    return begun;
}

void StreamCore::throwStepError(CallState &step, std::exception_ptr error)
{
    // the generator may notice first that time is up: what it called was cancelled
    const bool late = step.isSettled()
            && (step.outcome() == CallState::Outcome::TimedOut
                || (step.outcome() == CallState::Outcome::Error && isCallCanceled(error)));
    if (late && isOutOfTime())
        throw timeoutError(step.origin(), m_granted);
    std::rethrow_exception(std::move(error));
}

bool StreamCore::beginClosing(CallState &closing)
{
    if (!Engine::instance().obstacle().isEmpty())
        return false; // the application is gone, or the generator's thread does not exist in this process
    CallOptions options;
    options.name = m_options.name;
    options.where = m_options.where;
    if (!isHere())
        options.timeout = closingTime;
    const bool begun = closing.begin(options, m_typeName, false);
    if (!closing.parent)
        closing.joinChain(m_chain);
    return begun;
}

void StreamCore::close()
{
    const RefPtr<StreamCore> self(this);
    const RefPtr<TypedCall<void>> closing = makeClosing();
    if (!closing)
        return;
    const CancellationShield shield;
    if (beginClosing(*closing))
        closing->startAndWait(WaitMode::Block, [&] { startStep(*closing); });
    if (closing->outcome() == CallState::Outcome::Error)
        closing->throwError();
}

void StreamCore::closeQuietly() noexcept
{
    try {
        close();
    } catch (...) {
        report(std::current_exception());
    }
}

void StreamCore::report(const std::exception_ptr &error) const noexcept
{
    CallErrorOrigin origin;
    origin.functionName = CallSite{m_options.name, m_typeName, m_options.where}.displayName();
    origin.where = m_options.where;
    reportUnobserved(error, origin);
}

Task<void> StreamCore::closeInTask()
{
    const RefPtr<StreamCore> self(this);
    const RefPtr<TypedCall<void>> closing = makeClosing();
    if (!closing)
        co_return;
    const CancellationShield shield;
    if (beginClosing(*closing))
        startStep(*closing);
    try {
        co_await CallAwaiterSource<void>(closing.get());
    } catch (...) {
        if (closing->outcome() == CallState::Outcome::Error)
            throw;
    }
}

// -- where it runs --------------------------------------------------------------------------------------

StreamHome::StreamHome(Mailbox *mailbox) noexcept : m_mailbox(mailbox), m_kind(Kind::Given)
{
    m_mailbox->ref();
}

StreamHome::~StreamHome()
{
    if (m_mailbox)
        m_mailbox->deref();
}

void StreamHome::send(CallState &call)
{
    if (!m_mailbox) {
        RefPtr<Mailbox> chosen = m_kind == Kind::Blocking ? Engine::instance().homeForBlockingCall()
                                                          : RefPtr<Mailbox>(&Mailbox::current());
        m_mailbox = chosen.release();
    }
    if (!m_mailbox)
        call.settleStopped(CallState::Outcome::LoopEnded);
    else if (m_mailbox->isCurrent())
        call.sendHere();
    else
        call.sendTo(m_mailbox);
}

void StreamHome::startHere(CallState &call)
{
    startNested(&call);
}

bool StreamHome::post(Message *message)
{
    return m_mailbox->post(message);
}

bool StreamHome::isHere() const noexcept
{
    return m_mailbox && m_mailbox->isCurrent();
}

// -- what runs in it --------------------------------------------------------------------------------------

StreamContextScope::StreamContextScope(RefPtr<ContextMap> &context)
    : m_context(context),
      m_record(currentRecord()),
      m_guard(std::exchange(threadBlock().guard, nullptr))
{
    std::swap(m_record.context, m_context);
}

StreamContextScope::~StreamContextScope()
{
    std::swap(m_record.context, m_context);
    threadBlock().guard = m_guard;
}

CallState &runningCall() noexcept
{
    return asCall(threadBlock().current);
}

void checkConsumer()
{
    const ThreadBlock &block = threadBlock();
    if (block.current || (block.own && block.own->scopes))
        checkRunningCall();
}

std::exception_ptr streamClosed()
{
    return std::make_exception_ptr(CallCanceled(QStringLiteral(
            "The generator of a stream was destroyed while an item of it was waited for: the stream "
            "was closed, or the object it was bound to has died")));
}

bool checkCapacity(int items)
{
    if (items < 0) {
        throw CallError(QStringLiteral("buffered() was given a negative number of items (%1); use 0 for "
                                       "none")
                                .arg(items));
    }
    return items > 0;
}

void throwBufferedTooLate()
{
    throw CallError(QStringLiteral("buffered() was given a BlockingRange that has given items already; "
                                   "call it before the first begin()"));
}

// -- suspended futures --------------------------------------------------------------------------------

Task<void> untilResumed(QFuture<void> future)
{
    while (future.isSuspending() || future.isSuspended()) {
        QFutureWatcher<void> watcher;
        auto resumed = fromSignal(static_cast<QFutureWatcherBase *>(&watcher),
                                  &QFutureWatcherBase::resumed);
        watcher.setFuture(future);
        const bool waits = future.isSuspending() || future.isSuspended();
        if (waits)
            co_await std::move(resumed);
    }
}

void waitUntilResumed(const QFuture<void> &future)
{
    if (future.isSuspending() || future.isSuspended())
        callSync(untilResumed, future);
}

} // namespace Synchronaut::detail
