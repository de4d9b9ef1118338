#pragma once

#include <Synchronaut/detail/coroutineresult.h>
#include <Synchronaut/detail/makecall.h>

#include <QtCore/QPromise>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace Synchronaut::detail {

/// Where a thread waits for the end of code that refers to what the thread owns.
class SYNCHRONAUT_EXPORT JoinPoint
{
public:
    JoinPoint();
    /// That code has gone. Any thread, once.
    void arrive() noexcept;
    /// Waits for arrive(), whatever speaks against waiting; not beyond shutdown().
    void wait() const;

private:
    QPromise<void> m_promise;
    QFuture<void> m_future;
};

/// What a joined call leaves behind. Written by the call, read by the waiting thread after it.
template <typename T>
struct JoinedResult
{
    CoroutineResult<T> result;
    JoinPoint point;
};

QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage") // see awaitCall()
template <typename T, typename Work>
Task<void> runJoined(Work *work, JoinedResult<T> *into)
{
    try {
        if constexpr (std::is_void_v<T>) {
            co_await (*work)();
            into->result.setValue();
        } else {
            into->result.setValue(co_await (*work)());
        }
    } catch (...) {
        into->result.unhandled_exception();
        throw; // for the call, which knows CallTimeout from CallCanceled
    }
}
QT_WARNING_POP

/// The function of such a call: destroyed when its frame is gone, or was never made.
template <typename T, typename Work>
class JoinedWork
{
public:
    JoinedWork(Work *work, std::shared_ptr<JoinedResult<T>> into) : m_work(work), m_into(std::move(into))
    {
    }
    JoinedWork(JoinedWork &&) noexcept = default;
    ~JoinedWork()
    {
        if (m_into)
            m_into->point.arrive();
    }
    Task<void> operator()() { return runJoined<T>(m_work, m_into.get()); }

private:
    Work *m_work;
    std::shared_ptr<JoinedResult<T>> m_into;
};

/*!
    callSync() of an async function that refers to what its caller owns. When the caller is let go of
    early, by its limit or its cancellation, it goes on waiting until the function has unwound. What
    that came to then counts, unless it is CallCanceled. \a start starts the call.
*/
template <typename T, typename Work, typename Start>
T callJoined(const CallOptions &options, const char *typeName, Work &work, Start start)
{
    const auto joined = std::make_shared<JoinedResult<T>>();
    std::exception_ptr error;
    try {
        const auto call = makeCall(JoinedWork<T, Work>(&work, joined));
        if (call->begin(options, typeName, true))
            call->startAndWait(options.waitMode, [&] { start(call.get()); });
        call->take();
    } catch (...) {
        error = std::current_exception();
    }
    if (error) {
        joined->point.wait();
        const std::exception_ptr own = joined->result.error();
        if (joined->result.isEmpty() || (own && isCallCanceled(own)))
            std::rethrow_exception(error);
    }
    return joined->result.takeResult();
}

} // namespace Synchronaut::detail
