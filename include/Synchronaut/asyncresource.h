#pragma once

#include <Synchronaut/asyncgenerator.h>
#include <Synchronaut/detail/callconcepts.h>

#include <concepts>
#include <exception>
#include <type_traits>

namespace Synchronaut {

namespace detail {

template <typename R>
struct GeneratorResource : std::false_type
{
};
template <typename T, typename In>
struct GeneratorResource<AsyncGenerator<T, In>> : std::true_type
{
    using Value = T;
};

template <typename A>
concept AwaitableOfVoidOrBool = Awaitable<A>
        && (std::is_void_v<typename AwaitResult<A>::Type> || std::same_as<typename AwaitResult<A>::Type, bool>);

template <typename R>
concept ResourceWithEnds = requires(R &resource, const std::exception_ptr &error) {
    { resource.acquire() } -> Awaitable;
    { resource.release(error) } -> AwaitableOfVoidOrBool;
};

} // namespace detail

/*!
    What withResource() and ScopedResource take: something with

    \code
    Task<V> acquire();                            // V may be void, or move-only
    Task<void> release(std::exception_ptr error); // error: why the body ended, null if all is well
    Task<bool> release(std::exception_ptr error); // or so: true swallows the error of a void body
    \endcode

    or an AsyncGenerator<V> that yields once: what comes before is acquire, what comes after is
    release. The body's error is thrown in at its co_yield; catching it there swallows it.
*/
template <typename R>
concept AsyncResource = detail::GeneratorResource<R>::value || detail::ResourceWithEnds<R>;

} // namespace Synchronaut
