#include <Synchronaut/scopedresource.h>

#include "mailbox_p.h"
#include "unobserved_p.h"

#include <Synchronaut/callsync.h>

namespace Synchronaut::detail {

// -- errors -----------------------------------------------------------------------------------------

namespace {

CallErrorOrigin originOf(const char *typeName)
{
    return {CallSite{nullptr, typeName, {}}.displayName(), {}, {}};
}

} // namespace

void throwNeverYielded()
{
    throw CallError(QStringLiteral("An AsyncGenerator that was to be a resource has ended without a "
                                   "co_yield; let it yield once, what it has acquired"));
}

void throwYieldedTwice()
{
    throw CallError(QStringLiteral("An AsyncGenerator that was to be a resource has yielded a second "
                                   "time and was closed; let it release and end after its co_yield"));
}

std::exception_ptr scopeLeftByException(const char *typeName)
{
    const CallErrorOrigin origin = originOf(typeName);
    return std::make_exception_ptr(CallError(
            QStringLiteral("The scope of a ScopedResource<%1> was left by an exception, which it cannot "
                           "know; use withResourceSync(), or catch it and pass it to release()")
                    .arg(origin.functionName),
            origin));
}

void reportLostRelease(const std::exception_ptr &error, const char *typeName) noexcept
{
    CallErrorOrigin origin = originOf(typeName);
    origin.functionName.prepend(QStringLiteral("release() of "));
    reportUnobserved(error, origin, "call ScopedResource::release()");
}

// -- places -----------------------------------------------------------------------------------------

Place::Place() noexcept = default;

Place::~Place()
{
    if (m_mailbox)
        m_mailbox->deref();
}

void Place::take()
{
    m_mailbox = &Mailbox::current();
    m_mailbox->ref();
    m_context = RefPtr<ContextMap>(currentContext());
}

void Place::start(CallState *call) const
{
    call->context = m_context;
    if (m_mailbox->isCurrent())
        call->startHome();
    else
        call->sendTo(m_mailbox);
}

void enterLimit(std::optional<DeadlineScope> &limit, const CallOptions &options)
{
    constexpr auto none = std::chrono::nanoseconds::max();
    auto left = options.timeout;
    if (!options.deadline.isForever())
        left = std::min(left, std::chrono::nanoseconds(options.deadline.remainingTimeNSecs()));
    if (left != none && left.count() >= 0) // what is negative the call refuses
        limit.emplace(left, options.where);
}

// -- joining ----------------------------------------------------------------------------------------

JoinPoint::JoinPoint()
{
    m_promise.start();
    m_future = m_promise.future();
}

void JoinPoint::arrive() noexcept
{
    m_promise.finish();
}

void JoinPoint::wait() const
{
    const CancellationShield shield;
    while (!m_future.isFinished()) {
        try {
            callSync([future = m_future] { return future; });
        } catch (const CallCanceled &) {
            // of a limit outside, which has let go of this wait, too: wait again
        } catch (...) {
            return; // shutdown() has the loop, and sees to what runs there
        }
    }
}

} // namespace Synchronaut::detail
