// Things to await that the benchmark completes by hand, and starting tasks without QFutures.
#pragma once

#include <Synchronaut/Synchronaut>

#include <coroutine>
#include <utility>

namespace Benchmarks {

class ManualAwaiter;

/// Lets one waiting task go on.
class Manual
{
public:
    void complete();

private:
    friend class ManualAwaiter;
    ManualAwaiter *m_waiting = nullptr;
};

/// co_await of a Manual: the engine's own kind of awaiter, as fromSignal() and sleepFor() use it.
class ManualWait
{
public:
    using TaskAwaiter = ManualAwaiter;

    explicit ManualWait(Manual *manual) noexcept : m_manual(manual) { }
    Manual *manual() const noexcept { return m_manual; }

    // says that this can be awaited; inside a task TaskAwaiter is taken
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept { }
    void await_resume() const noexcept { }

private:
    Manual *m_manual;
};

class ManualAwaiter : public Synchronaut::detail::Suspension
{
public:
    explicit ManualAwaiter(const ManualWait &source) noexcept : m_manual(source.manual()) { }

    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        m_caller = frame.promise().call;
        m_manual->m_waiting = this;
        return begin(m_caller, frame);
    }
    void await_resume() const
    {
        if (isCanceled())
            m_caller->throwStopped();
    }

private:
    Manual *m_manual;
    Synchronaut::detail::CallState *m_caller = nullptr;
};

inline void Manual::complete()
{
    std::exchange(m_waiting, nullptr)->wake();
}

/// The same as a library that knows nothing of ours has it: no more than the handle.
class ForeignManual
{
public:
    void complete() { std::exchange(m_frame, {}).resume(); }

private:
    friend class ForeignWait;
    std::coroutine_handle<> m_frame;
};

class ForeignWait
{
public:
    explicit ForeignWait(ForeignManual *manual) noexcept : m_manual(manual) { }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> frame) noexcept { m_manual->m_frame = frame; }
    void await_resume() const noexcept { }

private:
    ForeignManual *m_manual;
};

/// What spawn() does, without a QFuture.
template <typename T>
void startTask(Synchronaut::Task<T> task)
{
    const auto call = Synchronaut::detail::callOf(std::move(task));
    if (call->begin(Synchronaut::CallOptions{.name = "benchmark"}, nullptr, true))
        call->startHome();
}

} // namespace Benchmarks
