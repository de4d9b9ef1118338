#pragma once

#include <Synchronaut/detail/makecall.h>
#include <Synchronaut/detail/observedcall.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace Synchronaut::detail {

/// How a Call is carried out, by what it is and asks for.
enum class CallWay : std::uint8_t {
    Quick, ///< a plain function that needs nothing but being called, on a pool thread
    Own,   ///< a plain function with a limit: on a pool thread, as a call of its own
    Away,  ///< a plain function for a pool of its own
    Home,  ///< an async function, on a loop
};

/// What a Call stands for: a function with its arguments, and options. Constant; shared by the
/// copies of the handle, in any threads.
template <typename T>
class CallBody
{
public:
    CallBody(const CallBody &) = delete;
    CallBody &operator=(const CallBody &) = delete;

    void ref() noexcept { m_refs.fetch_add(1, std::memory_order_relaxed); }
    void deref() noexcept
    {
        if (m_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    CallWay way() const noexcept { return m_way; }
    CallOptions options() const { return m_extras ? m_extras->options : optionsWithoutPlace(); }

    /// The function's type, for messages.
    virtual const char *typeName() const noexcept = 0;
    /// Calls the function here, with copies of the arguments. CallWay::Quick only.
    virtual T invoke() const = 0;
    /// A call of its own, to be begun and started.
    virtual RefPtr<TypedCall<T>> makeCall(RefPtr<CallObserver> observer,
                                          std::uint32_t number) const = 0;

protected:
    CallBody(CallWay way, const CallOptions *options, const char *flaw) : m_way(way)
    {
        if (options || flaw)
            m_extras = std::make_unique<Extras>(Extras{options ? *options : optionsWithoutPlace(), flaw});
    }
    virtual ~CallBody() = default;

    const char *flaw() const noexcept { return m_extras ? m_extras->flaw : nullptr; }

private:
    struct Extras
    {
        CallOptions options;
        const char *flaw; ///< see CallState::flaw
    };

    std::atomic<int> m_refs{0};
    const CallWay m_way;
    std::unique_ptr<const Extras> m_extras; ///< apart, since few have any
};

/// Work for a call that is like other work: a copy, or the thing itself.
template <typename Work>
class SameWork : public Work
{
public:
    SameWork(std::in_place_t, const Work &work) : Work(work) { }
    SameWork(std::in_place_t, Work &&work) : Work(std::move(work)) { }
};

template <typename Function, typename... A>
class FunctionBody final : public CallBody<typename CallTraits<Function, A...>::Result>
{
    using Traits = CallTraits<Function, A...>;
    using T = typename Traits::Result;
    static constexpr bool copies = std::is_copy_constructible_v<Function>
            && (std::is_copy_constructible_v<std::decay_t<A>> && ...);

public:
    using Work = WorkOf<Function, A...>;
    static constexpr bool isQuick = copies && !Traits::isAsync && !Traits::takesPromise;

    explicit FunctionBody(const Work &work)
        : CallBody<T>(wayOf(nullptr, nullptr), nullptr, nullptr), m_work(work)
    {
    }
    template <typename F, typename... B>
    FunctionBody(const CallOptions *options, const char *flaw, F &&function, B &&...args)
        : CallBody<T>(wayOf(options, flaw), options, flaw),
          m_work(std::in_place, std::forward<F>(function), std::forward<B>(args)...)
    {
    }

    const char *typeName() const noexcept override { return typeText<Function>(); }

    T invoke() const override
    {
        if constexpr (isQuick) {
            Work copy(m_work);
            return copy();
        } else {
            Q_UNREACHABLE();
        }
    }

    RefPtr<TypedCall<T>> makeCall(RefPtr<CallObserver> observer, std::uint32_t number) const override
    {
        const auto make = [&](const char *flaw, auto &&work) {
            return makeObservedCall<T, SameWork<Work>, Traits::isAsync>(
                    std::move(observer), number, flaw, std::forward<decltype(work)>(work));
        };
        if constexpr (copies) {
            return make(this->flaw(), m_work);
        } else {
            return make(m_taken.exchange(true)
                                ? "its arguments can only be moved, and an earlier start of this Call has "
                                  "taken them; make a new one with call()"
                                : this->flaw(),
                        std::move(m_work));
        }
    }

private:
    static CallWay wayOf(const CallOptions *options, const char *flaw)
    {
        if (Traits::isAsync)
            return CallWay::Home;
        if (options && options->executor)
            return CallWay::Away;
        if (!isQuick || flaw || (options && (hasTimeLimit(*options) || options->context)))
            return CallWay::Own;
        return CallWay::Quick;
    }

    mutable std::atomic<bool> m_taken{false};
    mutable Work m_work; ///< changes only where it is moved away, once
};

/*!
    A Quick call without options that is no more than a few words (a function pointer and numbers,
    say): kept inside of the handle, so that 10,000 of them are one block of memory.
*/
template <typename T>
class SmallCall
{
    static constexpr std::size_t room = 2 * sizeof(void *);

public:
    template <typename Body, typename Work = typename Body::Work>
    static constexpr bool fits = Body::isQuick && sizeof(Work) <= room
            && alignof(Work) <= alignof(void *) && std::is_trivially_copy_constructible_v<Work>
            && std::is_trivially_destructible_v<Work>;

    SmallCall() = default;
    template <typename Body, typename... A>
    explicit SmallCall(std::type_identity<Body>, A &&...functionAndArgs) : m_verbs(&verbsOf<Body>)
    {
        using Work = typename Body::Work;
        new (m_work) Work(std::in_place, std::forward<A>(functionAndArgs)...); // copied with the bytes
    }

    explicit operator bool() const noexcept { return m_verbs; }
    T invoke() const { return m_verbs->invoke(m_work); }
    /// The same as a body, which can be given a limit.
    RefPtr<CallBody<T>> toBody() const { return m_verbs->toBody(m_work); }

private:
    struct Verbs
    {
        T (*invoke)(const std::byte *);
        RefPtr<CallBody<T>> (*toBody)(const std::byte *);
    };
    template <typename Work>
    static const Work &at(const std::byte *work)
    {
        return *std::launder(reinterpret_cast<const Work *>(work));
    }
    template <typename Body>
    static constexpr Verbs verbsOf{
            [](const std::byte *work) -> T {
                typename Body::Work copy(at<typename Body::Work>(work));
                return copy();
            },
            [](const std::byte *work) {
                return RefPtr<CallBody<T>>(
                        new Body(at<typename Body::Work>(work))); // owned by the references to it
            }};

    const Verbs *m_verbs = nullptr;
    alignas(void *) std::byte m_work[room] = {};
};

} // namespace Synchronaut::detail
