#pragma once

#include <Synchronaut/callany.h>
#include <Synchronaut/callasync.h>
#include <Synchronaut/callsync.h>

#include <memory>

namespace Synchronaut {

namespace detail {

/// A callable shared by all calls that are made of it; for what is dear or impossible to copy.
template <typename F>
class SharedCallable
{
public:
    using Wrapped = F; ///< whose signature and name this has
    explicit SharedCallable(F function) : m_function(std::make_shared<F>(std::move(function))) { }
    template <typename... A>
        requires std::invocable<F &, A...>
    decltype(auto) operator()(A &&...args) const
    {
        return std::invoke(*m_function, std::forward<A>(args)...);
    }
    /// Nullness is asked of the callable itself.
    friend bool operator==(const SharedCallable &callable, std::nullptr_t)
    {
        if constexpr (NullableFunctor<F>)
            return *callable.m_function == nullptr;
        else
            return false;
    }

private:
    std::shared_ptr<F> m_function;
};

template <typename F>
struct PromiseParameter<SharedCallable<F>> : PromiseParameter<F>
{
};

template <typename F>
using BridgeFunction =
        std::conditional_t<std::is_pointer_v<F> || std::is_member_pointer_v<F>, F, SharedCallable<F>>;

} // namespace detail

/*!
    A function with options, callable in all three ways; what synchronaut() makes.

    Copyable, and any number of threads may call one at the same time, if the function itself
    allows that. Usable as a const global, as a member, and on member functions (the object is the
    first argument). Calls keep the function alive; copies share it.
*/
template <typename F>
class Bridge
{
public:
    /// What synchronaut() makes. The pointers in \a options are borrowed for as long as it is called.
    Bridge(F function, CallOptions options)
        : m_function(detail::BridgeFunction<F>(std::move(function))),
          m_options(options),
          m_direct(detail::isDirect(options))
    {
    }

    /// callAny()
    template <typename... A>
        requires detail::Callable<F, A...>
    auto operator()(A &&...args) const
    {
        return callAny(m_options, m_function, std::forward<A>(args)...);
    }

    /// callSync()
    template <typename... A>
        requires detail::Callable<F, A...>
    auto sync(A &&...args) const -> typename detail::VerbTypes<F, A...>::Sync
    {
        using Traits = detail::CallTraits<F, A...>;
        if constexpr (!Traits::isAsync && !Traits::takesPromise
                      && !detail::StreamTraits<F, A...>::isStream) {
            detail::ThreadBlock &block = detail::threadBlock();
            if (m_direct && !block.current && !detail::callFlaw(m_function, args...)) [[likely]]
                return detail::callDirectly(block, m_function, std::forward<A>(args)...);
        }
        return callSync(m_options, m_function, std::forward<A>(args)...);
    }

    /// callAsync()
    template <typename... A>
        requires detail::Callable<F, A...>
    auto async(A &&...args) const
    {
        return callAsync(m_options, m_function, std::forward<A>(args)...);
    }

    /// Those of each call.
    const CallOptions &options() const noexcept { return m_options; }

private:
    detail::BridgeFunction<F> m_function;
    CallOptions m_options;
    bool m_direct;
};

/// Decorates \a function: \c const auto add = synchronaut(asyncAdd, {.timeout = 1s}).
/// SYNCHRONAUT_FN gives it a name for messages.
template <typename F>
auto synchronaut(F &&function, CallOptions options = {})
{
    options = detail::namedOptions(options, function);
    using Function = std::decay_t<decltype(detail::unnamed(std::forward<F>(function)))>;
    return Bridge<Function>(detail::unnamed(std::forward<F>(function)), options);
}

} // namespace Synchronaut
