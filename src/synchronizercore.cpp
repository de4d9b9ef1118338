#include <Synchronaut/detail/synchronizercore.h>

#include "engine_p.h"
#include "forked_p.h"
#include "nesting_p.h"
#include "turnqueue_p.h"
#include "waitgraph_p.h"

#include <Synchronaut/eventloopthread.h>

#include <QtCore/QThread>

namespace Synchronaut::detail {

// -- the loop ---------------------------------------------------------------------------------------

SynchronizerCore::SynchronizerCore(const QString &name, bool inTurn)
    : m_name(name),
      m_loop(std::make_unique<EventLoopThread>(name)),
      m_mailbox(m_loop->mailbox())
{
    if (inTurn) {
        m_turns = std::make_unique<TurnQueue>(*this);
        m_mailbox->inTurn = true; // read by those only who were sent something by us
    }
    Engine::instance().prepare(); // a child of fork() has to know that the thread is not there
    // The last thing on that thread, after its mailbox has closed and before Qt's deferred deletes.
    QObject::connect(m_loop->thread(), &QThread::finished, m_loop->thread(),
                     [this] { destroyObjects(); }, Qt::DirectConnection);
}

SynchronizerCore::~SynchronizerCore() = default;

bool SynchronizerCore::isCurrent() const noexcept
{
    return m_mailbox->isCurrent();
}

QThread *SynchronizerCore::thread() const noexcept
{
    return m_loop ? m_loop->thread() : nullptr;
}

bool SynchronizerCore::post(Message *message)
{
    return m_mailbox->post(message);
}

void SynchronizerCore::start(CallState *call)
{
    if (!isCurrent()) {
        if (m_turns)
            m_turns->add(call);
        else
            call->sendTo(m_mailbox.get());
    } else if (m_mailbox->isClosed()) {
        call->settleStopped(CallState::Outcome::LoopEnded); // in the destructor of an object
    } else if (threadBlock().depth >= deepestNesting && !call->isPlain()) {
        call->sendTo(m_mailbox.get()); // a fresh stack
    } else if (m_turns) {
        m_turns->runNow(call);
    } else {
        call->sendInCaller();
    }
}

void SynchronizerCore::endTurn(CallState *call)
{
    m_turns->end(call);
}

void SynchronizerCore::stop()
{
    std::unique_ptr<EventLoopThread> loop = std::move(m_loop);
    if (processWasForked()) {
        static_cast<void>(loop.release()); // its thread does not exist here
        return;
    }
    const auto requestStop = [thread = loop.get()] {
        thread->requestStop(QDeadlineTimer(QDeadlineTimer::Forever));
    };
    if (m_turns)
        m_turns->close(requestStop);
    else
        requestStop();
    if (isCurrent()) {
        endElsewhere(std::move(loop));
        return;
    }
    // What runs there may wait for a call into this very thread (G3).
    Mailbox *const here = Mailbox::existing();
    const QDeadlineTimer forever(QDeadlineTimer::Forever);
    while (!loop->thread()->wait(here ? QDeadlineTimer(5) : forever)) {
        const std::uint64_t chain = chainWaitedForBy(*m_mailbox);
        while (chain != 0 && here->serveOne(chain)) { }
    }
    if (here && here->hasNews() && (!here->goIdle() || here->hasSetAside()))
        here->resumeLoop();
}

void SynchronizerCore::endElsewhere(std::unique_ptr<EventLoopThread> loop)
{
    // No thread can wait for its own end.
    Engine::instance().blockingPool().start([shared = std::shared_ptr<EventLoopThread>(std::move(loop)),
                                             self = RefPtr<SynchronizerCore>(this)]() mutable {
        shared->thread()->wait();
        shared.reset();
    });
}

void SynchronizerCore::destroyObjects()
{
    while (m_youngest)
        m_youngest->destroy();
}

// -- the objects ------------------------------------------------------------------------------------

SynchronizedCell::SynchronizedCell(const RefPtr<SynchronizerCore> &core) : m_core(core)
{
    Message::deliver = &SynchronizedCell::deliverRelease;
}

SynchronizedCell::~SynchronizedCell() = default;

void SynchronizedCell::adopt() noexcept
{
    m_older = std::exchange(m_core->m_youngest, this);
    if (m_older)
        m_older->m_younger = this;
    m_listed = true;
}

void SynchronizedCell::destroy() noexcept
{
    if (!m_listed)
        return;
    m_listed = false;
    (m_younger ? m_younger->m_older : m_core->m_youngest) = m_older;
    if (m_older)
        m_older->m_younger = m_younger;
    const RefPtr<SynchronizerCore> core = m_core; // maybe the object's handles were the last
    destroyObject();
    endLife();
}

void SynchronizedCell::endLife() noexcept
{
    if (m_lives.fetch_sub(1, std::memory_order_acq_rel) == 1)
        delete this;
}

void SynchronizedCell::release() noexcept
{
    if (m_core->isCurrent()) {
        deliverRelease(this, Delivery::Run);
        return;
    }
    const RefPtr<SynchronizerCore> core = m_core; // while the message is on its way, nothing else keeps it
    if (!core->post(this))
        deliverRelease(this, Delivery::Dropped);
}

void SynchronizedCell::deliverRelease(Message *message, Delivery how)
{
    auto *const cell = static_cast<SynchronizedCell *>(message);
    if (how == Delivery::Run)
        cell->destroy();
    cell->endLife(); // dropped: the loop destroys its objects itself
}

} // namespace Synchronaut::detail
