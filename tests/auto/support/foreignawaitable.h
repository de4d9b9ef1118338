#pragma once

#include <atomic>
#include <coroutine>

namespace TestSupport {

/// An awaitable of another library: resumes when told, on the telling thread.
class ForeignAwaitable
{
public:
    struct Awaiter
    {
        ForeignAwaitable *source;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> frame) noexcept { source->m_frame = frame.address(); }
        void await_resume() const noexcept { }
    };

    ForeignAwaitable() = default;
    ForeignAwaitable(const ForeignAwaitable &) = delete;
    ForeignAwaitable &operator=(const ForeignAwaitable &) = delete;
    ~ForeignAwaitable()
    {
        if (void *const frame = m_frame.exchange(nullptr))
            std::coroutine_handle<>::from_address(frame).destroy(); // a foreign side that gives up
    }

    Awaiter operator co_await() noexcept { return {this}; }
    bool isAwaited() const { return m_frame.load() != nullptr; }
    void resume()
    {
        if (void *const frame = m_frame.exchange(nullptr))
            std::coroutine_handle<>::from_address(frame).resume();
    }

private:
    std::atomic<void *> m_frame{nullptr}; // a test may look at it from another thread
};

} // namespace TestSupport
