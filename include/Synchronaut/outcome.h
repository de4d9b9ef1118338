#pragma once

#include <Synchronaut/errors.h>

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

namespace Synchronaut {

namespace detail {

/// True when \a error holds an E. Rethrows to find out.
template <typename... E>
bool holdsError(const std::exception_ptr &error) noexcept
{
    const auto is = []<typename One>(const std::exception_ptr &held, std::type_identity<One>) {
        try {
            std::rethrow_exception(held);
        } catch (const One &) {
            return true;
        } catch (...) {
            return false;
        }
    };
    return error && (is(error, std::type_identity<E>()) || ...);
}

} // namespace detail

/*!
    How one call of several ended: with a T, or with an error. What parallelMap() gives for each
    call when it was asked to returnExceptions. (The idea is std::expected's.)

    Copyable when T is. Any thread, as T itself allows.
*/
template <typename T>
class Outcome
{
    using Held = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

public:
    /// A call that gave \a value; for void, one that returned.
    template <typename V = Held>
        requires(std::is_constructible_v<Held, V> && !std::is_same_v<std::remove_cvref_t<V>, Outcome>)
    Outcome(V &&value) : m_end(std::in_place_index<1>, std::forward<V>(value))
    {
    }
    /// A call that ended with \a error, which is not null.
    static Outcome failed(std::exception_ptr error) { return Outcome(Failed{}, std::move(error)); }

    bool hasValue() const noexcept { return m_end.index() == 1; } ///< false: there is an error()
    explicit operator bool() const noexcept { return hasValue(); } ///< hasValue()

    /// The value; throws error() if there is none.
    std::add_lvalue_reference_t<const T> value() const &
    {
        if (!hasValue())
            std::rethrow_exception(std::get<0>(m_end));
        if constexpr (!std::is_void_v<T>)
            return std::get<1>(m_end);
    }
    /// The same, moved out.
    T value() &&
    {
        if (!hasValue())
            std::rethrow_exception(std::get<0>(m_end));
        if constexpr (!std::is_void_v<T>)
            return std::get<1>(std::move(m_end));
    }
    /// What the call threw, as it threw it; null when it has a value.
    std::exception_ptr error() const noexcept
    {
        return hasValue() ? std::exception_ptr() : std::get<0>(m_end);
    }
    /// True when the error is a CallTimeout.
    bool isTimeout() const noexcept { return detail::holdsError<CallTimeout>(error()); }
    /// True when the error is a CallCanceled.
    bool isCanceled() const noexcept { return detail::holdsError<CallCanceled>(error()); }

private:
    struct Failed
    {
    };
    Outcome(Failed, std::exception_ptr error) : m_end(std::in_place_index<0>, std::move(error)) { }

    std::variant<std::exception_ptr, Held> m_end;
};

} // namespace Synchronaut
