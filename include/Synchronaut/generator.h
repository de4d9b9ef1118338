#pragma once

#include <Synchronaut/detail/framepool.h>
#include <Synchronaut/detail/generatorlink.h>

#include <cstddef>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

namespace Synchronaut {

namespace detail {

template <typename T>
class GeneratorPromise;
template <typename T>
class GeneratorIterator;

} // namespace detail

/*!
    A coroutine that gives many T, one at a time, to a range-for:

    \code
    Generator<int> count(int n) { for (int i = 0; i < n; ++i) co_yield i; }
    for (int i : count(3)) …
    \endcode

    Lazy: it runs only while the next item is asked for, on the thread that asks, and there is no
    allocation an item. What it throws arrives where the loop asks for the item. After a break the
    loop may be entered again and goes on with the next item. `co_yield std::move(other)` gives all
    items of another Generator<T>, however deeply that delegates, at the price of one.

    An item is a T & that is valid until the next one is asked for, and may be moved from: what is
    yielded as an lvalue is copied first. T is no reference and need not be copyable.
    It may block, but not co_await; see AsyncGenerator. Destroying it destroys its locals.
*/
template <typename T>
class [[nodiscard]] Generator : private detail::GeneratorOwner
{
public:
    static_assert(!std::is_reference_v<T>, "A generator gives values; yield pointers or std::ref");

    using promise_type = detail::GeneratorPromise<T>; ///< for the compiler
    using iterator = detail::GeneratorIterator<T>; ///< an input iterator

    /// An empty generator, without items.
    Generator() noexcept = default;

    /// Asks for the next item, also after an earlier loop was left. Throws what the generator throws.
    iterator begin();
    std::default_sentinel_t end() const noexcept { return {}; } ///< equal to an iterator without an item

private:
    friend promise_type;
    using GeneratorOwner::GeneratorOwner;
};

namespace detail {

template <typename T>
class GeneratorPromise final : public GeneratorLink
{
public:
    Generator<T> get_return_object() noexcept
    {
        frame = std::coroutine_handle<GeneratorPromise>::from_promise(*this);
        return Generator<T>(this);
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }

    struct FinalAwaiter
    {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<GeneratorPromise> handle) const noexcept
        {
            handle.promise().finish();
        }
        void await_resume() const noexcept { }
    };
    FinalAwaiter final_suspend() const noexcept { return {}; }
    void return_void() const noexcept { }

    std::suspend_always yield_value(T &&value) noexcept
    {
        give(value);
        return {};
    }

    /// Keeps a copy of an lvalue for as long as the consumer may use it.
    class CopyAwaiter
    {
    public:
        explicit CopyAwaiter(const T &value) : m_copy(value) { }
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<GeneratorPromise> handle) noexcept
        {
            handle.promise().give(m_copy);
        }
        void await_resume() const noexcept { }

    private:
        T m_copy;
    };
    CopyAwaiter yield_value(const T &value)
        requires std::is_copy_constructible_v<T>
    {
        return CopyAwaiter(value);
    }

    /// Lets another generator give its items.
    class DelegateAwaiter
    {
    public:
        explicit DelegateAwaiter(Generator<T> &&other) noexcept : m_other(std::move(other)) { }
        bool await_ready() const noexcept { return !m_other.link() || m_other.link()->isDone(); }
        void await_suspend(std::coroutine_handle<GeneratorPromise> handle) noexcept
        {
            handle.promise().delegateTo(*m_other.link());
        }
        void await_resume()
        {
            if (m_other.link())
                m_other.link()->rethrowError();
        }

    private:
        GeneratorOwner m_other;
    };
    DelegateAwaiter yield_value(Generator<T> &&other) noexcept
    {
        return DelegateAwaiter(std::move(other));
    }

    template <typename A>
    void await_transform(A &&) = delete; // a blocking generator cannot await: use AsyncGenerator

    static void *operator new(std::size_t size) { return frameAllocate(size); }
    static void operator delete(void *frame, std::size_t size) { frameFree(frame, size); }

private:
    void give(T &value) noexcept
    {
        root->item = std::addressof(value);
    }
};

template <typename T>
class GeneratorIterator
{
public:
    using iterator_concept = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = T;

    GeneratorIterator() noexcept = default;
    explicit GeneratorIterator(GeneratorLink *link) : m_link(link)
    {
        if (m_link && !m_link->isDone())
            advance();
    }

    T &operator*() const noexcept { return *static_cast<T *>(m_link->item); }
    T *operator->() const noexcept { return static_cast<T *>(m_link->item); }
    GeneratorIterator &operator++()
    {
        advance();
        return *this;
    }
    void operator++(int) { advance(); }

    friend bool operator==(const GeneratorIterator &it, std::default_sentinel_t) noexcept
    {
        return !it.m_link || !it.m_link->item;
    }

private:
    void advance()
    {
        m_link->item = nullptr;
        do {
            m_link->leaf->frame.resume();
            if (m_link->item) [[likely]]
                return;
        } while (!m_link->isDone());
        m_link->rethrowError();
    }

    GeneratorLink *m_link = nullptr;
};

} // namespace detail

template <typename T>
typename Generator<T>::iterator Generator<T>::begin()
{
    return iterator(link());
}

} // namespace Synchronaut
