#pragma once

#include <Synchronaut/synchronized.h>

namespace Synchronaut {

template <typename T>
template <typename F, typename... A>
auto Synchronized<T>::makeCall(F &&function, A &&...args) const
{
    using namespace detail;
    static_assert(LoopCallable<decltype(unnamed(function)), Subject<T>, A...>,
                  "The function cannot be called with the object, as T &, and these arguments, each "
                  "copied and passed as an rvalue (a Synchronized<U> as U & where that is taken)");
    return makeLoopCall(m_cell ? m_cell->core() : nullptr, unnamed(std::forward<F>(function)),
                        Subject<T>(m_cell), std::forward<A>(args)...);
}

template <typename T>
template <detail::NotOptions F, typename... A>
auto Synchronized<T>::call(CallOptions options, F &&function, A &&...args) const
{
    options = detail::namedOptions(options, function);
    return detail::callOnLoop(options, detail::typeText<std::remove_cvref_t<F>>(),
                              makeCall(std::forward<F>(function), std::forward<A>(args)...));
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
    options = detail::namedOptions(options, function);
    return detail::callOnLoopSync(options, detail::typeText<std::remove_cvref_t<F>>(),
                                  makeCall(std::forward<F>(function), std::forward<A>(args)...));
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
    options = detail::namedOptions(options, function);
    return detail::callOnLoopAsync(options, detail::typeText<std::remove_cvref_t<F>>(),
                                   makeCall(std::forward<F>(function), std::forward<A>(args)...));
}

template <typename T>
template <detail::NotOptions F, typename... A>
auto Synchronized<T>::async(F &&function, A &&...args) const
{
    return async(detail::optionsWithoutPlace(), std::forward<F>(function), std::forward<A>(args)...);
}

} // namespace Synchronaut
