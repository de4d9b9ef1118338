#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace Synchronaut::detail {

/*!
    Items that were made ahead: one thread puts in, one takes out, without a lock. m_given is written
    by the producer, m_taken by the consumer; each slot belongs to whoever the two numbers say. The
    consumer's store and the producer's look at m_taken are seq_cst, because each side then looks at
    what the other wrote about its sleeping.
*/
template <typename T>
class StreamRing
{
public:
    explicit StreamRing(std::size_t capacity) : m_slots(capacity) { }

    std::size_t capacity() const noexcept { return m_slots.size(); }
    std::size_t size() const noexcept
    {
        const std::size_t taken = m_taken.load(std::memory_order_seq_cst);
        return m_given.load(std::memory_order_acquire) - taken;
    }
    bool isFull() const noexcept { return size() == capacity(); }

    /// Producer; there is room.
    void push(T &&item)
    {
        const std::size_t given = m_given.load(std::memory_order_relaxed);
        m_slots[given % capacity()].emplace(std::move(item));
        m_given.store(given + 1, std::memory_order_release);
    }
    /// Consumer; nothing when it is empty.
    std::optional<T> pop()
    {
        std::optional<T> item;
        const std::size_t taken = m_taken.load(std::memory_order_relaxed);
        if (m_given.load(std::memory_order_acquire) == taken)
            return item;
        std::optional<T> &slot = m_slots[taken % capacity()];
        const Taking done{*this, slot, taken}; // also when moving throws
        item.emplace(std::move(*slot));
        return item;
    }

private:
    struct Taking
    {
        StreamRing &ring;
        std::optional<T> &slot;
        std::size_t taken;
        ~Taking()
        {
            slot.reset();
            ring.m_taken.store(taken + 1, std::memory_order_seq_cst);
        }
    };

    std::vector<std::optional<T>> m_slots;
    alignas(64) std::atomic<std::size_t> m_given{0};
    alignas(64) std::atomic<std::size_t> m_taken{0};
};

} // namespace Synchronaut::detail
