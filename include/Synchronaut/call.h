#pragma once

#include <Synchronaut/detail/callbody.h>

#include <chrono>
#include <utility>

namespace Synchronaut {

namespace detail {
template <typename T, bool captured>
class BatchItem;
}

template <typename T>
class Call;

/// A Call of \a function with copies of \a args, plain or async. Nothing is started: parallelMap()
/// does that. Any thread.
template <detail::NotOptions F, typename... A>
auto call(CallOptions options, F &&function, A &&...args)
        -> Call<typename detail::UnnamedTraits<F, A...>::Result>;
/// The same without options.
template <detail::NotOptions F, typename... A>
auto call(F &&function, A &&...args) -> Call<typename detail::UnnamedTraits<F, A...>::Result>;

/*!
    A call to be made: a function, its arguments and its options behind one type. Made by call().

    A handle: copying it shares the function and the arguments. One Call may be started any number
    of times, also at the same time, if the function allows that; each start gets copies of the
    arguments. Where an argument can only be moved, the first start takes it, and later ones end
    with a CallError. Any thread.
*/
template <typename T>
class Call
{
public:
    /// What it gives.
    using Result = T;

    /// The same call, ended with CallTimeout \a limit after it was started; the time it waits for
    /// its turn does not count. Replaces the limit it had.
    template <typename Rep, typename Period>
    [[nodiscard]] Call within(std::chrono::duration<Rep, Period> limit) const
    {
        Call limited(*this);
        if (limited.m_small)
            limited = Call(m_small.toBody());
        limited.m_limit = detail::saturated(limit);
        return limited;
    }

private:
    template <typename U, bool captured>
    friend class detail::BatchItem;
    template <detail::NotOptions F, typename... A>
    friend auto call(CallOptions options, F &&function, A &&...args)
            -> Call<typename detail::UnnamedTraits<F, A...>::Result>;
    template <detail::NotOptions F, typename... A>
    friend auto call(F &&function, A &&...args)
            -> Call<typename detail::UnnamedTraits<F, A...>::Result>;

    explicit Call(detail::RefPtr<detail::CallBody<T>> body) noexcept : m_body(std::move(body)) { }
    explicit Call(const detail::SmallCall<T> &small) noexcept : m_small(small) { }

    template <typename F, typename... A>
    static Call make(const CallOptions *options, F &&function, A &&...args)
    {
        using Function = std::decay_t<decltype(detail::unnamed(std::forward<F>(function)))>;
        using Body = detail::FunctionBody<Function, std::decay_t<A>...>;
        const char *const flaw = detail::callFlaw<Function>(detail::unnamed(function), args...);
        if constexpr (detail::SmallCall<T>::template fits<Body>) {
            if (!options && !flaw)
                return Call(detail::SmallCall<T>(std::type_identity<Body>(),
                                                 detail::unnamed(function), args...));
        }
        return Call(detail::RefPtr<detail::CallBody<T>>(
                new Body(options, flaw, detail::unnamed(std::forward<F>(function)),
                         std::forward<A>(args)...))); // owned by the references to it
    }

    // one of these, unless it was moved from
    detail::SmallCall<T> m_small;
    detail::RefPtr<detail::CallBody<T>> m_body;
    std::chrono::nanoseconds m_limit = std::chrono::nanoseconds::max();
};

template <detail::NotOptions F, typename... A>
auto call(CallOptions options, F &&function, A &&...args)
        -> Call<typename detail::UnnamedTraits<F, A...>::Result>
{
    options = detail::namedOptions(options, function);
    return Call<typename detail::UnnamedTraits<F, A...>::Result>::make(
            &options, std::forward<F>(function), std::forward<A>(args)...);
}

template <detail::NotOptions F, typename... A>
auto call(F &&function, A &&...args) -> Call<typename detail::UnnamedTraits<F, A...>::Result>
{
    using Made = Call<typename detail::UnnamedTraits<F, A...>::Result>;
    if constexpr (detail::IsNamed<std::remove_cvref_t<F>>::value)
        return call(detail::optionsWithoutPlace(), std::forward<F>(function),
                    std::forward<A>(args)...);
    else
        return Made::make(nullptr, std::forward<F>(function), std::forward<A>(args)...);
}

} // namespace Synchronaut
