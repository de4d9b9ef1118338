#pragma once

#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace Synchronaut::detail {

/*!
    A callable with its arguments, decay-copied, to be called once. It stays where it is until the
    call has finished, so that a coroutine lambda's captures and what a coroutine takes by const
    reference live as long as the coroutine (G14).
*/
template <typename F, typename... A>
class Invocation
{
public:
    using Result = std::invoke_result_t<F, A...>;

    template <typename G, typename... B>
    explicit Invocation(std::in_place_t, G &&function, B &&...args)
        : m_parts(std::forward<G>(function), std::forward<B>(args)...)
    {
    }

    Result operator()()
    {
        return std::apply(
                [](F &function, A &...args) -> Result {
                    return std::invoke(std::move(function), std::move(args)...);
                },
                m_parts);
    }

private:
    std::tuple<F, A...> m_parts;
};

/// The same for a function that takes a QPromise first (after the object of a member function).
template <typename F, typename... A>
class PromiseInvocation
{
public:
    template <typename G, typename... B>
    explicit PromiseInvocation(std::in_place_t, G &&function, B &&...args)
        : m_parts(std::forward<G>(function), std::forward<B>(args)...)
    {
    }

    template <typename Promise>
    void operator()(Promise &promise)
    {
        if constexpr (std::is_member_function_pointer_v<F>) {
            std::apply(
                    [&promise](F function, auto &object, auto &...args) {
                        std::invoke(function, std::move(object), promise, std::move(args)...);
                    },
                    m_parts);
        } else {
            std::apply(
                    [&promise](F &function, A &...args) {
                        std::invoke(std::move(function), promise, std::move(args)...);
                    },
                    m_parts);
        }
    }

private:
    std::tuple<F, A...> m_parts;
};

} // namespace Synchronaut::detail
