// A million random interleavings of completion against suspension, cancellation, timeout and
// destruction: every call settles exactly once, every local is destroyed exactly once.
#include <Synchronaut/Synchronaut>

#include <QtCore/QElapsedTimer>
#include <QtTest/QTest>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int totalRounds = 100'000;
#else
constexpr int totalRounds = 1'000'000;
#endif
constexpr int batchSize = 500;

/// An awaitable of no library in particular, opened by hand from any thread, once.
class Gate
{
public:
    bool await_ready() const noexcept { return m_state.load() == opened(); }
    bool await_suspend(std::coroutine_handle<> frame) noexcept
    {
        void *none = nullptr;
        return m_state.compare_exchange_strong(none, frame.address());
    }
    void await_resume() const noexcept { }

    void open()
    {
        void *const waiting = m_state.exchange(opened());
        if (waiting && waiting != opened())
            std::coroutine_handle<>::from_address(waiting).resume();
    }

private:
    static void *opened() noexcept
    {
        static char mark;
        return &mark;
    }
    std::atomic<void *> m_state{nullptr};
};

std::atomic<qint64> s_localsMade{0};
std::atomic<qint64> s_localsGone{0};

struct Local
{
    Local() { ++s_localsMade; }
    Local(const Local &) = delete;
    Local &operator=(const Local &) = delete;
    ~Local() { ++s_localsGone; }
};

/// Awaits a gate, which it keeps alive.
class GateRef
{
public:
    explicit GateRef(std::shared_ptr<Gate> gate) : m_gate(std::move(gate)) { }
    bool await_ready() const noexcept { return m_gate->await_ready(); }
    bool await_suspend(std::coroutine_handle<> frame) noexcept
    {
        return m_gate->await_suspend(frame);
    }
    void await_resume() const noexcept { }

private:
    std::shared_ptr<Gate> m_gate;
};

Task<int> leaf(std::shared_ptr<Gate> gate)
{
    const Local local;
    GateRef ref(std::move(gate));
    co_await ref;
    co_return 1;
}

Task<int> job(std::shared_ptr<Gate> gate, int kind)
{
    const Local local;
    if (kind == 0)
        co_return co_await leaf(std::move(gate));
    if (kind == 1)
        co_return co_await withTimeout(leaf(std::move(gate)), 20us);
    co_return co_await callAsync(leaf, std::move(gate));
}

enum Disturbance { Undisturbed, CancelFromOutside, CancelAtHome, DestroyAtHome, DisturbanceCount };

using JobCall = detail::RefPtr<detail::TypedCall<int>>;

} // namespace

class tst_Interleavings : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void million();
};

void tst_Interleavings::million()
{
    const unsigned seed = qEnvironmentVariableIsSet("SEED")
            ? static_cast<unsigned>(qEnvironmentVariableIntValue("SEED"))
            : std::random_device{}();
    qInfo("seed %u", seed);
    std::mt19937 random(seed);

    std::array<qint64, 4> outcomes{};
    QElapsedTimer watchdog;
    watchdog.start();
    for (int round = 0; round < totalRounds; round += batchSize) {
        std::vector<std::shared_ptr<Gate>> gates(batchSize);
        std::vector<JobCall> calls(batchSize);
        std::vector<Disturbance> disturbances(batchSize);
        std::vector<unsigned> spins(batchSize);
        for (size_t i = 0; i < batchSize; ++i) {
            gates[i] = std::make_shared<Gate>();
            calls[i] = detail::callOf(job(gates[i], static_cast<int>(random() % 3)));
            disturbances[i] = static_cast<Disturbance>(random() % DisturbanceCount);
            spins[i] = static_cast<unsigned>(random() % 200);
        }
        std::atomic<size_t> started{0};
        std::thread other([&] {
            for (size_t i = 0; i < batchSize; ++i) {
                // sometimes ahead of the home thread, sometimes behind
                while (spins[i] % 2 == 0 && started.load(std::memory_order_relaxed) < i) { }
                for (unsigned spin = 0; spin < spins[i]; ++spin)
                    std::atomic_signal_fence(std::memory_order_seq_cst);
                if (disturbances[i] == CancelFromOutside && spins[i] % 3 == 0)
                    calls[i]->requestStop(detail::StopReason::Canceled);
                gates[i]->open();
                if (disturbances[i] == CancelFromOutside && spins[i] % 3 != 0)
                    calls[i]->requestStop(detail::StopReason::Canceled);
            }
        });
        for (size_t i = 0; i < batchSize; ++i) {
            started.store(i, std::memory_order_relaxed);
            if (calls[i]->begin(CallOptions{.name = "job"}, nullptr, true))
                calls[i]->startHome();
            if (i % 7 == 0)
                QCoreApplication::processEvents();
            const size_t victim = i - i % 5;
            if (disturbances[victim] == CancelAtHome)
                calls[victim]->requestStop(detail::StopReason::Canceled);
            else if (disturbances[victim] == DestroyAtHome)
                calls[victim]->destroyNow(detail::CallState::Outcome::Canceled);
        }
        other.join();
        for (const JobCall &call : calls) {
            while (!call->isSettled()) {
                QVERIFY2(watchdog.elapsed() < 100'000, "a call never settled");
                QCoreApplication::processEvents(QEventLoop::AllEvents, 1);
            }
            switch (call->outcome()) {
            case detail::CallState::Outcome::Value:
                QCOMPARE(call->take(), 1);
                ++outcomes[0];
                break;
            case detail::CallState::Outcome::Error: // the timeout of a withTimeout() inside
                QVERIFY_THROWS_EXCEPTION(CallTimeout, call->take());
                ++outcomes[1];
                break;
            case detail::CallState::Outcome::Canceled:
                QVERIFY_THROWS_EXCEPTION(CallCanceled, call->take());
                ++outcomes[2];
                break;
            default:
                QFAIL("an outcome that nothing here leads to");
            }
        }
        calls.clear();
        gates.clear();
    }
    QTRY_COMPARE_WITH_TIMEOUT(s_localsGone.load(), s_localsMade.load(), 5000);
    qInfo("values %lld, timeouts %lld, cancelled %lld", outcomes[0], outcomes[1], outcomes[2]);
    QVERIFY(outcomes[0] > 0 && outcomes[1] > 0 && outcomes[2] > 0);
}

QTEST_GUILESS_MAIN(tst_Interleavings)
#include "tst_interleavings.moc"
