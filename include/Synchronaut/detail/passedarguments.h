#pragma once

#include <Synchronaut/detail/callconcepts.h>
#include <Synchronaut/detail/storedargument.h>
#include <Synchronaut/detail/synchronizercore.h>

#include <QtCore/QPromise>

#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace Synchronaut {

template <typename T>
class Synchronized;

namespace detail {

// How the arguments of a call on a Synchronizer are kept and how they reach the function: there a
// Synchronized<T> becomes T & where the function takes that.

/// The object whose method is called, as the first of the stored arguments.
template <typename T>
class Subject
{
public:
    explicit Subject(RefPtr<CellOf<T>> cell) noexcept : m_cell(std::move(cell)) { }
    CellOf<T> *cell() const noexcept { return m_cell.get(); }

private:
    RefPtr<CellOf<T>> m_cell;
};

template <typename S>
struct StandsForObject : std::false_type
{
};
template <typename T>
struct StandsForObject<Subject<T>> : std::true_type
{
};
template <typename T>
struct StandsForObject<Synchronized<T>> : std::true_type
{
};

/// The cell of a handle, which Synchronized keeps to itself.
struct CellAccess
{
    template <typename H>
    static auto *cellOf(const H &handle) noexcept
    {
        return handle.cell();
    }
    template <typename T>
    static Synchronized<T> handleTo(RefPtr<CellOf<T>> cell) noexcept
    {
        return Synchronized<T>(std::move(cell));
    }
};

/// In place of the parameters of a function that hides them (overloads, templates): handles arrive
/// as what they are, or as objects.
struct WantsHandle
{
};
struct WantsObject
{
};

/// How a stored argument of type S reaches a parameter of type P.
template <typename P, typename S>
struct PassedAs
{
    using Type = S &&;
    static constexpr bool asObject = false;
    static Type pass(S &stored) noexcept { return std::move(stored); }
};
template <typename T>
struct PassedAsObject
{
    using Type = T &;
    static constexpr bool asObject = true;
    template <typename H>
    static Type pass(H &handle) noexcept
    {
        return CellAccess::cellOf(handle)->object();
    }
};
template <typename P, typename T>
struct PassedAs<P, Subject<T>> : PassedAsObject<T>
{
};
template <typename P, typename T>
    requires(!std::is_same_v<P, WantsHandle>
             && (std::is_same_v<P, WantsObject> || !std::is_convertible_v<Synchronized<T>, P>))
struct PassedAs<P, Synchronized<T>> : PassedAsObject<T>
{
};

/// Whether F can be called so; P: its parameters, as a std::tuple, without a QPromise.
template <typename F, typename P, typename... S>
struct TakesPassed : std::false_type
{
};
template <typename F, typename... P, typename... S>
    requires(sizeof...(P) == sizeof...(S) && !TakesPromise<F>)
struct TakesPassed<F, std::tuple<P...>, S...> : std::is_invocable<F, typename PassedAs<P, S>::Type...>
{
};
template <typename F, typename... P, typename... S>
    requires(sizeof...(P) == sizeof...(S) && TakesPromise<F>)
struct TakesPassed<F, std::tuple<P...>, S...> : std::true_type
{
};

/// The parameters that stand against stored arguments; of a member function, the object first.
template <typename F, typename P>
struct AlignedParameters
{
    using Type = void;
};
template <typename F, typename... P>
struct AlignedParameters<F, std::tuple<P...>>
{
    using Type = std::conditional_t<std::is_member_function_pointer_v<F>,
                                    std::tuple<WantsObject, P...>, std::tuple<P...>>;
};
template <typename F, typename T, typename... P>
struct AlignedParameters<F, std::tuple<QPromise<T> &, P...>> : AlignedParameters<F, std::tuple<P...>>
{
};

/// The same for the stored arguments S; void where F cannot be called with them.
template <typename F, typename... S>
class ParametersFor
{
    template <typename Mark>
    using Each = std::tuple<std::conditional_t<true, Mark, S>...>;

    static auto find()
    {
        using Aligned = typename AlignedParameters<F, typename Parameters<F>::Type>::Type;
        if constexpr (TakesPassed<F, Aligned, S...>::value)
            return std::type_identity<Aligned>();
        else if constexpr (TakesPassed<F, Each<WantsHandle>, S...>::value)
            return std::type_identity<Each<WantsHandle>>();
        else if constexpr (TakesPassed<F, Each<WantsObject>, S...>::value)
            return std::type_identity<Each<WantsObject>>();
        else
            return std::type_identity<void>();
    }

public:
    using Type = typename decltype(find())::type;
};

/// How an argument is kept, as StoredAs; what stands for an object is kept as it is.
template <typename P, typename A>
struct KeptAs : StoredAs<P, A>
{
};
template <typename P, typename A>
    requires StandsForObject<std::decay_t<A>>::value
struct KeptAs<P, A>
{
    using Type = std::decay_t<A>;
};

/// What is wrong with passing \a argument to a parameter P on \a core; null: nothing.
template <typename P, typename A>
const char *passingFlaw(const SynchronizerCore *core, const A &argument)
{
    if constexpr (StandsForObject<A>::value) {
        if constexpr (PassedAs<P, A>::asObject) {
            const auto *const cell = CellAccess::cellOf(argument);
            if (!cell)
                return "a Synchronized is empty (default-constructed or moved from); make one with "
                       "Synchronizer::make()";
            if (cell->core() != core)
                return "an object of another Synchronizer is passed where the function takes a reference "
                       "to it; call it on its own Synchronizer, or let the function take a Synchronized";
        }
    }
    return nullptr;
}

} // namespace detail
} // namespace Synchronaut
