#pragma once

#include <Synchronaut/synchronizer.h>

namespace Synchronaut {

namespace detail {

/// Makes a T where it is called.
template <typename T>
class Maker
{
public:
    explicit Maker(RefPtr<SynchronizerCore> core) : m_core(std::move(core)) { }

    template <typename... A>
        requires std::is_constructible_v<T, A...>
    Synchronized<T> operator()(A &&...args) const
    {
        return CellAccess::handleTo(
                RefPtr(new CellOf<T>(m_core, std::forward<A>(args)...))); // owned by its handles and the loop
    }

private:
    RefPtr<SynchronizerCore> m_core;
};

} // namespace detail

template <typename T, typename... A>
auto Synchronizer::makeCall(A &&...args) const
{
    static_assert(detail::LoopCallable<detail::Maker<T>, A...>,
                  "T cannot be constructed from these arguments, each copied and passed as an rvalue "
                  "(a Synchronized<U> as U & where that is taken)");
    return detail::makeLoopCall(m_core.get(), detail::Maker<T>(m_core), std::forward<A>(args)...);
}

template <typename T, typename... A>
Synchronized<T> Synchronizer::make(CallOptions options, A &&...args) const
{
    return detail::callOnLoopSync(options, detail::typeText<T>(), makeCall<T>(std::forward<A>(args)...));
}

template <typename T, typename... A>
Synchronized<T> Synchronizer::make(A &&...args) const
{
    return make<T>(detail::optionsWithoutPlace(), std::forward<A>(args)...);
}

template <typename T, typename... A>
AsyncCall<Synchronized<T>> Synchronizer::makeAsync(CallOptions options, A &&...args) const
{
    return detail::callOnLoopAsync(options, detail::typeText<T>(), makeCall<T>(std::forward<A>(args)...));
}

template <typename T, typename... A>
AsyncCall<Synchronized<T>> Synchronizer::makeAsync(A &&...args) const
{
    return makeAsync<T>(detail::optionsWithoutPlace(), std::forward<A>(args)...);
}

template <typename F>
auto Synchronizer::wrap(F &&function, CallOptions options) const
{
    options = detail::namedOptions(options, function);
    using Function = std::decay_t<decltype(detail::unnamed(std::forward<F>(function)))>;
    return SynchronizerBridge<Function>(m_core, detail::unnamed(std::forward<F>(function)), options);
}

} // namespace Synchronaut
