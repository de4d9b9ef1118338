#include <Synchronaut/context.h>

#include <QtCore/QThread>

namespace Synchronaut {

namespace {

ContextVar<QVariantMap> &requestVar()
{
    static ContextVar<QVariantMap> var("request");
    return var;
}

} // namespace

void setRequestContext(const QVariantMap &values)
{
    requestVar().set(values);
}

QVariantMap requestContext()
{
    return requestVar().get();
}

RequestContextScope::RequestContextScope(const QVariantMap &values) : m_scope(requestVar(), values)
{
}

RequestContextScope::~RequestContextScope() = default;

CallModeScope::CallModeScope(CallMode mode)
    : m_record(&detail::currentRecord()), m_outer(m_record->mode)
{
    m_record->mode = static_cast<std::int8_t>(mode);
}

CallModeScope::~CallModeScope()
{
    m_record->mode = m_outer;
}

bool inAsyncContext()
{
    const detail::ThreadBlock &block = detail::threadBlock();
    const detail::CallRecord *const record = block.current ? block.current : block.own;
    if (record && record->mode >= 0)
        return record->mode == static_cast<std::int8_t>(CallMode::Async);
    return block.isTask || QThread::currentThread()->loopLevel() > 0;
}

} // namespace Synchronaut
