#pragma once

#include <atomic>
#include <cstdint>

namespace Synchronaut::detail {

/*!
    Puts one thread to sleep until another hands it a token; at most one token is kept.

    word: 0 nothing, 1 token, 2 asleep. unpark() is one exchange and, only when it found 2, a
    wake-up; that exchange is its last access, so the sleeper may go away at once.
*/
class Parker
{
public:
    /// Sleeps until a token comes or \a deadline (ns, steady clock) has passed. True: it took a token.
    bool park(std::int64_t deadline) noexcept;
    void unpark() noexcept;

private:
    std::atomic<std::uint32_t> m_word{0};
};

} // namespace Synchronaut::detail
