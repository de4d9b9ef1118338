#pragma once

#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/detail/futurefinisher.h>
#include <Synchronaut/detail/resultslot.h>

#include <QtCore/QFuture>
#include <QtCore/QFutureInterface>
#include <QtCore/QMutexLocker>

#include <memory>

namespace Synchronaut::detail {

/// The QFuture that stands before a call, where one was asked for.
template <typename T>
struct FutureFacade
{
    QFutureInterface<T> interface;
    FutureFinisher finisher;
};

/// A call whose result is a T: where it is put and how it is taken.
template <typename T>
class TypedCall : public CallState
{
public:
    using CallState::CallState;

    /// Makes the future; before the call starts.
    QFuture<T> makeFuture()
    {
        m_facade = std::make_unique<FutureFacade<T>>();
        this->setPolled();
        m_facade->finisher.start(m_facade->interface);
        return m_facade->interface.future();
    }

    /// Settles with a value; \a value is dropped when the call was settled before.
    template <typename... V>
    void settleValue(V &&...value)
    {
        if (!claim())
            return;
        Outcome outcome = Outcome::Value;
        try {
            if (!m_facade) {
                m_slot.emplace(std::forward<V>(value)...);
            } else if constexpr (!std::is_void_v<T>) {
                m_facade->interface.reportResult(std::forward<V>(value)...);
            }
        } catch (...) { // the value's move constructor
            m_error = std::current_exception();
            storeError(m_error);
            outcome = Outcome::Error;
        }
        publish(outcome);
    }

    /// The result of a settled call, or its error. Once.
    T take()
    {
        takeContextBack();
        if (outcome() != Outcome::Value)
            throwError();
        return m_slot.take();
    }

    QFutureInterfaceBase *future() noexcept override
    {
        return m_facade ? &m_facade->interface : nullptr;
    }

protected:
    void storeError(const std::exception_ptr &error) override
    {
        if (!m_facade)
            return;
        QFutureInterface<T> &future = m_facade->interface;
        if constexpr (!std::is_void_v<T>) {
            // Qt's own would drop the results without its lock, while a QPromise function that has
            // timed out may be adding one. (One added right after that is lost with its memory.)
            const QMutexLocker lock(&future.mutex());
            if (!future.hasException())
                future.resultStoreBase().template clear<T>();
        }
        future.QFutureInterfaceBase::reportException(error);
    }

    bool finishFuture() override
    {
        if (!m_facade)
            return true;
        if constexpr (std::is_void_v<T>) {
            if (calleeIsQuiet()) {
                std::weak_ptr<const void> holders;
                m_facade->finisher.finish(m_facade->interface, &holders);
                const bool attached = holders.expired();
                m_facade->interface = QFutureInterface<T>(); // ours goes: is there another one?
                return attached || !holders.expired();
            }
        }
        return m_facade->finisher.finish(m_facade->interface);
    }

    QFuture<void> futureHandle() override
    {
        if constexpr (std::is_void_v<T>)
            return m_facade->interface.future();
        else
            return QFuture<void>(m_facade->interface.future());
    }

    QFutureInterface<T> *facade() noexcept { return m_facade ? &m_facade->interface : nullptr; }

private:
    ResultSlot<T> m_slot;
    std::unique_ptr<FutureFacade<T>> m_facade;
};

} // namespace Synchronaut::detail
