#pragma once

#include <Synchronaut/detail/message.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace Synchronaut::detail {

/*!
    The pending deadlines of one loop: a 4-ary heap. One thread only.

    Most deadlines are disarmed long before they come. So removing only empties the entry's ticket;
    its place in the heap stays until it comes to the top or the empty ones are the majority, and is then
    cleared out. Thus moving places about touches no entry: these lie in coroutine frames all over memory.
    insert() is O(log n), remove() O(1) amortised; they allocate only when the queue grows.
*/
class DeadlineQueue
{
public:
    void insert(DeadlineEntry *entry);
    void remove(DeadlineEntry *entry) noexcept;
    bool isEmpty() const noexcept { return m_pending == 0; }
    /// Null when empty.
    DeadlineEntry *earliest() noexcept;
    template <typename Condition>
    std::int64_t earliestWhere(Condition condition) const noexcept
    {
        std::int64_t result = std::numeric_limits<std::int64_t>::max();
        for (const Place &place : m_heap) {
            const DeadlineEntry *const entry = m_tickets[place.ticket];
            if (entry && place.deadline < result && condition(*entry))
                result = place.deadline;
        }
        return result;
    }

private:
    using Ticket = std::uint32_t;
    struct Place
    {
        std::int64_t deadline; ///< beside the ticket, so that comparing touches one cache line
        Ticket ticket;
    };

    void up(std::size_t index, Place place) noexcept;
    void down(std::size_t index, Place place) noexcept;
    void clearOut() noexcept;
    void dropFirst() noexcept;

    std::vector<Place> m_heap;
    std::vector<DeadlineEntry *> m_tickets; ///< null: disarmed
    std::vector<Ticket> m_free;             ///< tickets that no place has; room for all is reserved
    std::size_t m_pending = 0;
};

} // namespace Synchronaut::detail
