#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace Synchronaut::detail {

struct Empty
{
};

/// How a result of type T is kept: void takes no room to speak of; an over-aligned T lives apart,
/// because coroutine frames are not aligned for it.
template <typename T>
struct Stored
{
    static constexpr bool isApart = alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__;
    using Type = std::conditional_t<isApart, std::unique_ptr<T>, T>;

    template <typename... V>
    static Type make(V &&...value)
    {
        if constexpr (isApart)
            return std::make_unique<T>(std::forward<V>(value)...);
        else
            return T(std::forward<V>(value)...);
    }
    static T take(Type &stored)
    {
        if constexpr (isApart)
            return std::move(*stored);
        else
            return std::move(stored);
    }
};

template <>
struct Stored<void>
{
    using Type = Empty;
    static Empty make(Empty = {}) noexcept { return {}; }
    static void take(Empty) noexcept { }
};

/// Room for one result of type T.
template <typename T>
class ResultSlot
{
public:
    template <typename... V>
    void emplace(V &&...value)
    {
        if constexpr (std::is_void_v<T>)
            m_value.emplace();
        else if constexpr (Stored<T>::isApart)
            m_value.emplace(Stored<T>::make(std::forward<V>(value)...));
        else
            m_value.emplace(std::forward<V>(value)...);
    }
    T take() { return Stored<T>::take(*m_value); }

private:
    std::optional<typename Stored<T>::Type> m_value;
};

} // namespace Synchronaut::detail
