#include <Synchronaut/detail/emissionqueue.h>
#include <Synchronaut/detail/signalcall.h>
#include <Synchronaut/errors.h>

namespace Synchronaut::detail {

std::exception_ptr senderDestroyed(const CallErrorOrigin &origin)
{
    return std::make_exception_ptr(SenderDestroyed(
            QStringLiteral("A signal was awaited whose sender was destroyed, or disconnected by others, "
                           "before it emitted; keep the sender alive, or expect this error"),
            origin));
}

std::exception_ptr notASignal(const CallErrorOrigin &origin)
{
    return std::make_exception_ptr(CallError(
            QStringLiteral("fromSignal() or emissions() could not connect: the sender is null or the "
                           "member function is not a signal of it; pass &Class::signal of a living "
                           "object"),
            origin));
}

void throwAwaitedTwice()
{
    throw CallError(QStringLiteral("What fromSignal() returned was awaited twice, or after it was "
                                   "moved from; call fromSignal() for each emission, or use emissions()"));
}

void EmissionQueueBase::end(std::exception_ptr error)
{
    RefPtr<EmissionNews> waiter;
    {
        const std::lock_guard lock(m_lock);
        if (!m_error)
            m_error = std::move(error);
        waiter = std::exchange(m_waiter, {});
    }
    wake(std::move(waiter));
}

void EmissionQueueBase::disconnected()
{
    if (m_end.isSecond())
        end(senderDestroyed({}));
}

void EmissionQueueBase::connected(bool valid)
{
    if (m_end.isSecond())
        end(valid ? senderDestroyed({}) : notASignal({}));
}

RefPtr<EmissionNews> EmissionQueueBase::news()
{
    RefPtr<EmissionNews> call(new EmissionNews); // owned by the references to it
    CallOptions options;
    options.name = "emissions";
    call->begin(options, nullptr, false); // settled at once in a call that is to stop
    const std::lock_guard lock(m_lock);
    if (m_error || !isEmpty())
        return {};
    m_waiter = call;
    return call;
}

void EmissionQueueBase::throwEnd()
{
    std::exception_ptr error;
    {
        const std::lock_guard lock(m_lock);
        if (isEmpty())
            error = m_error;
    }
    if (error)
        std::rethrow_exception(error);
}

void EmissionQueueBase::wake(RefPtr<EmissionNews> waiter)
{
    if (waiter)
        waiter->settleValue();
}

} // namespace Synchronaut::detail
