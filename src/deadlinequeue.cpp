#include "deadlinequeue_p.h"

#include <algorithm>

namespace Synchronaut::detail {

namespace {

constexpr std::size_t arity = 4;
constexpr std::size_t fewPlaces = 64; ///< not worth clearing out

} // namespace

void DeadlineQueue::insert(DeadlineEntry *entry)
{
    if (m_free.empty()) {
        m_tickets.push_back(nullptr);
        m_free.reserve(m_tickets.capacity()); // so that giving a ticket back cannot fail
        m_free.push_back(static_cast<Ticket>(m_tickets.size() - 1));
    }
    m_heap.push_back({});
    const Ticket ticket = m_free.back();
    m_free.pop_back();
    m_tickets[ticket] = entry;
    entry->index = static_cast<std::int32_t>(ticket);
    ++m_pending;
    up(m_heap.size() - 1, {entry->at, ticket});
}

void DeadlineQueue::remove(DeadlineEntry *entry) noexcept
{
    if (entry->index < 0)
        return;
    m_tickets[static_cast<Ticket>(entry->index)] = nullptr;
    entry->index = -1;
    --m_pending;
    if (m_heap.size() > fewPlaces && m_heap.size() > 2 * m_pending)
        clearOut();
}

DeadlineEntry *DeadlineQueue::earliest() noexcept
{
    while (!m_heap.empty()) {
        if (DeadlineEntry *const entry = m_tickets[m_heap.front().ticket])
            return entry;
        dropFirst();
    }
    return nullptr;
}

void DeadlineQueue::dropFirst() noexcept
{
    m_free.push_back(m_heap.front().ticket);
    const Place last = m_heap.back();
    m_heap.pop_back();
    if (!m_heap.empty())
        down(0, last);
}

void DeadlineQueue::clearOut() noexcept
{
    std::size_t kept = 0;
    for (const Place &place : m_heap) {
        if (m_tickets[place.ticket])
            m_heap[kept++] = place;
        else
            m_free.push_back(place.ticket);
    }
    m_heap.resize(kept);
    for (std::size_t index = kept < 2 ? 0 : (kept - 2) / arity + 1; index-- > 0;)
        down(index, m_heap[index]);
}

void DeadlineQueue::up(std::size_t index, Place place) noexcept
{
    while (index > 0) {
        const std::size_t parent = (index - 1) / arity;
        if (m_heap[parent].deadline <= place.deadline)
            break;
        m_heap[index] = m_heap[parent];
        index = parent;
    }
    m_heap[index] = place;
}

void DeadlineQueue::down(std::size_t index, Place place) noexcept
{
    for (;;) {
        const std::size_t first = index * arity + 1;
        if (first >= m_heap.size())
            break;
        const std::size_t end = std::min(first + arity, m_heap.size());
        std::size_t least = first;
        for (std::size_t child = first + 1; child < end; ++child) {
            if (m_heap[child].deadline < m_heap[least].deadline)
                least = child;
        }
        if (place.deadline <= m_heap[least].deadline)
            break;
        m_heap[index] = m_heap[least];
        index = least;
    }
    m_heap[index] = place;
}

} // namespace Synchronaut::detail
