#pragma once

#include <Synchronaut/detail/typedcall.h>
#include <Synchronaut/detail/taskpromise.h>

#include <optional>

namespace Synchronaut::detail {

// A coroutine template keeps its parameters in its frame; GCC warns here where their types are local
// to the user's file.
QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage")
/// Awaits anything, as a task; for async functions that return no Task.
template <typename T, typename A>
Task<T> awaitAny(A awaitable)
{
    co_return co_await std::move(awaitable);
}
QT_WARNING_POP

/// An awaitable that is there already, as work for a TaskCall.
template <typename A>
class Handed
{
public:
    Handed(std::in_place_t, A &&awaitable) : m_awaitable(std::move(awaitable)) { }
    Handed(std::in_place_t, const A &awaitable) : m_awaitable(awaitable) { }
    A operator()() { return std::move(m_awaitable); }

private:
    A m_awaitable;
};

/*!
    A call of an async function: calls it at home, drives the coroutine, and keeps the function and
    its arguments until the coroutine's frame is gone (G14). Frame is what owns the coroutine.
*/
template <typename T, typename Work, typename Frame>
class TaskCall : public TypedCall<T>
{
public:
    template <typename... A>
    explicit TaskCall(std::in_place_t, A &&...args)
        : TypedCall<T>(CallState::Kind::Home),
          m_work(std::in_place, std::in_place, std::forward<A>(args)...)
    {
    }

protected:
    std::coroutine_handle<> launch() noexcept override
    {
        std::exception_ptr error; // settled outside of the handler, which holds the exception, too
        try {
            using Returned = std::remove_cvref_t<decltype((*m_work)())>;
            if constexpr (std::is_same_v<Returned, Frame>)
                m_task = (*m_work)();
            else
                m_task = awaitAny<T>((*m_work)());
            if (!m_task.m_frame)
                throwEmptyTask();
        } catch (...) {
            error = std::current_exception();
        }
        if (error) {
            destroyRoot();
            this->settleError(std::move(error));
            return {};
        }
        m_task.m_frame.promise().call = this;
        m_task.m_frame.promise().depth = 0;
        return m_task.m_frame;
    }

    void finishRoot() noexcept override
    {
        std::exception_ptr error = m_task.m_frame.promise().error();
        if (error) {
            destroyRoot();
            if (this->stopReason() == StopReason::None || !isCallCanceled(error))
                this->settleError(std::move(error));
            else
                this->settleStopped(CallState::outcomeOf(this->stopReason()));
            return;
        }
        try {
            if constexpr (reportsItself) {
                destroyRoot();
                if (this->claim())
                    this->publish(CallState::Outcome::Value);
            } else if constexpr (std::is_void_v<T>) {
                destroyRoot();
                this->settleValue();
            } else {
                T value = m_task.m_frame.promise().takeResult();
                destroyRoot();
                this->settleValue(std::move(value));
            }
        } catch (...) {
            error = std::current_exception();
        }
        if (error) { // outside of the handler, which holds the exception, too
            destroyRoot();
            this->settleError(std::move(error));
        }
    }

    void destroyRoot() noexcept override
    {
        m_task = Frame();
        m_work.reset();
    }

private:
    /// The coroutine has put the results into the future while it ran.
    static constexpr bool reportsItself = !std::is_void_v<T> && std::is_same_v<Frame, Task<void>>;

    std::optional<Work> m_work;
    Frame m_task;
};

} // namespace Synchronaut::detail
