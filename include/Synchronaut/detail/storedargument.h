#pragma once

#include <functional>
#include <tuple>
#include <type_traits>

namespace Synchronaut::detail {

// An async function that takes `const QString &` and is given something that converts to QString
// refers, from its first suspension on, to a temporary that is gone. Where the signature is known,
// the argument is therefore converted when it is stored.

/// The parameters of a callable, as a std::tuple; void where overloads or templates hide them.
template <typename F>
struct Parameters
{
    using Type = void;
};
template <typename R, typename... P>
struct Parameters<R (*)(P...)>
{
    using Type = std::tuple<P...>;
};
template <typename R, typename... P>
struct Parameters<R (*)(P...) noexcept> : Parameters<R (*)(P...)>
{
};
template <typename R, typename C, typename... P>
struct Parameters<R (C::*)(P...)> : Parameters<R (*)(P...)>
{
};
template <typename R, typename C, typename... P>
struct Parameters<R (C::*)(P...) const> : Parameters<R (*)(P...)>
{
};
template <typename R, typename C, typename... P>
struct Parameters<R (C::*)(P...) noexcept> : Parameters<R (*)(P...)>
{
};
template <typename R, typename C, typename... P>
struct Parameters<R (C::*)(P...) const noexcept> : Parameters<R (*)(P...)>
{
};
template <typename F>
    requires requires { &F::operator(); }
struct Parameters<F> : Parameters<decltype(&F::operator())>
{
};
template <typename F>
    requires requires { typename F::Wrapped; }
struct Parameters<F> : Parameters<typename F::Wrapped>
{
};

/// How an argument of type A is kept for a parameter of type P.
template <typename P, typename A>
struct StoredAs
{
    using Wanted = std::remove_cvref_t<P>;
    using Given = std::decay_t<A>;
    static constexpr bool bindsTemporary = std::is_reference_v<P>
            && (std::is_const_v<std::remove_reference_t<P>> || std::is_rvalue_reference_v<P>);
    static constexpr bool converts = bindsTemporary && !std::is_same_v<Wanted, Given>
            && !std::is_base_of_v<Wanted, Given> && !std::is_abstract_v<Wanted>
            && !std::is_same_v<Given, std::reference_wrapper<Wanted>>
            && !std::is_same_v<Given, std::reference_wrapper<const Wanted>>
            && std::is_constructible_v<Wanted, A>;
    using Type = std::conditional_t<converts, Wanted, Given>;
};

/// The work type W<F, stored arguments...> for calling F with A...; \c skip leading arguments are
/// no parameters (the object of a member function).
template <template <typename...> class W, typename F, typename P, typename... A>
struct StoredWork
{
    using Type = W<F, std::decay_t<A>...>;
};
template <template <typename...> class W, typename F, typename... P, typename... A>
    requires(sizeof...(P) == sizeof...(A))
struct StoredWork<W, F, std::tuple<P...>, A...>
{
    using Type = W<F, typename StoredAs<P, A>::Type...>;
};
template <template <typename...> class W, typename F, typename... P, typename O, typename... A>
    requires(sizeof...(P) == sizeof...(A) && std::is_member_function_pointer_v<F>)
struct StoredWork<W, F, std::tuple<P...>, O, A...>
{
    using Type = W<F, std::decay_t<O>, typename StoredAs<P, A>::Type...>;
};

template <template <typename...> class W, typename F, typename... A>
using StoredWorkFor = typename StoredWork<W, F, typename Parameters<F>::Type, A...>::Type;

} // namespace Synchronaut::detail
