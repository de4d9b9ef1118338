#pragma once

#include <Synchronaut/detail/callawaiter.h>
#include <Synchronaut/detail/refptr.h>
#include <Synchronaut/detail/typedcall.h>

#include <QtCore/QObject>

#include <atomic>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace Synchronaut::detail {

// -- what a signal carries ----------------------------------------------------------------------------

/// The tag that moc puts last into the arguments of a signal that only its class may emit. Its
/// name is private to that class, hence by text.
template <typename T>
constexpr bool isPrivateSignalTag() noexcept
{
    if constexpr (std::is_class_v<T> && std::is_empty_v<T>)
        return std::string_view(__PRETTY_FUNCTION__).find("::QPrivateSignal") != std::string_view::npos;
    else
        return false;
}

template <typename... A>
struct TypeList
{
};

template <typename Done, typename... A>
struct WithoutTag;
template <typename... D>
struct WithoutTag<TypeList<D...>>
{
    using Type = TypeList<D...>;
};
template <typename... D, typename Last>
    requires(isPrivateSignalTag<Last>())
struct WithoutTag<TypeList<D...>, Last>
{
    using Type = TypeList<D...>;
};
template <typename... D, typename First, typename... Rest>
    requires(sizeof...(Rest) > 0 || !isPrivateSignalTag<First>())
struct WithoutTag<TypeList<D...>, First, Rest...> : WithoutTag<TypeList<D..., First>, Rest...>
{
};

/// None: void; one: its type; several: a tuple.
template <typename List>
struct EmissionOf
{
    using Type = void;
};
template <typename A>
struct EmissionOf<TypeList<A>>
{
    using Type = A;
};
template <typename A, typename B, typename... C>
struct EmissionOf<TypeList<A, B, C...>>
{
    using Type = std::tuple<A, B, C...>;
};

template <typename Signal>
struct SignalTraits;
template <typename C, typename R, typename... A>
struct SignalTraits<R (C::*)(A...)>
{
    using Class = C;
    using Arguments = typename WithoutTag<TypeList<>, std::decay_t<A>...>::Type;
    using Emission = typename EmissionOf<Arguments>::Type;
};
template <typename C, typename R, typename... A>
struct SignalTraits<R (C::*)(A...) const> : SignalTraits<R (C::*)(A...)>
{
};
template <typename C, typename R, typename... A>
struct SignalTraits<R (C::*)(A...) noexcept> : SignalTraits<R (C::*)(A...)>
{
};

template <typename Signal>
using Emission = typename SignalTraits<Signal>::Emission;

// -- connections ----------------------------------------------------------------------------------------

/// Ends a connection with itself. Any thread, whether the sender lives or not.
class SignalSubscription
{
public:
    SignalSubscription() noexcept = default;
    explicit SignalSubscription(QMetaObject::Connection connection) noexcept
        : m_connection(std::move(connection))
    {
    }
    SignalSubscription(SignalSubscription &&other) noexcept = default;
    SignalSubscription &operator=(SignalSubscription &&other) noexcept
    {
        std::swap(m_connection, other.m_connection);
        return *this;
    }
    ~SignalSubscription()
    {
        if (m_connection)
            QObject::disconnect(m_connection);
    }

    bool isValid() const { return static_cast<bool>(m_connection); }

private:
    QMetaObject::Connection m_connection;
};

/*!
    What is connected to a signal. Qt destroys it with the connection: when the sender dies, when
    anybody disconnects, and when we do. Then it tells its target, so that nobody waits for a signal
    that cannot come any more (G11); one connection serves for both.

    A Target is counted by reference and has received(args...) and disconnected(), called in
    the sender's or the disconnecting thread, one after the other.
*/
template <typename Target, typename Arguments>
class SignalSlot;
template <typename Target, typename... A>
class SignalSlot<Target, TypeList<A...>>
{
public:
    explicit SignalSlot(RefPtr<Target> target) noexcept : m_target(std::move(target)) { }
    SignalSlot(SignalSlot &&other) noexcept = default;
    SignalSlot(const SignalSlot &) = delete;
    SignalSlot &operator=(const SignalSlot &) = delete;
    ~SignalSlot()
    {
        if (m_target)
            m_target->disconnected();
    }
    void operator()(const A &...args) const { m_target->received(args...); }

private:
    RefPtr<Target> m_target;
};

/// Connects \a signal of \a sender to \a target, for all emissions: Qt takes longer to disconnect
/// while it emits (Qt::SingleShotConnection) than for all the rest of an await.
template <typename Target, typename Sender, typename Signal>
SignalSubscription subscribe(Sender *sender, Signal signal, RefPtr<Target> target)
{
    using Slot = SignalSlot<Target, typename SignalTraits<Signal>::Arguments>;
    return SignalSubscription(QObject::connect(sender, signal, sender, Slot(std::move(target)),
                                               Qt::DirectConnection));
}

SYNCHRONAUT_EXPORT std::exception_ptr senderDestroyed(const CallErrorOrigin &origin);
SYNCHRONAUT_EXPORT std::exception_ptr notASignal(const CallErrorOrigin &origin);
[[noreturn]] SYNCHRONAUT_EXPORT void throwAwaitedTwice();
inline constexpr const char *nullSender = "the sender is null; pass a living object";

/// Where the end of a connection and the end of connect() meet: whoever is second tells.
class SignalEnd
{
public:
    bool isSecond() noexcept { return m_met.exchange(true, std::memory_order_acq_rel); }

private:
    std::atomic<bool> m_met{false};
};

// -- waiting for one emission ---------------------------------------------------------------------------

/*!
    The next emission of a signal, as a call: settled by the emission, in whatever thread, else when
    both connect() has returned and the connection is gone. (A connect() that fails drops its slot
    before it returns.)
*/
template <typename T>
class SignalCall final : public TypedCall<T>
{
public:
    SignalCall() : TypedCall<T>(CallState::Kind::Plain) { }

    template <typename... A>
    void received(const A &...args)
    {
        if (this->isSettled())
            return; // the first one counts
        if constexpr (std::is_void_v<T>)
            this->settleValue();
        else
            this->settleValue(T(args...));
    }
    void disconnected() { ended(true); }
    void connected(bool valid) { ended(valid); }

private:
    void ended(bool wasSignal)
    {
        if (!this->isSettled() && m_end.isSecond() && !this->isSettled())
            this->settleError(wasSignal ? senderDestroyed(this->origin()) : notASignal(this->origin()));
    }

    SignalEnd m_end;
};

/// co_await fromSignal() in a task. Takes the call and its subscription from the awaitable.
template <typename T>
class SignalAwaiter : private SignalSubscription, public CallAwaiter<T>
{
public:
    template <typename Awaitable>
    explicit SignalAwaiter(Awaitable &source)
        : SignalSubscription(source.takeSubscription()), CallAwaiter<T>(source.takeCall())
    {
    }
    ~SignalAwaiter()
    {
        // before the connection goes, which tells a call that is still pending
        if (!this->m_callee->isSettled())
            this->m_callee->settleStopped(CallState::Outcome::Canceled);
    }
};

} // namespace Synchronaut::detail
