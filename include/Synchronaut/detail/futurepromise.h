#pragma once

#include <Synchronaut/detail/coroutineresult.h>
#include <Synchronaut/detail/owner.h>
#include <Synchronaut/detail/taskcall.h>
#include <Synchronaut/task.h>

#include <QtCore/QFuture>
#include <QtCore/QObject>

#include <coroutine>
#include <type_traits>
#include <utility>

namespace Synchronaut::detail {

template <typename T>
class FuturePromise;

/// Owner of a frame whose coroutine returns a QFuture; what its call runs.
template <typename T>
class FutureFrame
{
public:
    FutureFrame() noexcept = default;
    explicit FutureFrame(std::coroutine_handle<FuturePromise<T>> frame) noexcept : m_frame(frame) { }
    FutureFrame(FutureFrame &&other) noexcept : m_frame(std::exchange(other.m_frame, {})) { }
    FutureFrame &operator=(FutureFrame &&other) noexcept
    {
        FutureFrame old(std::move(*this));
        m_frame = std::exchange(other.m_frame, {});
        return *this;
    }
    ~FutureFrame()
    {
        if (m_frame)
            m_frame.destroy();
    }

    std::coroutine_handle<FuturePromise<T>> m_frame;
};

/// The part of FuturePromise that knows whether there is a value.
template <typename T>
class FuturePromiseResult : public TaskPromiseBase, public CoroutineResult<T>
{
public:
    template <typename V = T>
        requires std::is_constructible_v<T, V &&>
    void return_value(V &&value)
    {
        this->setValue(std::forward<V>(value));
    }
};
template <>
class FuturePromiseResult<void> : public TaskPromiseBase, public CoroutineResult<void>
{
public:
    void return_void() noexcept { setValue(); }
};

/*!
    Promise of a coroutine that returns a QFuture: the root frame of a call of its own, which it makes
    itself and starts as soon as it can be resumed.
*/
template <typename T>
class FuturePromise final : public FuturePromiseResult<T>
{
    using Call = TaskCall<T, Handed<FutureFrame<T>>, FutureFrame<T>>;

public:
    FuturePromise() noexcept = default;
    /// The coroutine's parameters, its object first.
    template <typename First, typename... Rest>
    explicit FuturePromise(First &first, Rest &...) noexcept
    {
        using Object = std::remove_cvref_t<First>; // GCC 12 deduces a reference
        if constexpr (std::is_base_of_v<QObject, Object>)
            m_owner = const_cast<Object *>(&first);
    }

    QFuture<T> get_return_object()
    {
        FutureFrame<T> frame(std::coroutine_handle<FuturePromise>::from_promise(*this));
        m_call = RefPtr<Call>(new Call(std::in_place, std::move(frame))); // owned by the references to it
        return m_call->makeFuture();
    }

    struct Start
    {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<FuturePromise> frame) const
        {
            FuturePromise &promise = frame.promise();
            const RefPtr<Call> call = std::move(promise.m_call);
            QObject *const owner = promise.m_owner;
            if (!call->begin(CallOptions{.name = "QFuture coroutine", .where = {}}, nullptr, true))
                return; // the frame goes with the call
            if (owner)
                setOwner(call.get(), owner);
            call->startHome();
        }
        void await_resume() const noexcept { }
    };
    Start initial_suspend() const noexcept { return {}; }

    template <typename A>
    decltype(auto) await_transform(A &&awaitable)
    {
        return transformAwaitable(std::forward<A>(awaitable));
    }

private:
    RefPtr<Call> m_call; ///< until it starts
    QObject *m_owner = nullptr;
};

} // namespace Synchronaut::detail
