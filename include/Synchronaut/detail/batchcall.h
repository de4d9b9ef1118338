#pragma once

#include <Synchronaut/call.h>
#include <Synchronaut/detail/batch.h>
#include <Synchronaut/detail/typedcall.h>
#include <Synchronaut/outcome.h>

#include <QtCore/QList>

#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

namespace Synchronaut::detail {

/// One call of a batch and where its result is kept. With \a captured errors are results.
template <typename T, bool captured>
class BatchItem
{
public:
    using Slot = std::conditional_t<captured, std::optional<Outcome<T>>, ResultSlot<T>>;
    /// What stands for it in a tuple.
    using Element = std::conditional_t<
            captured, Outcome<T>, std::conditional_t<std::is_void_v<T>, std::monostate, T>>;

    static CallWay way(const Call<T> &call) noexcept
    {
        if (call.m_small)
            return CallWay::Quick;
        const CallWay own = call.m_body ? call.m_body->way() : CallWay::Own;
        const bool limited = call.m_limit != std::chrono::nanoseconds::max();
        return own == CallWay::Quick && limited ? CallWay::Own : own;
    }

    static std::exception_ptr runQuick(const Call<T> &call, Slot &slot) noexcept
    {
        return put(slot, [&call]() -> T {
            return call.m_small ? call.m_small.invoke() : call.m_body->invoke();
        });
    }

    static RefPtr<CallState> makeCall(const Call<T> &call, RefPtr<CallObserver> batch,
                                      std::uint32_t number)
    {
        if (call.m_body)
            return call.m_body->makeCall(std::move(batch), number);
        constexpr T (*nothing)() = nullptr; // a Call that was moved from: rejected as null
        return Synchronaut::call(nothing).m_body->makeCall(std::move(batch), number);
    }

    static CallOptions options(const Call<T> &call)
    {
        CallOptions options = call.m_body ? call.m_body->options() : optionsWithoutPlace();
        if (call.m_limit != std::chrono::nanoseconds::max())
            options.timeout = call.m_limit;
        return options;
    }
    static const char *typeName(const Call<T> &call) noexcept
    {
        return call.m_body ? call.m_body->typeName() : nullptr;
    }

    static std::exception_ptr keep(Slot &slot, CallState &state) noexcept
    {
        if (state.outcome() == CallState::Outcome::Value)
            return put(slot, [&state]() -> T { return static_cast<TypedCall<T> &>(state).take(); });
        return putError(slot, state.error());
    }

    static Element take(Slot &slot)
    {
        if constexpr (captured)
            return *std::move(slot);
        else if constexpr (std::is_void_v<T>)
            return {};
        else
            return slot.take();
    }

private:
    template <typename Give>
    static std::exception_ptr put(Slot &slot, Give give) noexcept
    {
        try {
            if constexpr (std::is_void_v<T>) {
                give();
                slot.emplace(std::conditional_t<captured, std::monostate, Empty>());
            } else {
                slot.emplace(give());
            }
            return {};
        } catch (...) {
            return putError(slot, std::current_exception());
        }
    }
    static std::exception_ptr putError(Slot &slot, std::exception_ptr error) noexcept
    {
        if constexpr (captured) {
            slot.emplace(Outcome<T>::failed(std::move(error)));
            return {};
        } else {
            return error;
        }
    }
};

/// Calls of one type, as many as there are.
template <typename T, bool captured>
class BatchList
{
    using Item = BatchItem<T, captured>;

public:
    using Result = std::conditional_t<
            captured, QList<Outcome<T>>,
            typename std::conditional_t<std::is_void_v<T>, std::type_identity<void>,
                                        std::type_identity<QList<typename Item::Element>>>::type>;

    explicit BatchList(QList<Call<T>> calls)
        : m_calls(std::move(calls)),
          m_slots(std::make_unique<typename Item::Slot[]>(static_cast<std::size_t>(m_calls.size())))
    {
    }
    std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(m_calls.size()); }
    template <typename Visitor>
    auto visit(std::uint32_t number, Visitor visitor)
    {
        return visitor(Item(), m_calls.at(number), m_slots[number]);
    }
    Result takeResult()
    {
        if constexpr (!std::is_void_v<Result>) {
            Result results;
            results.reserve(m_calls.size());
            for (qsizetype i = 0; i < m_calls.size(); ++i)
                results.append(Item::take(m_slots[static_cast<std::size_t>(i)]));
            return results;
        }
    }

private:
    const QList<Call<T>> m_calls;
    std::unique_ptr<typename Item::Slot[]> m_slots;
};

