// What the compiler can do at all: a lazy coroutine with symmetric transfer, whose frames come from
// a list of free ones. No errors, no cancellation, no home.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <utility>

namespace Benchmarks {

class BareTask
{
public:
    struct promise_type
    {
        struct Final
        {
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> frame) const noexcept
            {
                return frame.promise().continuation;
            }
            void await_resume() const noexcept { }
        };

        BareTask get_return_object() noexcept
        {
            return BareTask(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        Final final_suspend() const noexcept { return {}; }
        void return_value(int v) noexcept { value = v; }
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }

        static void *operator new(std::size_t size)
        {
            const std::size_t index = size / classSize;
            if (index < classCount) {
                if (Free *const block = t_free[index]) {
                    t_free[index] = block->next;
                    return block;
                }
            }
            return ::operator new((index + 1) * classSize);
        }
        static void operator delete(void *block, std::size_t size) noexcept
        {
            const std::size_t index = size / classSize;
            if (index >= classCount) {
                ::operator delete(block);
                return;
            }
            auto *const node = static_cast<Free *>(block);
            node->next = t_free[index];
            t_free[index] = node;
        }

        std::coroutine_handle<> continuation = std::noop_coroutine();
        int value = 0;
    };

    BareTask(BareTask &&other) noexcept : m_frame(std::exchange(other.m_frame, {})) { }
    BareTask &operator=(BareTask &&) = delete;
    ~BareTask()
    {
        if (m_frame)
            m_frame.destroy();
    }

    void start() { m_frame.resume(); }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept
    {
        m_frame.promise().continuation = awaiting;
        return m_frame;
    }
    int await_resume() const noexcept { return m_frame.promise().value; }

private:
    struct Free
    {
        Free *next;
    };
    static constexpr std::size_t classSize = 64;
    static constexpr std::size_t classCount = 16;
    static inline constinit thread_local Free *t_free[classCount]{};

    explicit BareTask(std::coroutine_handle<promise_type> frame) noexcept : m_frame(frame) { }

    std::coroutine_handle<promise_type> m_frame;
};

} // namespace Benchmarks
