#pragma once

/*!
    \file
    Names of functions, for messages.
*/

#include <functional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace Synchronaut {

/// A callable that knows its name and where it was named; what SYNCHRONAUT_FN makes.
template <typename F>
struct NamedCallable
{
    F function; ///< a copy of what was named
    const char *name; ///< as written; a literal
    std::source_location where; ///< where SYNCHRONAUT_FN stands

    /// Calls it.
    template <typename... A>
        requires std::invocable<const F &, A...>
    decltype(auto) operator()(A &&...args) const
    {
        return std::invoke(function, std::forward<A>(args)...);
    }
};

namespace detail {

template <typename F>
NamedCallable<std::decay_t<F>>
named(F &&function, const char *name,
      std::source_location where = std::source_location::current())
{
    return {std::forward<F>(function), name, where};
}

template <typename F>
struct IsNamed : std::false_type
{
};
template <typename F>
struct IsNamed<NamedCallable<F>> : std::true_type
{
};

} // namespace detail
} // namespace Synchronaut

/// The function \a f together with its name and this place, for messages:
/// \c callAny(SYNCHRONAUT_FN(slowAdd), 1, 2). Name one overload only, or pass a lambda.
#define SYNCHRONAUT_FN(f) ::Synchronaut::detail::named(f, #f)
