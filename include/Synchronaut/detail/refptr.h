#pragma once

#include <utility>

namespace Synchronaut::detail {

/// Owner of one intrusive reference: T has ref() and deref().
template <typename T>
class RefPtr
{
public:
    RefPtr() noexcept = default;
    RefPtr(T *object) noexcept : m_object(object)
    {
        if (m_object)
            m_object->ref();
    }
    RefPtr(const RefPtr &other) noexcept : RefPtr(other.m_object) { }
    RefPtr(RefPtr &&other) noexcept : m_object(std::exchange(other.m_object, nullptr)) { }
    template <typename U>
    RefPtr(RefPtr<U> other) noexcept : m_object(other.release())
    {
    }
    ~RefPtr()
    {
        if (m_object)
            m_object->deref();
    }
    RefPtr &operator=(RefPtr other) noexcept
    {
        std::swap(m_object, other.m_object);
        return *this;
    }

    /// Takes over a reference that is already counted.
    static RefPtr adopt(T *object) noexcept
    {
        RefPtr result;
        result.m_object = object;
        return result;
    }
    /// Gives the counted reference away.
    T *release() noexcept { return std::exchange(m_object, nullptr); }

    T *get() const noexcept { return m_object; }
    T *operator->() const noexcept { return m_object; }
    T &operator*() const noexcept { return *m_object; }
    explicit operator bool() const noexcept { return m_object != nullptr; }

private:
    T *m_object = nullptr;
};

} // namespace Synchronaut::detail
