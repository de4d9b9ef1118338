#pragma once

#include <Synchronaut/asyncresource.h>
#include <Synchronaut/cancellation.h>
#include <Synchronaut/detail/resultslot.h>
#include <Synchronaut/detail/storedargument.h>
#include <Synchronaut/task.h>

#include <concepts>
#include <exception>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace Synchronaut::detail {

[[noreturn]] SYNCHRONAUT_EXPORT void throwNeverYielded();
[[noreturn]] SYNCHRONAUT_EXPORT void throwYieldedTwice();

template <typename R>
struct ResourceTraits
{
    using Value = typename AwaitResult<decltype(std::declval<R &>().acquire())>::Type;
};
template <typename R>
    requires GeneratorResource<R>::value
struct ResourceTraits<R> : GeneratorResource<R>
{
};
template <typename R>
using ResourceValue = typename ResourceTraits<std::remove_reference_t<R>>::Value;

/// True when \a Body would be given a reference to a temporary that the value is converted to, and
/// that is gone at the body's first suspension.
template <typename Body, typename V>
inline constexpr bool bodyBindsTemporary = false;
template <typename Body, typename V>
    requires(std::tuple_size<typename Parameters<Body>::Type>::value == 1)
inline constexpr bool bodyBindsTemporary<Body, V> =
        StoredAs<std::tuple_element_t<0, typename Parameters<Body>::Type>, V>::converts;

/// What acquire has given, and how the body gets it.
template <typename V>
class AcquiredValue
{
public:
    template <typename... A>
    void emplace(A &&...value)
    {
        m_value.emplace(Stored<V>::make(std::forward<A>(value)...));
    }
    V &get()
    {
        if constexpr (Stored<V>::isApart)
            return **m_value;
        else
            return *m_value;
    }
    template <typename Body>
    decltype(auto) passTo(Body &body)
    {
        if constexpr (std::invocable<Body &, V &>) {
            static_assert(!bodyBindsTemporary<std::remove_cv_t<Body>, V>,
                          "The body takes a reference to something else than the acquired value; "
                          "take the value itself, or by value what it converts to");
            return std::invoke(body, get());
        } else if constexpr (std::invocable<Body &, V>) {
            return std::invoke(body, std::move(get()));
        } else {
            static_assert(std::invocable<Body &>, "The body takes the acquired value, or nothing");
            return std::invoke(body);
        }
    }

private:
    std::optional<typename Stored<V>::Type> m_value;
};
template <>
class AcquiredValue<void>
{
public:
    void emplace() noexcept { }
    template <typename Body>
    decltype(auto) passTo(Body &body)
    {
        static_assert(std::invocable<Body &>, "The resource acquires void: its body takes nothing");
        return std::invoke(body);
    }
};

/// What a body returns, and what the scope therefore gives.
template <typename R, typename Body>
struct ScopeTraits
{
    using Returned = decltype(std::declval<AcquiredValue<ResourceValue<R>> &>().passTo(
            std::declval<std::remove_reference_t<Body> &>()));
    static constexpr bool isAsync = Awaitable<Returned>;
    template <typename A>
    static auto resultOf()
    {
        if constexpr (Awaitable<A>)
            return std::type_identity<typename AwaitResult<A>::Type>();
        else
            return std::type_identity<std::remove_cvref_t<A>>();
    }
    using Result = typename decltype(resultOf<Returned>())::type;
};

// A coroutine template keeps its parameters in its frame; GCC warns here where their types are local
// to the user's file.
QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage")

/// \a resource outlives the task.
template <typename R>
Task<ResourceValue<R>> acquireFrom(R &resource)
{
    if constexpr (GeneratorResource<R>::value) {
        std::optional<ResourceValue<R>> value = co_await resource.next();
        if (!value)
            throwNeverYielded();
        co_return std::move(*value);
    } else if constexpr (std::is_void_v<ResourceValue<R>>) {
        co_await resource.acquire();
    } else {
        co_return co_await resource.acquire();
    }
}

/// Gives true when \a error, with which the body has ended, is to be forgotten.
template <typename R>
Task<bool> releaseTo(R &resource, std::exception_ptr error)
{
    if constexpr (GeneratorResource<R>::value) {
        bool again = false;
        if (error) {
            const auto item = co_await resource.throwInto(error);
            again = item.has_value();
        } else {
            const auto item = co_await resource.next();
            again = item.has_value();
        }
        if (again) {
            try {
                co_await resource.close();
            } catch (...) {
                // told below, by the error that says what is wrong with the generator
            }
            throwYieldedTwice();
        }
        co_return true;
    } else if constexpr (std::same_as<typename AwaitResult<decltype(resource.release(error))>::Type, bool>) {
        co_return co_await resource.release(error);
    } else {
        co_await resource.release(error);
        co_return false;
    }
}

/// The scope in a task. \a R and \a Body are references where the caller keeps the thing.
template <typename T, typename R, typename Body>
Task<T> runScope(R resource, Body body)
{
    AcquiredValue<ResourceValue<R>> value;
    if constexpr (std::is_void_v<ResourceValue<R>>)
        co_await acquireFrom(resource);
    else
        value.emplace(co_await acquireFrom(resource));

    ResultSlot<T> result;
    std::exception_ptr error;
    try {
        if constexpr (ScopeTraits<R, Body>::isAsync) {
            if constexpr (std::is_void_v<T>)
                co_await value.passTo(body);
            else
                result.emplace(co_await value.passTo(body));
        } else if constexpr (std::is_void_v<T>) {
            value.passTo(body);
        } else {
            result.emplace(value.passTo(body));
        }
    } catch (...) {
        error = std::current_exception();
    }

    bool swallowed = false;
    {
        const CancellationShield shield; // the resource is given back whatever has ended the body
        swallowed = co_await releaseTo(resource, error);
    }
    if (error && !(swallowed && std::is_void_v<T>))
        std::rethrow_exception(error);
    if constexpr (!std::is_void_v<T>)
        co_return result.take();
}
QT_WARNING_POP

} // namespace Synchronaut::detail
