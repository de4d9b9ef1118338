#pragma once

#include <Synchronaut/detail/taskfwd.h>
#include <QtCore/QFuture>
#include <QtCore/QPromise>

#include <concepts>
#include <coroutine>
#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace Synchronaut {

template <typename T>
class Generator;
template <typename T, typename In>
class AsyncGenerator;
struct CallOptions;

} // namespace Synchronaut

namespace Synchronaut::detail {

// -- kinds of awaitables --------------------------------------------------------------------------

template <typename A>
concept Awaiter = requires(A &a, std::coroutine_handle<> handle) {
    { a.await_ready() } -> std::convertible_to<bool>;
    a.await_suspend(handle);
    a.await_resume();
};

template <typename A>
concept HasMemberCoAwait = requires(A &&a) { static_cast<A &&>(a).operator co_await(); };

template <typename A>
concept HasFreeCoAwait = requires(A &&a) { operator co_await(static_cast<A &&>(a)); };

/// Anything that a coroutine of any library can co_await.
template <typename A>
concept ForeignAwaitable = Awaiter<A> || HasMemberCoAwait<A> || HasFreeCoAwait<A>;

template <typename A>
decltype(auto) awaiterOf(A &&awaitable)
{
    if constexpr (HasMemberCoAwait<A>)
        return static_cast<A &&>(awaitable).operator co_await();
    else if constexpr (HasFreeCoAwait<A>)
        return operator co_await(static_cast<A &&>(awaitable));
    else
        return static_cast<A &&>(awaitable);
}

template <typename T>
struct IsFuture : std::false_type
{
};
template <typename T>
struct IsFuture<QFuture<T>> : std::true_type
{
    using Value = T;
};

template <typename T>
struct IsTask : std::false_type
{
};
template <typename T>
struct IsTask<Task<T>> : std::true_type
{
    using Value = T;
};

/// What co_await gives for an awaitable, decayed: results never are references. No Type for anything else, which
/// other overloads may take.
template <typename A, typename D = std::remove_cvref_t<A>>
struct AwaitResult
{
};
template <typename A, typename D>
    requires(ForeignAwaitable<D> && !IsFuture<D>::value && !IsTask<D>::value)
struct AwaitResult<A, D>
{
    using Type = std::remove_cvref_t<decltype(awaiterOf(std::declval<D>()).await_resume())>;
};
template <typename A, typename D>
    requires(IsFuture<D>::value || IsTask<D>::value)
struct AwaitResult<A, D>
{
    using Type = typename std::conditional_t<IsFuture<D>::value, IsFuture<D>, IsTask<D>>::Value;
};

template <typename T>
concept Awaitable = IsFuture<std::remove_cvref_t<T>>::value || IsTask<std::remove_cvref_t<T>>::value
        || (!std::is_void_v<T> && ForeignAwaitable<T>);

// -- streams ----------------------------------------------------------------------------------------

/// What a stream function returns: Generator<T> or AsyncGenerator<T>.
template <typename R>
struct StreamOf
{
    static constexpr bool isStream = false;
};
template <typename T>
struct StreamOf<Generator<T>>
{
    static constexpr bool isStream = true;
    static constexpr bool isAsync = false;
    using Item = T;
};
template <typename T>
struct StreamOf<AsyncGenerator<T, void>>
{
    static constexpr bool isStream = true;
    static constexpr bool isAsync = true;
    using Item = T;
};

// -- kinds of callables ---------------------------------------------------------------------------

/// The value type of the QPromise that a callable takes first, the way QtConcurrent::run has it.
template <typename F>
struct PromiseParameter
{
};
template <typename R, typename T, typename... A>
struct PromiseParameter<R (*)(QPromise<T> &, A...)>
{
    using Type = T;
};
template <typename R, typename T, typename... A>
struct PromiseParameter<R (*)(QPromise<T> &, A...) noexcept>
{
    using Type = T;
};
template <typename R, typename C, typename T, typename... A>
struct PromiseParameter<R (C::*)(QPromise<T> &, A...)>
{
    using Type = T;
};
template <typename R, typename C, typename T, typename... A>
struct PromiseParameter<R (C::*)(QPromise<T> &, A...) const>
{
    using Type = T;
};
template <typename R, typename C, typename T, typename... A>
struct PromiseParameter<R (C::*)(QPromise<T> &, A...) noexcept>
{
    using Type = T;
};
template <typename R, typename C, typename T, typename... A>
struct PromiseParameter<R (C::*)(QPromise<T> &, A...) const noexcept>
{
    using Type = T;
};
template <typename F>
    requires requires { &F::operator(); }
struct PromiseParameter<F> : PromiseParameter<decltype(&F::operator())>
{
};

template <typename F>
concept TakesPromise = requires { typename PromiseParameter<F>::Type; };

/// What a call of F with A... is: all that the verbs decide at compile time.
template <typename F, typename... A>
struct CallTraits
{
    static constexpr bool takesPromise = false;
    using Returned = std::invoke_result_t<std::decay_t<F>, std::decay_t<A>...>;
    static constexpr bool isAsync = Awaitable<Returned>;

