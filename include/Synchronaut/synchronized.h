#pragma once

#include <Synchronaut/detail/loopcall.h>

#include <QtCore/QFuture>

namespace Synchronaut {

class Synchronizer;

/*!
    A handle to a T that lives on a Synchronizer's loop; Synchronizer::make() gives it.

    Copyable: all copies mean the same object, which is destroyed on its loop after the last of them
    and the last pending call have gone, or by ~Synchronizer. Any thread may use a handle, one handle
    at a time.

    The first argument of a call is a member function pointer, a data member pointer (its value is
    copied), or any callable that takes a T & first. Further arguments are copied. Calls made by one
    thread begin in the order in which they were made. On the loop's own thread a call runs at once.
    A call that comes too late, after ~Synchronizer, ends with LoopStopped, one of an empty handle
    with CallError. Errors arrive as they were thrown.
*/
template <typename T>
class Synchronized
{
public:
    /// An empty handle.
    Synchronized() noexcept = default;

    bool isNull() const noexcept { return !m_cell; } ///< an empty handle
    explicit operator bool() const noexcept { return !isNull(); } ///< not isNull()
    /// Whether both mean the same object.
    friend bool operator==(const Synchronized &a, const Synchronized &b) noexcept
    {
        return a.m_cell.get() == b.m_cell.get();
    }

    /// Starts the call and does not wait. Nothing is thrown: errors are in the QFuture. Of a function
    /// that returns a Generator<R> or an AsyncGenerator<R> it gets one result an item.
    template <detail::NotOptions F, typename... A>
    auto call(CallOptions options, F &&function, A &&...args) const;
    /// The same without options.
    template <detail::NotOptions F, typename... A>
    auto call(F &&function, A &&...args) const;

    /// Waits for the result. While it does, calls that come back to this thread on behalf of the
    /// one that it waits for run here (G3). Throws what the function throws, and CallError's kin. Of a
    /// generator, of either kind, it gives a BlockingRange<R>.
    template <detail::NotOptions F, typename... A>
    auto sync(CallOptions options, F &&function, A &&...args) const;
    /// The same without options.
    template <detail::NotOptions F, typename... A>
    auto sync(F &&function, A &&...args) const;

    /// A call to co_await; it starts then. See AsyncCall. Of a generator, an AsyncGenerator<R>.
    template <detail::NotOptions F, typename... A>
    auto async(CallOptions options, F &&function, A &&...args) const;
    /// The same without options.
    template <detail::NotOptions F, typename... A>
    auto async(F &&function, A &&...args) const;

private:
    friend class Synchronizer;
    friend struct detail::CellAccess;

    explicit Synchronized(detail::RefPtr<detail::CellOf<T>> cell) noexcept : m_cell(std::move(cell)) { }
    detail::CellOf<T> *cell() const noexcept { return m_cell.get(); }
    detail::SynchronizerCore *core() const noexcept { return m_cell ? m_cell->core() : nullptr; }
    template <typename F, typename... A>
    static constexpr bool isStream();

    detail::RefPtr<detail::CellOf<T>> m_cell;
};

} // namespace Synchronaut

#include <Synchronaut/detail/synchronized_impl.h>
