#pragma once

#include <Synchronaut/synchronized.h>

namespace Synchronaut {

template <typename T>
template <typename F, typename... A>
constexpr bool Synchronized<T>::isStream()
{
    using namespace detail;
    using Function = std::decay_t<decltype(unnamed(std::declval<F>()))>;
    static_assert(LoopCallable<Function, Subject<T>, A...>,
                  "The function cannot be called with the object, as T &, and these arguments, each "
                  "copied and passed as an rvalue (a Synchronized<U> as U & where that is taken)");
    return LoopTraits<Function, Subject<T>, A...>::isStream;
}

template <typename T>
template <detail::NotOptions F, typename... A>
auto Synchronized<T>::call(CallOptions options, F &&function, A &&...args) const
{
    using namespace detail;
    options = namedOptions(options, function);
    const char *const type = typeText<std::remove_cvref_t<F>>();
    static_cast<void>(isStream<F, A...>()); // says so where the function cannot be called
    return callOnLoop(options, type,
                      makeLoopCall(core(), unnamed(std::forward<F>(function)), Subject<T>(m_cell),
                                   std::forward<A>(args)...));
}

template <typename T>
template <detail::NotOptions F, typename... A>
auto Synchronized<T>::call(F &&function, A &&...args) const
{
    return call(detail::optionsWithoutPlace(), std::forward<F>(function), std::forward<A>(args)...);
}

template <typename T>
template <detail::NotOptions F, typename... A>
auto Synchronized<T>::sync(CallOptions options, F &&function, A &&...args) const
{
    using namespace detail;
    options = namedOptions(options, function);
    const char *const type = typeText<std::remove_cvref_t<F>>();
    if constexpr (isStream<F, A...>())
        return iterateBlocking(makeLoopStream(options, type, core(), unnamed(std::forward<F>(function)),
                                              Subject<T>(m_cell), std::forward<A>(args)...));
    else
        return callOnLoopSync(options, type,
                       makeLoopCall(core(), unnamed(std::forward<F>(function)), Subject<T>(m_cell),
                                    std::forward<A>(args)...));
}

template <typename T>
template <detail::NotOptions F, typename... A>
auto Synchronized<T>::sync(F &&function, A &&...args) const
{
    return sync(detail::optionsWithoutPlace(), std::forward<F>(function), std::forward<A>(args)...);
}

template <typename T>
template <detail::NotOptions F, typename... A>
auto Synchronized<T>::async(CallOptions options, F &&function, A &&...args) const
{
    using namespace detail;
    options = namedOptions(options, function);
    const char *const type = typeText<std::remove_cvref_t<F>>();
    if constexpr (isStream<F, A...>())
        return streamItems(makeLoopStream(options, type, core(), unnamed(std::forward<F>(function)),
                                          Subject<T>(m_cell), std::forward<A>(args)...));
    else
        return callOnLoopAsync(options, type,
                        makeLoopCall(core(), unnamed(std::forward<F>(function)), Subject<T>(m_cell),
                                     std::forward<A>(args)...));
}

template <typename T>
template <detail::NotOptions F, typename... A>
auto Synchronized<T>::async(F &&function, A &&...args) const
{
    return async(detail::optionsWithoutPlace(), std::forward<F>(function), std::forward<A>(args)...);
}

} // namespace Synchronaut
