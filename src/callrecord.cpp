#include <Synchronaut/detail/callrecord.h>

#include "fasttls_p.h"

#include <chrono>
#include <memory>
#include <string_view>

namespace Synchronaut::detail {

namespace {

SYNCHRONAUT_FAST_TLS constinit thread_local ThreadBlock t_block;

/// Frees the thread's own record; the mailbox has its own reaper.
struct OwnRecordReaper
{
    ~OwnRecordReaper()
    {
        t_block.dead = true;
        if (CallRecord *const own = std::exchange(t_block.own, nullptr))
            own->deref();
    }
    void arm() noexcept { }
};

thread_local OwnRecordReaper t_ownReaper;

/// As Python prints it: 0.5s, 1.0s.
QString seconds(std::int64_t ns)
{
    QString text = QString::number(static_cast<double>(ns) / 1e9, 'g', 6);
    if (!text.contains(QLatin1Char('.')) && !text.contains(QLatin1Char('e')))
        text += QStringLiteral(".0");
    return text + QLatin1Char('s');
}

} // namespace

QString CallSite::displayName() const
{
    if (name)
        return QString::fromUtf8(name);
    if (!typeName)
        return QStringLiteral("<unnamed>");
    // "... [with F = main()::<lambda()>]": what stands between "F = " and the closing bracket
    std::string_view text(typeName);
    if (const auto start = text.find("F = "); start != std::string_view::npos) {
        text.remove_prefix(start + 4);
        const auto end = text.find_last_of(";]");
        if (end != std::string_view::npos)
            text = text.substr(0, end);
    }
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

std::int64_t steadyNow() noexcept
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
                   std::chrono::steady_clock::now().time_since_epoch())
            .count();
}

CallRecord::~CallRecord()
{
    delete m_stopSource.load(std::memory_order_acquire);
}

bool CallRecord::setStopReason(StopReason reason)
{
    std::uint8_t before = m_stop.load() & polledBit;
    if (!m_stop.compare_exchange_strong(before, before | static_cast<std::uint8_t>(reason)))
        return false; // only the first reason can be in the way
    // seq_cst on both sides: either stopToken() sees the reason or we see its source
    if (std::stop_source *const source = m_stopSource.load())
        source->request_stop();
    return true;
}

std::stop_token CallRecord::stopToken()
{
    std::stop_source *source = m_stopSource.load();
    if (!source) {
        auto made = std::make_unique<std::stop_source>();
        if (m_stopSource.compare_exchange_strong(source, made.get()))
            source = made.release();
    }
    if ((m_stop.load() & ~polledBit) != 0)
        source->request_stop();
    return source->get_token();
}

CallTimeout timeoutError(const CallErrorOrigin &origin, std::int64_t granted)
{
    return CallTimeout(QStringLiteral("Function %1 timed out after %2").arg(origin.functionName, seconds(granted)),
                       origin, std::chrono::nanoseconds(granted));
}

QString CallRecord::callerText() const
{
    QString text = displayName();
    if (site.where.line() != 0) {
        text += QStringLiteral(" (%1:%2)")
                        .arg(QString::fromLocal8Bit(site.where.file_name()))
                        .arg(site.where.line());
    }
    return text;
}

CallErrorOrigin CallRecord::origin() const
{
    CallErrorOrigin origin;
    origin.functionName = displayName();
    origin.where = site.where;
    constexpr int longest = 32; // enough to see a circle, short enough to read
    int depth = 0;
    for (const CallRecord *caller = parent.get(); caller && depth < longest;
         caller = caller->parent.get(), ++depth) {
        if (caller->chain == chain && (caller->site.name || caller->site.typeName))
            origin.chain += caller->callerText();
    }
    return origin;
}

ThreadBlock &threadBlock() noexcept
{
    return t_block;
}

CallRecord &currentRecord()
{
    if (t_block.current)
        return *t_block.current;
    if (!t_block.own) {
        t_block.own = new CallRecord;
        t_block.own->ref();
        if (!t_block.dead)
            t_ownReaper.arm();
    }
    return *t_block.own;
}

ContextMap *currentContext() noexcept
{
    const CallRecord *const record = t_block.current ? t_block.current : t_block.own;
    return record ? record->context.get() : nullptr;
}

void setCurrentContext(RefPtr<ContextMap> context)
{
    CallRecord &record = currentRecord();
    if (ContextGuard *const guard = t_block.guard; guard && !guard->record) {
        guard->record = &record;
        guard->saved = std::exchange(record.context, std::move(context));
        return;
    }
    // the old values are destroyed by the parameter, after the new ones are in place
    std::swap(record.context, context);
}

void restoreContext(ContextGuard &guard) noexcept
{
    std::swap(guard.record->context, guard.saved);
}

} // namespace Synchronaut::detail
