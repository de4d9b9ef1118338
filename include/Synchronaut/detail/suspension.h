#pragma once

#include <Synchronaut/detail/message.h>
#include <Synchronaut/export.h>

#include <coroutine>
#include <utility>

namespace Synchronaut::detail {

class CallState;

/*!
    A coroutine waiting for one thing; lives in the awaiter, that is in the frame. All of it is
    touched on the home thread only:

    idle -> waiting (begin) -> ready (wake or cancel; in the home's ready list) -> resumed
    Destroying it in any state unlinks it, so that a frame may be destroyed at any await.
*/
class SYNCHRONAUT_EXPORT Suspension
{
public:
    Suspension() noexcept = default;
    Suspension(const Suspension &) = delete;
    Suspension &operator=(const Suspension &) = delete;

    /// Ends the wait: the coroutine goes on when its loop comes to it.
    void wake();
    /// Ends the wait because the call is to stop.
    void cancel();
    bool isCanceled() const noexcept { return m_canceled; }
    CallState *call() const noexcept { return m_call; }

protected:
    ~Suspension() { detach(); }

    /// Registers as what \a call waits for. False when the call is to stop: do not suspend.
    bool begin(CallState *call, std::coroutine_handle<> handle);
    /// Takes a registration back: the wait turned out to be over already.
    void detach() noexcept;
    /// Called once by cancel(); stops what is waited for and says whether to wake right away
    /// (else the thing waited for will wake it when it has ended).
    bool (*m_onCancel)(Suspension *) = nullptr;

private:
    friend class Mailbox;
    friend class CallState;

    CallState *m_call = nullptr;
    std::coroutine_handle<> m_handle;
    Suspension *m_prev = nullptr; ///< ready list
    Suspension *m_next = nullptr;
    bool m_ready = false;
    bool m_canceled = false;
};

} // namespace Synchronaut::detail
