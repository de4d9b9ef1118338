#pragma once

#include <Synchronaut/detail/awaitfuture.h>
#include <Synchronaut/detail/callconcepts.h>
#include <Synchronaut/detail/childcalls.h>
#include <Synchronaut/detail/resultslot.h>
#include <Synchronaut/detail/taskcall.h>
#include <Synchronaut/task.h>

#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace Synchronaut::detail {

/// A future that has a name elsewhere: who awaits it does not cancel it.
template <typename T>
class NamedFuture
{
public:
    class TaskAwaiter : public FutureAwaiter<T>
    {
    public:
        explicit TaskAwaiter(const NamedFuture &named) : FutureAwaiter<T>(named.m_future, false) { }
    };

    NamedFuture(const QFuture<T> &future) : m_future(future) { }

private:
    QFuture<T> m_future;
};

/// How an awaitable that was passed as \a A is kept until it is awaited.
template <typename A, typename D = std::remove_cvref_t<A>>
struct HeldAs
{
    static_assert(std::is_constructible_v<D, A>,
                  "A task is awaited once, as an rvalue: pass std::move(task)");
    using Type = D;
};
template <typename A, typename T>
    requires std::is_lvalue_reference_v<A>
struct HeldAs<A, QFuture<T>>
{
    using Type = NamedFuture<T>;
};
template <typename A>
using Held = typename HeldAs<A>::Type;

/*!
    One child of a ChildCalls: an awaitable as a call of its own, so that it can be cancelled alone. Its
    result goes to where its parent wants it as soon as it is there, so that a child that does not
    suspend gives its memory back to the next one.
*/
template <typename T, typename A>
class ChildCall final : public TaskCall<T, Handed<A>>, public ChildLink
{
    using Base = TaskCall<T, Handed<A>>;

public:
    ChildCall(A &&awaitable, qsizetype index, ResultSlot<T> *into)
        : Base(std::in_place, std::move(awaitable)), ChildLink(this, index), m_into(into)
    {
    }

protected:
    std::coroutine_handle<> launch() noexcept override
    {
        m_hasFrame = true;
        return Base::launch();
    }
    void destroyRoot() noexcept override
    {
        Base::destroyRoot();
        m_hasFrame = false;
        tellEnd();
    }
    bool finishFuture() override // called once, when the outcome is known
    {
        m_hasOutcome = true;
        tellEnd();
        return true;
    }

private:
    void tellEnd()
    {
        if (m_hasFrame || !m_hasOutcome || !m_siblings)
            return;
        ChildCalls *const siblings = std::exchange(m_siblings, nullptr);
        std::exception_ptr failure;
        const bool hasValue = this->outcome() == CallState::Outcome::Value;
        if (this->outcome() == CallState::Outcome::Error) {
            failure = this->error();
        } else if (hasValue && m_into) {
            try {
                if constexpr (std::is_void_v<T>)
                    m_into->emplace();
                else
                    m_into->emplace(this->take());
            } catch (...) { // the value's move constructor
                failure = std::current_exception();
            }
        }
        siblings->ended(*this, failure, !hasValue && !failure);
    }

    ResultSlot<T> *m_into; ///< in the parent's frame; null: the result is not wanted
    bool m_hasFrame = false;
    bool m_hasOutcome = false;
};

/// Awaits \a awaitable as child number \a index. What comes too late is not started; a future is
/// cancelled like one that has lost.
template <typename T, typename A>
void startChild(ChildCalls &children, A &&awaitable, qsizetype index, ResultSlot<T> *into)
{
    static_assert(!std::is_reference_v<A>);
    if (!children.isOpen()) {
        if constexpr (IsFuture<A>::value)
            awaitable.cancel();
        children.skip();
        return;
    }
    const RefPtr<ChildCall<T, A>> child(
            new ChildCall<T, A>(std::move(awaitable), index, into)); // owned by the references to it
    children.start(*child);
}

// -- several results ------------------------------------------------------------------------------

/// void is no type for a tuple or a variant.
template <typename T>
using ItemOf = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <typename T>
ItemOf<T> takeItem(ResultSlot<T> &slot)
{
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return slot.take();
}

/// Awaitables that were given one by one, with room for their results.
template <typename... T>
struct ResultsOf
{
    using Items = std::tuple<ItemOf<T>...>;

    std::tuple<ResultSlot<T>...> results;

    template <typename... A>
    void start(ChildCalls &children, std::tuple<A...> &awaitables)
    {
        startEach(children, awaitables, std::index_sequence_for<A...>());
    }
    Items takeAll()
    {
        return std::apply([](auto &...slot) { return Items(takeItem(slot)...); }, results);
    }

private:
    template <typename... A, std::size_t... I>
    void startEach(ChildCalls &children, std::tuple<A...> &awaitables, std::index_sequence<I...>)
    {
        (startChild<T>(children, std::move(std::get<I>(awaitables)), qsizetype(I), &std::get<I>(results)), ...);
    }
};

// -- ranges of awaitables ---------------------------------------------------------------------------

/// A range whose items are awaited; an awaitable is none, although QFuture has begin().
template <typename R>
concept AwaitableRange = !Awaitable<R> && std::ranges::input_range<R>
        && Awaitable<std::ranges::range_reference_t<R>>;

/// Whether the items are ours to move from: those of a container that was given away.
template <typename R>
inline constexpr bool ownsItems = !std::is_lvalue_reference_v<R> && !std::ranges::view<std::remove_cvref_t<R>>
        && std::is_lvalue_reference_v<std::ranges::range_reference_t<R>>;

template <typename R>
using ItemGiven = std::conditional_t<ownsItems<R>, std::remove_cvref_t<std::ranges::range_reference_t<R>> &&,
                                     std::ranges::range_reference_t<R>>;

template <AwaitableRange R>
std::vector<Held<ItemGiven<R>>> heldItems(R &&range)
{
    std::vector<Held<ItemGiven<R>>> items;
    if constexpr (std::ranges::sized_range<R>)
        items.reserve(static_cast<std::size_t>(std::ranges::size(range)));
    for (auto &&item : range)
        items.emplace_back(static_cast<ItemGiven<R> &&>(item));
    return items;
}

template <typename R>
using RangeResult = typename AwaitResult<std::ranges::range_reference_t<R>>::Type;

} // namespace Synchronaut::detail
