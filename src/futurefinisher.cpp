#include <Synchronaut/detail/futurefinisher.h>

#include <QtCore/QLibraryInfo>
#include <QtCore/QVersionNumber>

#include <functional>
#include <utility>

namespace Synchronaut::detail {

// QTBUG-118032: in Qt before 6.5.9 and 6.8.3 a thread that attaches a continuation just after the
// future became finished runs it and stores it, and the finishing thread, coming second, runs it
// again. The remedy is to let the state become finished under Qt's own continuation mutex, where
// attaching checks it. We cannot take that mutex, but Qt destroys a replaced continuation under
// it. So a guard is stored as the continuation from the start; its destructor runs under the mutex
//   - in a user's then(): Open -> Attached, the user's continuation is in place; or
//   - in our own setContinuation(), after Open -> Committed: it marks the future finished; or
//   - in a user's then() that came between those two: it marks the future finished in our place,
//     and our setContinuation(), finding that, calls its function, which throws to say so.
// In the first and third case we run the user's continuation, in the second whoever attaches later
// does: exactly one of the two. The guard also tells whether anybody looks at the future (G16).
//
// Newer versions of Qt log a warning whenever a continuation takes another one's place, which a user's would do
// with the guard: there is none then. Qt since 6.5.9 and 6.8.3 does not need it; in between its own flaw shows
// here as in every QFuture. Whether a continuation is attached cannot be known there, nor who holds a QFuture<void>.

namespace {

/// Protected members of QFutureInterfaceBase, reached on a second handle to the same future.
struct Access : QFutureInterfaceBase
{
    explicit Access(const QFutureInterfaceBase &future) : QFutureInterfaceBase(future) { }
    using QFutureInterfaceBase::cleanContinuation;
    using QFutureInterfaceBase::derefT;
    using QFutureInterfaceBase::refT;
    using QFutureInterfaceBase::runContinuation;

    void store(std::function<void(const QFutureInterfaceBase &)> continuation)
    {
#if QT_VERSION < QT_VERSION_CHECK(6, 10, 0)
        setContinuation(std::move(continuation));
#else
        setContinuation(std::move(continuation), nullptr, ContinuationType::Unknown);
#endif
    }
};

struct AttachedMeanwhile
{
};

/// Whether the Qt that runs lets us put a guard into a future without complaining.
bool takesGuards()
{
    static const bool takes = QLibraryInfo::version() < QVersionNumber(6, 5);
    return takes;
}

} // namespace

/// The continuation that is none. Moved into place, which leaves nothing behind; a copy, which
/// std::function wants to be possible but does not make, would do nothing.
class FutureFinisher::Guard
{
public:
    Guard(FutureFinisher *finisher, QFutureInterfaceBase *future)
        : m_finisher(finisher), m_future(future)
    {
    }
    Guard(Guard &&other) noexcept
        : m_finisher(std::exchange(other.m_finisher, nullptr)), m_future(other.m_future)
    {
    }
    Guard(const Guard &other) noexcept : m_finisher(nullptr), m_future(other.m_future) { }
    Guard &operator=(const Guard &) = delete;
    void operator()(const QFutureInterfaceBase &) const noexcept { }
    ~Guard()
    {
        if (!m_finisher)
            return;
        std::uint8_t phase = Open;
        if (!m_finisher->m_phase.compare_exchange_strong(phase, Attached) && phase == Committed)
            m_future->reportFinished();
    }

private:
    FutureFinisher *m_finisher;
    QFutureInterfaceBase *m_future;
};

void FutureFinisher::start(QFutureInterfaceBase &future)
{
    future.reportStarted();
    if (takesGuards())
        Access(future).store(Guard(this, &future));
}

bool FutureFinisher::finish(QFutureInterfaceBase &future, std::weak_ptr<const void> *holders)
{
    Access access(future);
    // Who can see an error is counted before the end shows: a waiter may take it and be gone right after. Ours
    // is one of the typed handles. While it is not counted the last one of others may go, and leave an error alone;
    // a result it would clear, which is why that is not asked for.
    bool observed = true;
    if (!holders && future.hasException()) {
        observed = access.derefT();
        access.refT();
    }
    if (!takesGuards()) {
        future.reportFinished();
        access.runContinuation();
        m_phase = Finished;
        return observed;
    }
    std::uint8_t phase = Open;
    bool attached = !m_phase.compare_exchange_strong(phase, Committed);
    if (attached) {
        future.reportFinished();
    } else {
        const auto tell = [](const QFutureInterfaceBase &) { throw AttachedMeanwhile(); };
        try {
            if (holders) {
                const auto mark = std::make_shared<int>();
                access.store([mark, tell](const QFutureInterfaceBase &base) { tell(base); });
                *holders = mark;
            } else {
                access.store(tell);
            }
        } catch (const AttachedMeanwhile &) {
            attached = true;
        }
    }
    if (attached)
        access.runContinuation();
    m_phase = Finished;
    // Qt 6.4 keeps a bare pointer to the future that then() gave, and cancel() follows it after that is gone;
    // a continuation without a future takes its place. (A cancel() of the future itself still stops one that
    // is on its way to another thread.)
    if (attached)
        access.store([](const QFutureInterfaceBase &) { });
    if (attached || !holders)
        access.cleanContinuation(); // what it holds is needed no more
    return attached || observed;
}

FutureFinisher::~FutureFinisher()
{
    Q_ASSERT(m_phase == Finished || m_phase == Open);
}

} // namespace Synchronaut::detail
