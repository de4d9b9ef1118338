#include <Synchronaut/timers.h>

#include "mailbox_p.h"

namespace Synchronaut {

Sleep sleepUntil(QDeadlineTimer deadline)
{
    if (deadline.isForever())
        return Sleep(detail::noDeadline);
    return sleepFor(std::chrono::nanoseconds(deadline.remainingTimeNSecs()));
}

namespace detail {

SleepAwaiter::~SleepAwaiter()
{
    if (index >= 0)
        call()->home()->disarm(this);
}

bool SleepAwaiter::suspend(std::coroutine_handle<> frame)
{
    if (!begin(m_caller, frame))
        return false;
    m_onCancel = [](Suspension *self) {
        auto *const sleep = static_cast<SleepAwaiter *>(self);
        if (sleep->index >= 0)
            sleep->call()->home()->disarm(sleep);
        return true;
    };
    if (m_until == 0) {
        wake();
        return true;
    }
    if (m_until == noDeadline)
        return true; // only cancellation ends it
    at = m_until;
    onBehalf = m_caller->chain;
    expire = [](DeadlineEntry *entry) { static_cast<SleepAwaiter *>(entry)->wake(); };
    m_caller->home()->arm(this);
    return true;
}

} // namespace detail
} // namespace Synchronaut