    template <typename R>
    static auto resultOf()
    {
        if constexpr (Awaitable<R>)
            return std::type_identity<typename AwaitResult<R>::Type>();
        else
            return std::type_identity<std::remove_cvref_t<R>>();
    }
    using Result = typename decltype(resultOf<Returned>())::type;
};
/// A function without options is not to be called with options. Clang looks at what functions return before it looks
/// at their constraints.
template <typename... A>
struct CallTraits<CallOptions, A...>
{
};
template <typename F, typename... A>
    requires TakesPromise<std::decay_t<F>>
struct CallTraits<F, A...>
{
    static constexpr bool takesPromise = true;
    static constexpr bool isAsync = false;
    using Result = typename PromiseParameter<std::decay_t<F>>::Type;
    using Returned = Result;
};
template <typename R, typename C, typename T, typename... P, typename O, typename... A>
    requires TakesPromise<R (C::*)(QPromise<T> &, P...)>
struct CallTraits<R (C::*)(QPromise<T> &, P...), O, A...>
{
    static constexpr bool takesPromise = true;
    static constexpr bool isAsync = false;
    using Result = T;
    using Returned = T;
};

template <typename F, typename... A>
using ResultOf = typename CallTraits<F, A...>::Result;

template <typename F, typename... A>
concept Callable = std::invocable<std::decay_t<F>, std::decay_t<A>...> || TakesPromise<std::decay_t<F>>;

// -- null callables and objects ---------------------------------------------------------------------

/// std::function and its like: comparable with nullptr, but not because it is a lambda that
/// converts to a pointer.
template <typename F>
concept NullableFunctor = std::is_class_v<F> && !std::is_convertible_v<F, bool>
        && requires(const F &f) {
               { f == nullptr } -> std::convertible_to<bool>;
           };

template <typename T>
bool isNull(const T &value)
{
    if constexpr (std::is_pointer_v<T> || std::is_member_pointer_v<T> || NullableFunctor<T>)
        return value == nullptr;
    else if constexpr (requires { value.isNull(); value.operator->(); }) // QPointer, QSharedPointer
        return value.isNull();
    else
        return false;
}

/// What is wrong with calling \a f so; null: nothing.
template <typename F, typename... A>
const char *callFlaw(const F &f, const A &...args)
{
    if constexpr (std::is_pointer_v<F> || std::is_member_pointer_v<F> || NullableFunctor<F>) {
        if (isNull(f))
            return "the function is null (an empty std::function or a null pointer); pass a function";
    }
    if constexpr (std::is_member_pointer_v<F>) {
        const auto first = [](const auto &object, const auto &...) { return isNull(object); };
        if (first(args...))
            return "the object to call it on is null; pass a living one";
    }
    return nullptr;
}

/// A name for messages where none is given; parsed only when an error is made.
template <typename F>
constexpr const char *typeText() noexcept
{
    if constexpr (requires { typename F::Wrapped; })
        return typeText<typename F::Wrapped>();
    else
        return __PRETTY_FUNCTION__;
}

} // namespace Synchronaut::detail
