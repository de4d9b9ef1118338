#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#if defined(__x86_64__) || defined(__i386__)
#  include <immintrin.h>
#endif

namespace Synchronaut::detail {

/// Holds a flag that guards a few instructions.
class SpinGuard
{
public:
    explicit SpinGuard(std::atomic_flag &flag) noexcept : m_flag(flag)
    {
        while (m_flag.test_and_set(std::memory_order_acquire)) { }
    }
    ~SpinGuard() { m_flag.clear(std::memory_order_release); }
    SpinGuard(const SpinGuard &) = delete;
    SpinGuard &operator=(const SpinGuard &) = delete;

private:
    std::atomic_flag &m_flag;
};

inline void cpuRelax() noexcept
{
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// Looks at \a condition for a few microseconds; pointless, hence not done, on a single core.
template <typename Condition>
bool spinUntil(Condition condition, std::chrono::microseconds limit)
{
    static const bool worthIt = std::thread::hardware_concurrency() > 1;
    if (!worthIt)
        return condition();
    const auto end = std::chrono::steady_clock::now() + limit;
    do {
        for (int i = 0; i < 16; ++i) {
            if (condition())
                return true;
            cpuRelax();
        }
    } while (std::chrono::steady_clock::now() < end);
    return condition();
}

/// Whether to look a little before sleeping, as the answer often comes from a thread that has to wake up
/// first, and two cores that sleep in turn cost 100 us a call: only while that pays, tried again now and then.
/// One thread at a time.
class SpinCredit
{
public:
    /// As long as a sleeping thread takes to wake up and ask for more.
    static constexpr std::chrono::microseconds patience{60};

    bool isLeft() const noexcept { return m_credit > 0; }
    /// Before each sleep.
    void beginWait() noexcept
    {
        if (m_credit == 0 && ++m_waits % 32 == 0)
            m_credit = 1;
    }
    /// Spins on \a condition; false: in vain.
    template <typename Condition>
    bool spin(Condition condition)
    {
        const bool came = spinUntil(condition, patience);
        m_credit = std::clamp(m_credit + (came ? 1 : -1), 0, 8);
        return came;
    }

private:
    int m_credit = 4;
    unsigned m_waits = 0;
};

} // namespace Synchronaut::detail