/// Calls of types of their own, few.
template <bool captured, typename... T>
class BatchTuple
{
public:
    using Result = std::tuple<typename BatchItem<T, captured>::Element...>;

    explicit BatchTuple(Call<T>... calls) : m_calls(std::move(calls)...) { }
    std::uint32_t size() const noexcept { return sizeof...(T); }
    template <typename Visitor>
    auto visit(std::uint32_t number, Visitor visitor)
    {
        return visitAt<0>(number, visitor);
    }
    Result takeResult()
    {
        return [this]<std::size_t... I>(std::index_sequence<I...>) {
            return Result(BatchItem<T, captured>::take(std::get<I>(m_slots))...);
        }(std::index_sequence_for<T...>());
    }

private:
    template <std::size_t index, typename Visitor>
    auto visitAt(std::uint32_t number, Visitor &visitor)
    {
        if constexpr (index + 1 < sizeof...(T)) {
            if (number != index)
                return visitAt<index + 1>(number, visitor);
        }
        using One = std::tuple_element_t<index, std::tuple<T...>>;
        return visitor(BatchItem<One, captured>(), std::as_const(std::get<index>(m_calls)),
                       std::get<index>(m_slots));
    }

    std::tuple<Call<T>...> m_calls;
    std::tuple<typename BatchItem<T, captured>::Slot...> m_slots;
};

/// A batch as a call with a future. Items: a BatchList or a BatchTuple.
template <typename Items>
class BatchCall final : public TypedCall<typename Items::Result>, public Batch
{
    using Base = TypedCall<typename Items::Result>;

public:
    template <typename... A>
    explicit BatchCall(A &&...args)
        : Base(CallState::Kind::Plain), Batch(*static_cast<CallState *>(this)), m_items(std::forward<A>(args)...)
    {
    }

    void ref() noexcept override { CallRecord::ref(); }
    void deref() noexcept override { CallRecord::deref(); }
    using Batch::start;

protected:
    bool finishFuture() override
    {
        const bool observed = Base::finishFuture();
        stopRest();
        return observed;
    }
    /// Runners look at the future until they come to know of its end.
    bool calleeIsQuiet() const noexcept override { return false; }

    std::uint32_t size() const noexcept override { return m_items.size(); }
    CallWay way(std::uint32_t number) const noexcept override
    {
        return m_items.visit(number,
                             [](auto item, const auto &call, auto &) { return item.way(call); });
    }
    std::exception_ptr runQuick(std::uint32_t number) noexcept override
    {
        return m_items.visit(number, [](auto item, const auto &call, auto &slot) {
            return item.runQuick(call, slot);
        });
    }
    RefPtr<CallState> makeCall(std::uint32_t number) override
    {
        return m_items.visit(number, [this, number](auto item, const auto &call, auto &) {
            return item.makeCall(call, RefPtr<CallObserver>(this), number);
        });
    }
    CallOptions options(std::uint32_t number) const override
    {
        return m_items.visit(number,
                             [](auto item, const auto &call, auto &) { return item.options(call); });
    }
    const char *typeName(std::uint32_t number) const noexcept override
    {
        return m_items.visit(number,
                             [](auto item, const auto &call, auto &) { return item.typeName(call); });
    }
    std::exception_ptr keep(std::uint32_t number, CallState &state) noexcept override
    {
        return m_items.visit(number, [&state](auto item, const auto &, auto &slot) {
            return item.keep(slot, state);
        });
    }
    void settle() noexcept override
    {
        std::exception_ptr error; // settled outside of the handler, which holds the exception, too
        try {
            if constexpr (std::is_void_v<typename Items::Result>)
                this->settleValue();
            else
                this->settleValue(m_items.takeResult());
        } catch (...) { // a move constructor
            error = std::current_exception();
        }
        if (error)
            this->settleError(std::move(error));
    }
    QFuture<void> handle() override { return this->futureHandle(); }

private:
    mutable Items m_items; ///< each number's slot belongs to who runs that number
};

/// Starts a batch and gives its future.
template <typename Items, typename... A>
QFuture<typename Items::Result> startBatch(const char *name, const BatchOptions &options,
                                           Batch::Order order, A &&...args)
{
    RefPtr<BatchCall<Items>> batch(
            new BatchCall<Items>(std::forward<A>(args)...)); // owned by the references to it
    auto future = batch->makeFuture();
    batch->start(options, order, name);
    return future;
}

} // namespace Synchronaut::detail
