#pragma once

#include <Synchronaut/asyncgenerator.h>
#include <Synchronaut/calloptions.h>
#include <Synchronaut/detail/loopstream.h>
#include <Synchronaut/errors.h>
#include <Synchronaut/eventloopthread.h>

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace Synchronaut {

/*!
    The items of an AsyncGenerator that runs in another thread, for a range-for in blocking code. What
    callSync() gives of a function that returns an AsyncGenerator.

    \code
    for (Row &row : callSync(rowsOf, "people")) …
    \endcode

    begin() and ++ wait for the next item, the way callSync() waits, and throw what the generator
    throws; after an error, as after the end, there are no more items. After a break the loop may be
    entered again and goes on with the next item. It is in lockstep: the generator runs only while an
    item is waited for, unless buffered() lets it run ahead.

    The generator runs in one call, with one context, on one thread: the background loop, unless a loop
    was given. Options hold for the stream as a whole: a timeout counts from its making, \a context
    dying ends it. A caller who is to stop gets CallCanceled, which ends the stream as well.

    Destroying it ends the generator: CallCanceled is thrown in at its co_yield and its cleanup is run
    on its own thread, which is waited for, but at most for a second; then it goes on by itself. What
    cleanup throws is logged; close() throws it.

    An item is a T & that is valid until the next one is asked for, and may be moved from. T may be
    move-only. Move-only itself; for one thread at a time.
*/
template <typename T>
class [[nodiscard]] BlockingRange
{
public:
    class Iterator;
    using iterator = Iterator; ///< for range-for

    /// An empty range, without items.
    BlockingRange() noexcept = default;
    /// The items of \a source, which runs on the background loop from now on: it must not have given
    /// any item yet, and nothing in it may belong to this thread.
    explicit BlockingRange(AsyncGenerator<T> source, CallOptions options = {})
        : BlockingRange(detail::StreamHome::Kind::Blocking, std::move(source), options)
    {
    }
    /// The same on \a loop, which has to outlive the range.
    BlockingRange(EventLoopThread &loop, AsyncGenerator<T> source, CallOptions options = {})
        : BlockingRange(loop.mailbox(), std::move(source), options)
    {
    }
    BlockingRange(BlockingRange &&) noexcept = default; ///< leaves an empty range
    /// Ends the generator that this range had.
    BlockingRange &operator=(BlockingRange &&) noexcept = default;

    /// Waits for the next item, also after an earlier loop was left. Throws as described above.
    iterator begin()
    {
        if (m_items)
            m_items->advance();
        return iterator(m_items.get());
    }
    std::default_sentinel_t end() const noexcept { return {}; } ///< equal to an iterator without an item

    /// Ends the generator now, and throws what its cleanup throws. No items after that.
    void close()
    {
        if (m_items)
            m_items->close();
    }

    // -- for the verbs ------------------------------------------------------------------------
    /// Internal: what the verbs make it of.
    explicit BlockingRange(detail::StreamHandle<T> stream)
        : m_items(std::make_unique<Items>(std::move(stream)))
    {
    }
    /// Internal; null for an empty range.
    detail::Stream<T> *stream() const noexcept { return m_items ? m_items->stream.get() : nullptr; }

private:
    struct Items
    {
        explicit Items(detail::StreamHandle<T> s) noexcept : stream(std::move(s)) { }
        Items(const Items &) = delete;
        Items &operator=(const Items &) = delete;
        ~Items() { stream->closeQuietly(); }

        void advance()
        {
            item.reset();
            if (std::optional<T> next = isClosed ? std::nullopt : stream->takeBlocking())
                item.emplace(std::move(*next));
        }
        void close()
        {
            item.reset();
            isClosed = true;
            stream->close();
        }

        detail::StreamHandle<T> stream;
        std::optional<T> item; ///< the one the loop has
        bool isClosed = false;
    };

    template <typename Home>
    BlockingRange(Home home, AsyncGenerator<T> &&source, const CallOptions &options)
    {
        using Source = detail::LoopStreamOf<T, detail::GivenSource<T>>;
        const char *const type = detail::typeText<AsyncGenerator<T>>();
        detail::RefPtr<Source> made(
                new Source(home, options, type, std::move(source))); // owned by the references to it
        made->open();
        m_items = std::make_unique<Items>(detail::StreamHandle<T>(std::move(made)));
    }

    std::unique_ptr<Items> m_items;
};

/// Input iterator of a BlockingRange; all of one range stand at the same item.
template <typename T>
class BlockingRange<T>::Iterator
{
public:
    /// For the standard library.
    ///@{
    using iterator_concept = std::input_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = T;
    using reference = T &;
    using pointer = T *;
    ///@}

    /// Equal to end().
    Iterator() noexcept = default;
    /// Internal: begin() makes one.
    explicit Iterator(Items *items) noexcept : m_items(items) { }

    /// The item, valid until the next ++ of any iterator of the range; may be moved from.
    T &operator*() const noexcept { return *m_items->item; }
    /// The same, as a pointer.
    T *operator->() const noexcept { return std::addressof(*m_items->item); }
    /// Waits for the next item. Throws what the generator throws; see BlockingRange.
    Iterator &operator++()
    {
        m_items->advance();
        return *this;
    }
    /// The same.
    void operator++(int) { m_items->advance(); }

    /// True when there are no more items.
    friend bool operator==(const Iterator &it, std::default_sentinel_t) noexcept
    {
        return !it.m_items || !it.m_items->item;
    }

private:
    Items *m_items = nullptr;
};

} // namespace Synchronaut
