#pragma once

#include <Synchronaut/callablename.h>
#include <Synchronaut/calloptions.h>
#include <Synchronaut/detail/callconcepts.h>
#include <Synchronaut/detail/invocation.h>
#include <Synchronaut/detail/plaincall.h>
#include <Synchronaut/detail/refptr.h>
#include <Synchronaut/detail/storedargument.h>
#include <Synchronaut/task.h>

namespace Synchronaut::detail {

/// The plain function inside, whatever name it was given.
template <typename F>
decltype(auto) unnamed(F &&function)
{
    if constexpr (IsNamed<std::remove_cvref_t<F>>::value)
        return (std::forward<F>(function).function);
    else
        return std::forward<F>(function);
}

template <typename F>
CallOptions namedOptions(CallOptions options, const F &function)
{
    if constexpr (IsNamed<F>::value) {
        if (!options.name)
            options.name = function.name;
        if (options.where.line() == 0)
            options.where = function.where;
    }
    return options;
}

/// Options of a call that was given none: its place is unknown.
inline CallOptions optionsWithoutPlace()
{
    return CallOptions{.where = std::source_location()};
}

template <typename F, typename... A>
using UnnamedTraits = CallTraits<std::decay_t<decltype(unnamed(std::declval<F>()))>, A...>;

/// What a call of \a Function with copies of \a A is kept in.
template <typename Function, typename... A>
using WorkOf = std::conditional_t<
        CallTraits<Function, A...>::takesPromise, PromiseInvocation<Function, std::decay_t<A>...>,
        std::conditional_t<CallTraits<Function, A...>::isAsync,
                           StoredWorkFor<Invocation, Function, A...>,
                           Invocation<Function, std::decay_t<A>...>>>;

/// Makes the call of \a function with copies of \a args; of the kind that its result tells.
template <typename F, typename... A>
auto makeCall(F &&function, A &&...args)
{
    using Function = std::decay_t<decltype(unnamed(std::forward<F>(function)))>;
    using Traits = CallTraits<Function, A...>;
    using T = typename Traits::Result;
    using Work = WorkOf<Function, A...>;
    using Call = std::conditional_t<Traits::isAsync, TaskCall<T, Work>, PlainCall<T, Work>>;
    const char *const flaw = callFlaw<Function>(unnamed(function), args...);
    RefPtr<Call> call(new Call(std::in_place, unnamed(std::forward<F>(function)),
                               std::forward<A>(args)...)); // owned by the references to it
    call->flaw = flaw;
    return call;
}

inline bool hasTimeLimit(const CallOptions &options)
{
    return options.timeout != std::chrono::nanoseconds::max() || !options.deadline.isForever();
}

template <typename F>
concept NotOptions = !std::is_same_v<std::remove_cvref_t<F>, CallOptions>;

} // namespace Synchronaut::detail
