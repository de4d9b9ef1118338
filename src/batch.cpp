#include <Synchronaut/detail/batch.h>

#include "batch_p.h"
#include "batchrunner_p.h"
#include "engine_p.h"
#include "mailbox_p.h"

#include <Synchronaut/context.h>

#include <QtCore/QFutureInterface>
#include <QtCore/QThreadPool>

namespace Synchronaut::detail {

// Plain functions are run by runners on pool threads. A runner takes the next number from an atomic
// counter, so that 10,000 trivial calls cost 10,000 increments and not as many submissions. There is
// always one more runner in the pool's queue than at work, as long as there is something to take: a
// thread that blocks gives its place in the pool back, which starts that one. Large batches are
// taken in blocks, whose counters are on different cache lines; what is left in the block of a
// runner that is held up is taken by the others in the end.
// Async functions are started on the home loop, a handful each time it comes round, and hold nothing.
//
// In order (a concurrency limit over calls of several kinds, or callMap() in a sync context) there
// are as many places as calls may be under way. Whoever has a place gives it to the next number.
//
// A call with a limit runs in its runner as a call of its own. When its time is up while it runs, the
// runner loses its place, which is passed on, and leaves when the function returns: Child::inRunner
// says, under m_lock, which of the two came first.

CallObserver::~CallObserver() = default;

struct Batch::HomeMessage : Message
{
    explicit HomeMessage(Batch &b) : batch(b)
    {
        onBehalf = b.m_call.chain;
        deliver = [](Message *message, Delivery how) {
            Batch &self = static_cast<HomeMessage *>(message)->batch;
            const auto call = RefPtr<CallState>::adopt(&self.m_call);
            if (how == Delivery::Run)
                self.startAtHome();
            else
                call->settleStopped(CallState::Outcome::LoopEnded);
        };
    }
    Batch &batch;
    RefPtr<Mailbox> home;
};

Batch::Batch(CallState &call) noexcept : m_call(call) { }
Batch::~Batch() = default;

bool Batch::isAbandoned() const noexcept
{
    return m_stopped.load(std::memory_order_relaxed) || m_call.isStopRequested();
}

// -- start and end -----------------------------------------------------------------------------------

void Batch::start(const BatchOptions &options, Order order, const char *name)
{
    m_count = size();
    std::uint32_t homes = 0;
    std::uint32_t others = 0; // not run by runners
    bool allQuick = true;
    for (std::uint32_t number = 0; number < m_count; ++number) {
        const CallWay kind = way(number);
        homes += kind == CallWay::Home;
        others += kind == CallWay::Home || kind == CallWay::Away;
        allQuick = allQuick && kind == CallWay::Quick;
    }
    const bool inTurn = order == Order::InTurn;
    CallOptions all = optionsWithoutPlace();
    all.context = options.context;
    all.name = name;
    all.where = options.where;
    if (!m_call.begin(all, nullptr, m_count > 0 && !(inTurn && allQuick)))
        return;
    if (options.maxConcurrency < 0) {
        m_call.reject(QStringLiteral("%1() was given a maxConcurrency of %2; use 0 for no limit")
                              .arg(m_call.displayName())
                              .arg(options.maxConcurrency));
        return;
    }
    m_call.future()->setProgressRange(0, static_cast<int>(m_count));
    if (m_count == 0) {
        settle();
        return;
    }

    m_open = m_count;
    m_limit = inTurn ? 1 : static_cast<std::uint32_t>(options.maxConcurrency);
    m_inOrder = inTurn || (m_limit > 0 && others > 0);
    m_plainCount = m_count - others;
    if (!allQuick)
        m_children = std::make_unique<Child[]>(m_count);
    if (m_plainCount > 0 && (!inTurn || others > 0))
        m_pool = options.executor ? options.executor : &Engine::instance().blockingPool();
    if (homes > 0) {
        m_homeMessage = std::make_unique<HomeMessage>(*this);
        if (inAsyncContext()) {
            Mailbox::current().attachLoop();
            m_homeMessage->home = RefPtr<Mailbox>(&Mailbox::current());
        } else {
            m_homeMessage->home = Engine::instance().backgroundMailbox();
        }
        if (!m_homeMessage->home) {
            m_call.settleStopped(CallState::Outcome::LoopEnded);
            return;
        }
        m_home.reserve(homes);
        m_watch.start(handle(), &m_call);
    }
    if (others > 0 && !m_inOrder)
        m_plain.reserve(m_plainCount);
    for (std::uint32_t number = 0; others > 0 && number < m_count; ++number) {
        const CallWay kind = way(number);
        if (kind == CallWay::Home)
            m_home.push_back(number);
        else if (kind != CallWay::Away && !m_inOrder)
            m_plain.push_back(number);
    }

    if (inTurn) {
        m_call.followCaller();
        const RefPtr<BatchRunner> runner(new BatchRunner(*this, nullptr, -1)); // by references
        if (runner->begin())
            runner->runInCaller();
        return;
    }
    if (m_inOrder) {
        for (std::uint32_t i = 0; i < std::min(m_limit, m_count); ++i)
            startNext();
        return;
    }
    constexpr std::uint32_t large = 512;
    constexpr std::uint32_t blockSize = 64;
    if (m_plainCount >= large) {
        m_blockSize = blockSize;
        m_blocks = std::make_unique<Block[]>((m_plainCount + blockSize - 1) / blockSize);
    }
    if (homes > 0)
        permitHome(homes);
    for (std::uint32_t number = 0; others > homes && number < m_count; ++number) {
        if (way(number) == CallWay::Away)
            startOther(number);
    }
    if (m_plainCount > 0)
        addRunner();
}

void Batch::done(std::uint32_t count)
{
    if (count == 0)
        return;
    const std::uint32_t open = m_open.fetch_sub(count, std::memory_order_acq_rel) - count;
    m_call.future()->setProgressValue(static_cast<int>(m_count - open));
    if (open == 0)
        settle();
}

/// True when the batch is over, which is then settled.
bool Batch::checkStopped()
{
    if (!isAbandoned()) [[likely]]
        return false;
    m_call.settleStopped(CallState::outcomeOf(m_call.stopReason()));
    return true;
}

void Batch::stopRest()
{
    m_watch.drop();
    m_stopped = true;
    std::vector<RefPtr<CallState>> rest;
    RefPtr<CallState> stealable;
    {
        const std::lock_guard lock(m_lock);
        stealable = std::move(m_stealable);
        if (m_call.outcome() == CallState::Outcome::Value)
            return; // nothing is left
        for (std::uint32_t number = 0; m_children && number < m_count; ++number) {
            if (m_children[number].call)
                rest.push_back(m_children[number].call);
        }
        for (BatchRunner *const runner : m_working)
            rest.emplace_back(runner);
    }
    for (const auto &call : rest)
        call->requestStop(StopReason::Canceled);
}

// -- calls of their own ------------------------------------------------------------------------------

/// Begins a call, its time runs, and makes it known, so that it can be stopped: in this order, since
/// that is when other threads may touch it. Null: it is not to be started.
RefPtr<CallState> Batch::takeOn(std::uint32_t number, bool inRunner)
{
    RefPtr<CallState> call = makeCall(number);
    if (!call->begin(options(number), typeName(number), true))
        return {};
    if (way(number) == CallWay::Home)
        call->armDeadlineHere();
    else
        call->watchDeadline();
    {
        const std::lock_guard lock(m_lock);
        Child &child = m_children[number];
        if (!m_stopped && !child.settled) {
            child.call = call;
            child.inRunner = inRunner;
            return call;
        }
    }
    call->settleStopped(CallState::Outcome::Canceled); // the batch is over, or the call's context
    return {};
}

/// True for the first of runner and settling that comes.
bool Batch::leaveRunner(std::uint32_t number)
{
    const std::lock_guard lock(m_lock);
    return std::exchange(m_children[number].inRunner, false);
}

void Batch::callSettled(std::uint32_t number, CallState &call)
{
    RefPtr<CallState> held;
    {
        const std::lock_guard lock(m_lock);
        held = std::move(m_children[number].call);
        m_children[number].settled = true;
    }
    if (std::exception_ptr error = keep(number, call)) {
        m_call.settleError(std::move(error));
        return;
    }
    const CallWay kind = way(number);
    const bool ended = call.outcome() == CallState::Outcome::Value
            || call.outcome() == CallState::Outcome::Error;
    if (kind == CallWay::Own ? !ended && leaveRunner(number) : m_inOrder)
        passOn();
    done(1);
}

/// Gives a place that has become free to the next call.
void Batch::passOn()
{
    if (!m_inOrder) {
        m_runners.fetch_sub(1, std::memory_order_relaxed);
        addRunner();
        return;
    }
    // one thread does it for all, and not inside of itself: calls may settle when they are begun
    if (m_freePlaces.fetch_add(1) > 0)
        return;
    do {
        startNext();
    } while (m_freePlaces.fetch_sub(1) > 1);
}

void Batch::startNext()
{
    if (m_stopped)
        return;
    const std::uint32_t number = m_next.fetch_add(1, std::memory_order_relaxed);
    if (number >= m_count)
        return;
    if (way(number) < CallWay::Away)
        submitRunner(number);
    else
        startOther(number);
}

void Batch::startOther(std::uint32_t number)
{
    if (way(number) == CallWay::Home) {
        permitHome(1);
        return;
    }
    const RunningAs asBatch(&m_call);
    if (const RefPtr<CallState> call = takeOn(number, false))
        call->submit(options(number).executor);
}

// -- async functions -----------------------------------------------------------------------------------

void Batch::permitHome(std::uint32_t count)
{
    if (m_permits.fetch_add(count) == 0)
        postHome();
}

void Batch::postHome()
{
    m_call.ref(); // for the message
    if (m_homeMessage->home->post(m_homeMessage.get()))
        return;
    const auto call = RefPtr<CallState>::adopt(&m_call);
    call->settleStopped(CallState::Outcome::LoopEnded);
}

void Batch::startAtHome()
{
    constexpr int handful = 64; // then other work of the loop gets its turn
    for (int i = 0; i < handful; ++i) {
        if (checkStopped())
            return;
        const std::uint32_t number = m_home[m_nextHome++];
        RefPtr<CallState> call;
        {
            const RunningAs asBatch(&m_call);
            call = takeOn(number, false);
        }
        if (call)
            call->startHome();
        if (m_permits.fetch_sub(1) == 1)
            return;
    }
    postHome();
}

} // namespace Synchronaut::detail
