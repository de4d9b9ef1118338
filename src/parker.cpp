#include "parker_p.h"

#include <Synchronaut/detail/callrecord.h>

#if defined(Q_OS_LINUX)
#  include <linux/futex.h>
#  include <sys/syscall.h>
#  include <ctime>
#  include <unistd.h>
#else
#  include <condition_variable>
#  include <mutex>
#endif

namespace Synchronaut::detail {

#if defined(Q_OS_LINUX)

namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == 4);

void futexWait(std::atomic<std::uint32_t> *word, std::uint32_t value, std::int64_t deadline)
{
    timespec at{};
    const bool timed = deadline != noDeadline;
    if (timed) {
        constexpr std::int64_t second = 1'000'000'000;
        at.tv_sec = static_cast<time_t>(deadline / second);
        at.tv_nsec = static_cast<long>(deadline % second);
    }
    // FUTEX_WAIT_BITSET takes an absolute time of CLOCK_MONOTONIC, which steady_clock is
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, timed ? &at : nullptr, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

void futexWake(std::atomic<std::uint32_t> *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

} // namespace

#else

namespace {

// One pair for all threads: correct everywhere, fast only where it is not used (Linux).
std::mutex s_mutex;
std::condition_variable s_condition;

void futexWait(std::atomic<std::uint32_t> *word, std::uint32_t value, std::int64_t deadline)
{
    std::unique_lock lock(s_mutex);
    if (word->load() != value)
        return;
    if (deadline == noDeadline)
        s_condition.wait(lock);
    else
        s_condition.wait_until(lock, std::chrono::steady_clock::time_point(
                                             std::chrono::nanoseconds(deadline)));
}

void futexWake(std::atomic<std::uint32_t> *)
{
    const std::lock_guard lock(s_mutex);
    s_condition.notify_all();
}

} // namespace

#endif

bool Parker::park(std::int64_t deadline) noexcept
{
    std::uint32_t nothing = 0;
    if (m_word.compare_exchange_strong(nothing, 2, std::memory_order_acq_rel)) {
        while (m_word.load(std::memory_order_acquire) == 2) {
            futexWait(&m_word, 2, deadline);
            if (deadline != noDeadline && steadyNow() >= deadline)
                break;
        }
    }
    return m_word.exchange(0, std::memory_order_acq_rel) == 1;
}

void Parker::unpark() noexcept
{
    if (m_word.exchange(1, std::memory_order_acq_rel) == 2)
        futexWake(&m_word);
}

} // namespace Synchronaut::detail
