#pragma once

#include <Synchronaut/detail/callawaiter.h>

#include <QtCore/QFuture>
#include <QtCore/QUnhandledException>

#include <atomic>
#include <optional>

namespace Synchronaut::detail {

/// Runs \a call (see runHere()) when a future has finished or was cancelled. The watcher lives on
/// this thread's loop if that turns, else on the background loop; \a watcher holds it.
SYNCHRONAUT_EXPORT void watchFuture(const QFuture<void> &future, const RefPtr<CallState> &call,
                                    std::atomic<QObject *> *watcher);
/// Gives the watcher up, in whatever thread.
SYNCHRONAUT_EXPORT void dropWatcher(std::atomic<QObject *> *watcher);
[[noreturn]] SYNCHRONAUT_EXPORT void throwFutureCanceled();
[[noreturn]] SYNCHRONAUT_EXPORT void throwFutureEmpty();

/// The result of a future that is finished or cancelled. Copies, unless T can only be moved.
template <typename T>
T resultOfFuture(const QFuture<T> &future)
{
    if (future.isCanceled()) { // or failed
        try {
            if (future.isFinished())
                QFuture<T>(future).waitForFinished(); // throws the error, if there is one
            else if constexpr (!std::is_void_v<T> && std::is_copy_constructible_v<T>)
                future.results(); // so does this, without waiting for finish()
        } catch (const QUnhandledException &e) {
            if (const std::exception_ptr inner = e.exception())
                std::rethrow_exception(inner);
            throw;
        }
        throwFutureCanceled();
    }
    if constexpr (!std::is_void_v<T>) {
        if (future.resultCount() == 0)
            throwFutureEmpty();
        if constexpr (std::is_copy_constructible_v<T>)
            return future.resultAt(0);
        else
            return QFuture<T>(future).takeResult();
    }
}

/// A pending future as a call: settled by the future's watcher, or let go of by cancellation.
template <typename T>
class FutureCall final : public TypedCall<T>
{
public:
    explicit FutureCall(const QFuture<T> &future)
        : TypedCall<T>(CallState::Kind::Plain), m_future(future)
    {
    }
    void watch()
    {
        if constexpr (std::is_void_v<T>)
            watchFuture(m_future, RefPtr<CallState>(this), &m_watcher);
        else
            watchFuture(QFuture<void>(m_future), RefPtr<CallState>(this), &m_watcher);
    }

protected:
    void execute() noexcept override
    {
        std::exception_ptr error; // settled outside of the handler, which holds the exception, too
        try {
            if constexpr (std::is_void_v<T>) {
                resultOfFuture(m_future);
                this->settleValue();
            } else {
                this->settleValue(resultOfFuture(m_future));
            }
        } catch (...) {
            error = std::current_exception();
        }
        if (error)
            this->settleError(std::move(error));
    }

    bool finishFuture() override
    {
        dropWatcher(&m_watcher);
        return true;
    }

private:
    QFuture<T> m_future;
    std::atomic<QObject *> m_watcher{nullptr};
};

/*!
    co_await of a QFuture. No continuation is attached (a future holds only one, which is the
    user's): a QFutureWatcher looks on. A ready one does not suspend. When the task is cancelled, a
    future that was awaited as a temporary is cancelled too; one that has a name is left alone.
*/
template <typename T>
class FutureAwaiter
{
public:
    /// Refers to \a future until the await has begun.
    FutureAwaiter(const QFuture<T> &future, bool owned) : m_future(future), m_owned(owned) { }
    ~FutureAwaiter()
    {
        if (m_owned && !m_future.isFinished())
            QFuture<T>(m_future).cancel(); // the await was refused, cancelled or destroyed
    }
    FutureAwaiter(const FutureAwaiter &) = delete;
    FutureAwaiter &operator=(const FutureAwaiter &) = delete;

    bool await_ready() const { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        m_caller = frame.promise().call;
        if (m_caller->isStopRequested())
            return false;
        m_checked = true;
        if (m_future.isFinished() || m_future.isCanceled())
            return false;
        RefPtr<FutureCall<T>> call(new FutureCall<T>(m_future)); // owned by the references to it
        CallOptions options;
        options.name = "QFuture";
        if (call->begin(options, nullptr, false))
            call->watch();
        m_waiter.emplace(RefPtr<TypedCall<T>>(std::move(call)));
        return m_waiter->await_suspend(frame);
    }

    T await_resume()
    {
        if (!m_checked)
            m_caller->throwStopped();
        if (m_waiter)
            return m_waiter->await_resume();
        return resultOfFuture(m_future);
    }

private:
    const QFuture<T> &m_future;
    std::optional<CallAwaiter<T>> m_waiter;
    CallState *m_caller = nullptr;
    bool m_owned;
    bool m_checked = false;
};

} // namespace Synchronaut::detail
