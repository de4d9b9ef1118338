#pragma once

#include <Synchronaut/detail/resultslot.h>

#include <cstdint>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace Synchronaut::detail {

/// What a coroutine has come to: one of nothing, a value, an error.
template <typename T>
class CoroutineResult
{
public:
    CoroutineResult() noexcept { }
    CoroutineResult(const CoroutineResult &) = delete;
    CoroutineResult &operator=(const CoroutineResult &) = delete;
    ~CoroutineResult()
    {
        if (m_has == Has::Error) [[unlikely]]
            m_error.~exception_ptr();
        else if (!std::is_trivially_destructible_v<Value> && m_has == Has::Value)
            m_value.~Value();
    }

    void unhandled_exception() noexcept
    {
        if (m_has == Has::Value)
            m_value.~Value(); // a local's destructor threw after the co_return
        new (&m_error) std::exception_ptr(std::current_exception());
        m_has = Has::Error;
    }

    T takeResult()
    {
        if (m_has == Has::Error) [[unlikely]]
            std::rethrow_exception(m_error);
        return Stored<T>::take(m_value);
    }
    std::exception_ptr error() const noexcept
    {
        return m_has == Has::Error ? m_error : std::exception_ptr();
    }

    bool isEmpty() const noexcept { return m_has == Has::Nothing; }

    template <typename... V>
    void setValue(V &&...value)
    {
        new (&m_value) Value(Stored<T>::make(std::forward<V>(value)...));
        m_has = Has::Value;
    }

private:
    using Value = typename Stored<T>::Type;
    enum class Has : std::uint8_t { Nothing, Value, Error };
    Has m_has = Has::Nothing;
    union {
        Value m_value;
        std::exception_ptr m_error;
    };
};

} // namespace Synchronaut::detail
