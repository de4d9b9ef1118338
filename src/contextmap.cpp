#include <Synchronaut/detail/contextmap.h>

#include <algorithm>

namespace Synchronaut::detail {

ContextValue::~ContextValue() = default;

const ContextValue *ContextMap::find(std::uint64_t id) const noexcept
{
    const auto it = std::find_if(m_entries.begin(), m_entries.end(),
                                 [id](const Entry &entry) { return entry.id == id; });
    return it == m_entries.end() ? nullptr : it->value.get();
}

RefPtr<ContextMap> ContextMap::with(const ContextMap *base, std::uint64_t id,
                                    RefPtr<ContextValue> value)
{
    RefPtr<ContextMap> map(new ContextMap);
    if (base) {
        map->m_entries.reserve(base->m_entries.size() + 1);
        std::copy_if(base->m_entries.begin(), base->m_entries.end(),
                     std::back_inserter(map->m_entries),
                     [id](const Entry &entry) { return entry.id != id; });
    }
    if (value)
        map->m_entries.push_back({id, std::move(value)});
    return map;
}

std::uint64_t nextContextId() noexcept
{
    constinit static std::atomic<std::uint64_t> counter{1};
    return counter.fetch_add(1, std::memory_order_relaxed);
}

} // namespace Synchronaut::detail
