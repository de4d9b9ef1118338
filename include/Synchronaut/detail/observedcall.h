#pragma once

#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/detail/plaincall.h>
#include <Synchronaut/detail/refptr.h>
#include <Synchronaut/task.h>

#include <cstdint>
#include <type_traits>
#include <utility>

namespace Synchronaut::detail {

/// What has calls made on its behalf and wants to know how they ended.
class SYNCHRONAUT_EXPORT CallObserver
{
public:
    CallObserver() = default;
    CallObserver(const CallObserver &) = delete;
    CallObserver &operator=(const CallObserver &) = delete;

    virtual void ref() noexcept = 0;
    virtual void deref() noexcept = 0;
    /// \a call, the one that was given this number, has its result and is about to be Done. In the
    /// thread that settled it, once, with no lock held and outside of any call's context.
    virtual void callSettled(std::uint32_t number, CallState &call) = 0;
    /// True when nobody is interested in the calls any more. Any thread, at any time.
    virtual bool isAbandoned() const noexcept = 0;

protected:
    virtual ~CallObserver();
};

/// A call without a future that tells its observer when it has settled. Base: a PlainCall or a
/// TaskCall.
template <typename Base>
class ObservedCall final : public Base
{
public:
    template <typename... A>
    ObservedCall(RefPtr<CallObserver> observer, std::uint32_t number, A &&...args)
        : Base(std::forward<A>(args)...), m_observer(std::move(observer)), m_number(number)
    {
    }

protected:
    bool finishFuture() override
    {
        m_observer->callSettled(m_number, *this);
        return true;
    }
    bool stopPolled() const noexcept override { return m_observer->isAbandoned(); }

private:
    const RefPtr<CallObserver> m_observer;
    const std::uint32_t m_number;
};

/// Makes the call that Work is done by, as a coroutine (\a isAsync) or plainly. \a args make the Work.
template <typename T, typename Work, bool isAsync, typename... A>
RefPtr<TypedCall<T>> makeObservedCall(RefPtr<CallObserver> observer, std::uint32_t number, const char *flaw,
                                      A &&...args)
{
    using Base = std::conditional_t<isAsync, TaskCall<T, Work>, PlainCall<T, Work>>;
    RefPtr<TypedCall<T>> call(new ObservedCall<Base>(std::move(observer), number, std::in_place,
                                                     std::forward<A>(args)...)); // owned by the references
    call->flaw = flaw;
    if (!isAsync)
        call->setPolled(); // a coroutine is told
    return call;
}

} // namespace Synchronaut::detail
