#include <Synchronaut/detail/asyncgeneratorpromise.h>
#include <Synchronaut/errors.h>

namespace Synchronaut::detail {

void GeneratorOwner::destroyFrames() noexcept
{
    GeneratorLink *const root = std::exchange(m_link, nullptr);
    if (!root)
        return;
    if (root->consumer)
        root->consumer->generatorGone();
    GeneratorLink *link = root->leaf;
    while (link != root) {
        GeneratorLink *const parent = link->parent;
        link->owner->m_link = nullptr; // it is in the parent's frame
        link->frame.destroy();
        link = parent;
    }
    root->frame.destroy();
}

void GeneratorConsumer::Waker::wakeLater(CallState *call, std::coroutine_handle<> frame)
{
    StopScope shield(StopScope::Kind::Shield); // a call that is to stop has to see the end, too
    shield.enter(call);
    begin(call, frame);
    shield.leave();
    wake();
}

void GeneratorConsumer::generatorGone()
{
    auto &root = *static_cast<AsyncGeneratorPromiseBase *>(m_link);
    m_link = nullptr;
    m_waiting = false;
    m_gone.emplace();
    m_gone->wakeLater(root.call, root.continuation);
}

void GeneratorConsumer::abandon() noexcept
{
    m_link->consumer = nullptr;
    m_link->owner->destroyFrames();
}

void GeneratorConsumer::refused()
{
    if (m_refusedBy)
        m_refusedBy->throwStopped();
    if (m_busy)
        throwBusyGenerator();
    throw CallCanceled(QStringLiteral("An AsyncGenerator was destroyed while its next item was "
                                      "awaited; keep it alive until the await is over"));
}

void throwBusyGenerator()
{
    throw CallError(QStringLiteral("An AsyncGenerator was asked for an item while another coroutine "
                                   "awaits one of it; await its items one at a time"));
}

std::exception_ptr generatorClosed()
{
    return std::make_exception_ptr(
            CallCanceled(QStringLiteral("The AsyncGenerator was closed by its consumer")));
}

void throwClosedGoesOn()
{
    throw CallError(QStringLiteral("An AsyncGenerator that was being closed yielded another item and "
                                   "was destroyed; let the CallCanceled that close() throws in at "
                                   "co_yield end it"));
}

void throwSentTooEarly()
{
    throw CallError(QStringLiteral("AsyncGenerator::send() was called before the first next(): the "
                                   "generator has not come to a co_yield yet; call next() first"));
}

} // namespace Synchronaut::detail
