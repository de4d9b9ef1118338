#pragma once

#include <Synchronaut/detail/callrecord.h>

#include <memory>
#include <utility>

namespace Synchronaut {

/*!
    A value of type T that travels with the call: to pool threads, other loops and tasks, as
    Python's contextvars do. Each call works on its own copy; what it sets does not leak back
    (CallOptions::contextFlow changes that).

    Usually a global. All functions may be called from any thread. T is copied out by get().
*/
template <typename T>
class ContextVar
{
public:
    class Scope;

    /// \a name is for people; a literal. \a defaultValue is what get() gives where nothing is set.
    explicit ContextVar(const char *name, T defaultValue = T())
        : m_name(name), m_id(detail::nextContextId()), m_default(std::move(defaultValue))
    {
    }
    ContextVar(const ContextVar &) = delete;
    ContextVar &operator=(const ContextVar &) = delete;

    const char *name() const noexcept { return m_name; } ///< as given

    /// The value in the running call's context, else the default.
    T get() const
    {
        if (const detail::ContextMap *const map = detail::currentContext()) {
            if (const auto *const value = map->find(m_id))
                return static_cast<const Value *>(value)->value;
        }
        return m_default;
    }

    /// Sets the value for the running call and for what it calls from now on.
    void set(T value) { assign(detail::currentContext(), std::move(value)); }

private:
    struct Value final : detail::ContextValue
    {
        explicit Value(T v) : value(std::move(v)) { }
        const T value;
    };

    void assign(const detail::ContextMap *base, T value)
    {
        detail::RefPtr<detail::ContextValue> held(std::make_unique<Value>(std::move(value)).release());
        detail::setCurrentContext(detail::ContextMap::with(base, m_id, std::move(held)));
    }

    const char *m_name;
    std::uint64_t m_id;
    T m_default;
};

/*!
    Gives a ContextVar another value until the scope ends. It puts the old value back into the
    context it changed, so it may live in a coroutine across suspensions.
*/
template <typename T>
class ContextVar<T>::Scope
{
public:
    /// From now on \a var, which has to outlive the scope, is \a value in this context.
    Scope(ContextVar &var, T value) : m_id(var.m_id), m_record(&detail::currentRecord())
    {
        if (const detail::ContextMap *const map = m_record->context.get())
            m_old = detail::RefPtr<detail::ContextValue>(
                    const_cast<detail::ContextValue *>(map->find(m_id)));
        var.set(std::move(value));
    }
    ~Scope()
    {
        auto restored = detail::ContextMap::with(m_record->context.get(), m_id, std::move(m_old));
        std::swap(m_record->context, restored);
    }
    Scope(const Scope &) = delete;
    Scope &operator=(const Scope &) = delete;

private:
    std::uint64_t m_id;
    detail::RefPtr<detail::CallRecord> m_record;
    detail::RefPtr<detail::ContextValue> m_old;
};

} // namespace Synchronaut
