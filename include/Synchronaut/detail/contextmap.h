#pragma once

#include <Synchronaut/detail/refptr.h>
#include <Synchronaut/export.h>

#include <atomic>
#include <cstdint>
#include <vector>

namespace Synchronaut::detail {

/// One value of one ContextVar; immutable, shared between threads.
class SYNCHRONAUT_EXPORT ContextValue
{
public:
    ContextValue() = default;
    ContextValue(const ContextValue &) = delete;
    ContextValue &operator=(const ContextValue &) = delete;

    void ref() noexcept { m_refs.fetch_add(1, std::memory_order_relaxed); }
    void deref() noexcept
    {
        if (m_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

protected:
    virtual ~ContextValue();

private:
    std::atomic<int> m_refs{0};
};

/// An immutable set of values, by the id of their variable. A change makes a new map, so that
/// taking the context along costs one increment. Linear search: contexts hold a handful.
class SYNCHRONAUT_EXPORT ContextMap
{
public:
    void ref() noexcept { m_refs.fetch_add(1, std::memory_order_relaxed); }
    void deref() noexcept
    {
        if (m_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    const ContextValue *find(std::uint64_t id) const noexcept;
    /// A map like \a base (may be null) in which \a id has \a value; a null value removes it.
    static RefPtr<ContextMap> with(const ContextMap *base, std::uint64_t id,
                                   RefPtr<ContextValue> value);

private:
    ~ContextMap() = default;

    struct Entry
    {
        std::uint64_t id;
        RefPtr<ContextValue> value;
    };
    std::atomic<int> m_refs{0};
    std::vector<Entry> m_entries;
};

/// A number that no other variable of the process has.
SYNCHRONAUT_EXPORT std::uint64_t nextContextId() noexcept;

} // namespace Synchronaut::detail
