#pragma once

#include <Synchronaut/detail/callawaiter.h>
#include <Synchronaut/detail/signalcall.h>

#include <atomic>
#include <exception>
#include <list>
#include <mutex>
#include <utility>

namespace Synchronaut::detail {

/// Tells a consumer that waits that there is something in its queue.
class EmissionNews final : public TypedCall<void>
{
public:
    EmissionNews() : TypedCall<void>(CallState::Kind::Plain) { }
};

/*!
    The part of an EmissionQueue that knows no type: who waits, and how it ends.

    Any thread puts in, one takes out. Under the lock only pointers change: items are made before and
    destroyed after. Shared by the slot and the stream by reference count.
*/
class SYNCHRONAUT_EXPORT EmissionQueueBase
{
public:
    EmissionQueueBase() = default;
    EmissionQueueBase(const EmissionQueueBase &) = delete;
    EmissionQueueBase &operator=(const EmissionQueueBase &) = delete;

    void ref() noexcept { m_refs.fetch_add(1, std::memory_order_relaxed); }
    void deref() noexcept
    {
        if (m_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    /// No more items will come. \a error is what the stream ends with; the first one stays.
    void end(std::exception_ptr error);
    void disconnected();
    void connected(bool valid);

    /// What to wait for; null: there is an item, or no more will come.
    RefPtr<EmissionNews> news();
    /// Throws what the stream ended with, if it has.
    void throwEnd();

protected:
    virtual ~EmissionQueueBase() = default;
    virtual bool isEmpty() const noexcept = 0;
    void wake(RefPtr<EmissionNews> waiter);

    std::mutex m_lock;
    RefPtr<EmissionNews> m_waiter;

private:
    std::exception_ptr m_error;
    SignalEnd m_end;
    std::atomic<int> m_refs{0};
};

template <typename T>
class EmissionQueue final : public EmissionQueueBase
{
public:
    template <typename... A>
    void received(const A &...args)
    {
        std::list<T> item;
        item.emplace_back(args...);
        RefPtr<EmissionNews> waiter;
        {
            const std::lock_guard lock(m_lock);
            m_items.splice(m_items.end(), item);
            waiter = std::exchange(m_waiter, {});
        }
        wake(std::move(waiter));
    }

    /// All there are.
    std::list<T> take()
    {
        std::list<T> items;
        const std::lock_guard lock(m_lock);
        items.swap(m_items);
        return items;
    }

private:
    bool isEmpty() const noexcept override { return m_items.empty(); }

    std::list<T> m_items;
};

} // namespace Synchronaut::detail
