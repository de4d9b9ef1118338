#include <Synchronaut/cancellation.h>

#include <Synchronaut/detail/callstate.h>

#include <QtCore/QFutureInterface>

namespace Synchronaut {

namespace {

detail::CallState *runningCall() noexcept
{
    return static_cast<detail::CallState *>(detail::threadBlock().current);
}

} // namespace

bool isCanceled()
{
    const detail::ThreadBlock &block = detail::threadBlock();
    const detail::CallRecord *const record = block.current ? block.current : block.own;
    return record && record->isStopRequested();
}

void throwIfCanceled()
{
    if (!isCanceled())
        return;
    detail::currentRecord().throwIfLimitPassed();
    runningCall()->throwStopped();
}

std::stop_token currentStopToken()
{
    detail::CallState *const call = runningCall();
    return call ? call->giveStopToken() : std::stop_token();
}

QDeadlineTimer currentDeadline()
{
    const std::int64_t deadline = detail::currentRecord().currentDeadline();
    if (deadline == detail::noDeadline)
        return QDeadlineTimer(QDeadlineTimer::Forever);
    QDeadlineTimer timer(Qt::PreciseTimer);
    timer.setPreciseRemainingTime(0, std::max<qint64>(deadline - detail::steadyNow(), 0),
                                  Qt::PreciseTimer);
    return timer;
}

void setProgressRange(int minimum, int maximum)
{
    if (detail::CallState *const call = runningCall()) {
        if (QFutureInterfaceBase *const future = call->future())
            future->setProgressRange(minimum, maximum);
    }
}

void setProgress(int value, const QString &text)
{
    if (detail::CallState *const call = runningCall()) {
        if (QFutureInterfaceBase *const future = call->future())
            future->setProgressValueAndText(value, text);
    }
}

CancellationShield::CancellationShield()
    : m_record(&detail::currentRecord()), m_scope(detail::StopScope::Kind::Shield)
{
    m_scope.enter(m_record.get());
}

CancellationShield::~CancellationShield()
{
    m_scope.leave();
}

DeadlineScope::DeadlineScope(std::chrono::nanoseconds limit, const std::source_location &where)
    : m_record(&detail::currentRecord()), m_limit(detail::StopScope::Kind::CodeLimit)
{
    if (limit.count() < 0) {
        throw CallError(QStringLiteral("DeadlineScope was given a negative time (%1 ns); use "
                                       "nanoseconds::max() for none")
                                .arg(static_cast<qlonglong>(limit.count())),
                        m_record->origin());
    }
    m_limit.name = "DeadlineScope";
    m_limit.where = where;
    m_limit.enter(m_record.get(), limit.count());
}

DeadlineScope::~DeadlineScope()
{
    m_limit.leave();
}

} // namespace Synchronaut
