#pragma once

#include <Synchronaut/detail/poolrunnable.h>
#include <Synchronaut/detail/typedcall.h>

#include <QtCore/QPromise>

#include <optional>

namespace Synchronaut::detail {

/// A call of a plain function, with its arguments, run once on some thread.
template <typename T, typename Work>
class PlainCall : public TypedCall<T>
{
public:
    template <typename... A>
    explicit PlainCall(std::in_place_t, A &&...args)
        : TypedCall<T>(CallState::Kind::Plain),
          m_work(std::in_place, std::in_place, std::forward<A>(args)...)
    {
    }

protected:
    void execute() noexcept override
    {
        std::optional<QPromise<T>> promise; // outlives settling, which it would otherwise do itself
        std::exception_ptr error; // settled outside of the handler, which holds the exception, too
        try {
            if constexpr (takesPromise) {
                if (QFutureInterface<T> *const facade = this->facade()) {
                    promise.emplace(*facade); // reports into the caller's future; finishing stays ours
                    (*m_work)(*promise);
                    m_work.reset();
                    if (this->claim())
                        this->publish(CallState::Outcome::Value);
                } else {
                    promise.emplace();
                    QFuture<T> future = promise->future();
                    promise->start();
                    (*m_work)(*promise);
                    m_work.reset();
                    promise->finish();
                    takeFirst(future);
                }
            } else if constexpr (std::is_void_v<T>) {
                (*m_work)();
                m_work.reset();
                this->settleValue();
            } else {
                T value = (*m_work)();
                m_work.reset(); // arguments die in the thread that used them, before the caller goes on
                this->settleValue(std::move(value));
            }
        } catch (...) {
            error = std::current_exception();
        }
        if (error) {
            m_work.reset();
            this->settleError(std::move(error));
        }
    }

    PoolRunnable *runnable() noexcept override { return &m_runnable; }

private:
    static constexpr bool takesPromise =
            requires(Work &work, QPromise<T> &promise) { work(promise); };

    void takeFirst(QFuture<T> &future)
    {
        future.waitForFinished(); // throws what setException() was given
        if constexpr (std::is_void_v<T>) {
            this->settleValue();
        } else {
            if (future.resultCount() > 0)
                this->settleValue(future.takeResult());
            else
                this->reject(QStringLiteral("Function %1 has added no result to its QPromise")
                                     .arg(this->displayName()));
        }
    }

    std::optional<Work> m_work;
    PoolRunnable m_runnable;
};

} // namespace Synchronaut::detail
