#pragma once

#include <Synchronaut/callasync.h>
#include <Synchronaut/detail/makecall.h>
#include <Synchronaut/detail/passedarguments.h>
#include <Synchronaut/detail/streamcalls.h>

#include <QtCore/QFuture>

namespace Synchronaut::detail {

/*!
    A function with its arguments, to be called once on a Synchronizer's loop. It stays where it is
    until the call has finished, and with it the objects that the arguments stand for.
*/
template <typename F, typename P, typename... S>
class LoopWork;
template <typename F, typename... P, typename... S>
class LoopWork<F, std::tuple<P...>, S...>
{
public:
    template <typename G, typename... B>
    explicit LoopWork(std::in_place_t, G &&function, B &&...args)
        : m_function(std::forward<G>(function)), m_arguments(std::forward<B>(args)...)
    {
    }

    decltype(auto) operator()()
        requires(!TakesPromise<F>)
    {
        return std::apply(
                [this](S &...stored) -> decltype(auto) {
                    return std::invoke(std::move(m_function), PassedAs<P, S>::pass(stored)...);
                },
                m_arguments);
    }

    template <typename T>
        requires TakesPromise<F>
    void operator()(QPromise<T> &promise)
    {
        const auto call = [this, &promise](auto &&...passed) {
            if constexpr (std::is_member_function_pointer_v<F>)
                this->callMember(promise, std::forward<decltype(passed)>(passed)...);
            else
                std::invoke(std::move(m_function), promise, std::forward<decltype(passed)>(passed)...);
        };
        std::apply([&call](S &...stored) { call(PassedAs<P, S>::pass(stored)...); }, m_arguments);
    }

private:
    template <typename T, typename Object, typename... A>
    void callMember(QPromise<T> &promise, Object &&object, A &&...args)
    {
        std::invoke(m_function, std::forward<Object>(object), promise, std::forward<A>(args)...);
    }

    F m_function;
    std::tuple<S...> m_arguments;
};

// A coroutine template keeps its parameters in its frame; GCC warns here where their types are local
// to the user's file.
QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage")
template <typename T>
AsyncGenerator<T> runAsync(Generator<T> source)
{
    for (T &item : source)
        co_yield std::move(item);
}
QT_WARNING_POP
template <typename T>
AsyncGenerator<T> runAsync(AsyncGenerator<T> &&source)
{
    return std::move(source);
}

/// Work that gives a generator of either kind, as an asynchronous one.
template <typename Work>
class AsyncStreamWork
{
public:
    template <typename... A>
    explicit AsyncStreamWork(std::in_place_t, A &&...functionAndArgs)
        : m_work(std::in_place, std::forward<A>(functionAndArgs)...)
    {
    }
    auto operator()() { return runAsync(m_work()); }

private:
    Work m_work;
};

/// What a call of F with the arguments A on a Synchronizer is: the counterpart of CallTraits.
template <typename F, typename... A>
class LoopTraits
{
    using P = typename ParametersFor<F, std::decay_t<A>...>::Type;

    template <typename Tuple>
    struct Of;
    template <typename... Each>
    struct Of<std::tuple<Each...>>
    {
        using Work = LoopWork<F, P, typename KeptAs<Each, A>::Type...>;

        static const char *flaw([[maybe_unused]] const SynchronizerCore *core,
                                const std::decay_t<A> &...args)
        {
            const char *found = nullptr;
            static_cast<void>(((found = passingFlaw<Each>(core, args)) || ...));
            return found;
        }
        static auto returned()
        {
            if constexpr (TakesPromise<F>)
                return std::type_identity<typename PromiseParameter<F>::Type>();
            else
                return std::type_identity<std::invoke_result_t<
                        F, typename PassedAs<Each, typename KeptAs<Each, A>::Type>::Type...>>();
        }
    };
    using Returned = typename decltype(Of<P>::returned())::type;
    using Stream = std::conditional_t<TakesPromise<F>, StreamOf<void>,
                                      StreamOf<std::remove_cvref_t<Returned>>>;

    static auto result()
    {
        if constexpr (Stream::isStream)
            return std::type_identity<typename Stream::Item>();
        else if constexpr (Awaitable<Returned>)
            return std::type_identity<typename AwaitResult<Returned>::Type>();
        else
            return std::type_identity<std::remove_cvref_t<Returned>>();
    }

public:
    static constexpr bool isStream = Stream::isStream;
    static constexpr bool isAsync = !TakesPromise<F> && !isStream && Awaitable<Returned>;
    using Result = typename decltype(result())::type; ///< of a stream, an item
    using Work = typename Of<P>::Work;

    /// What is wrong with these arguments on \a core; null: nothing.
    static const char *flaw(const SynchronizerCore *core, const std::decay_t<A> &...args)
    {
        return Of<P>::flaw(core, args...);
    }
};

template <typename F, typename... A>
concept LoopCallable = !std::is_void_v<typename ParametersFor<std::decay_t<F>, std::decay_t<A>...>::Type>;

/// A call on a Synchronizer's loop, which it keeps.
template <typename T, typename Base>
class LoopCall final : public Base
{
public:
    using Result = T;

    template <typename... A>
    explicit LoopCall(RefPtr<SynchronizerCore> core, A &&...args)
        : Base(std::forward<A>(args)...), m_core(std::move(core))
    {
    }
    SynchronizerCore *core() const noexcept { return m_core.get(); }
    Turn *turn() noexcept override { return m_core->isInTurn() ? &m_turn : nullptr; }

protected:
    void destroyRoot() noexcept override
    {
        Base::destroyRoot();
        if (m_core->isInTurn())
            m_core->endTurn(this);
    }

private:
    const RefPtr<SynchronizerCore> m_core;
    Turn m_turn;
};

/// What is wrong with calling \a function so on \a core; null: nothing.
template <typename F, typename... A>
const char *loopFlaw(const SynchronizerCore *core, const F &function, const A &...args)
{
    const char *const flaw = callFlaw<std::decay_t<F>>(function, args...);
    return flaw ? flaw : LoopTraits<std::decay_t<F>, A...>::flaw(core, args...);
}

/// Makes the call of \a function with copies of \a args on \a core, which may be null where an
/// argument is to blame for that. One that gives a stream puts the items into the call's future.
template <typename F, typename... A>
auto makeLoopCall(SynchronizerCore *core, F &&function, A &&...args)
{
    using Traits = LoopTraits<std::decay_t<F>, A...>;
    using T = typename Traits::Result;
    using Work = typename Traits::Work;
    using Ending = std::conditional_t<Traits::isAsync, TaskCall<T, Work>, PlainCall<T, Work>>;
    using Filling = TaskCall<T, FillingWork<T, AsyncStreamWork<Work>>, Task<void>>;
    using Call = LoopCall<T, std::conditional_t<Traits::isStream, Filling, Ending>>;
    const char *const flaw = loopFlaw(core, function, args...);
    RefPtr<Call> call(new Call(RefPtr<SynchronizerCore>(core), std::in_place, std::forward<F>(function),
                               std::forward<A>(args)...)); // owned by the references to it
    call->flaw = flaw;
    return call;
}

/// The stream that such a call gives, to be iterated over; not opened yet. Its generator runs on the
/// loop, item by item, whoever asks for them.
template <typename F, typename... A>
auto makeLoopStream(const CallOptions &options, const char *typeName, SynchronizerCore *core, F &&function,
                    A &&...args)
{
    using Traits = LoopTraits<std::decay_t<F>, A...>;
    using T = typename Traits::Result;
    const char *const flaw = loopFlaw(core, function, args...);
    const auto make = [&](auto home) {
        return RefPtr<Stream<T>>(new LoopStreamOf<T, typename Traits::Work>(
                home, options, typeName, std::forward<F>(function),
                std::forward<A>(args)...)); // owned by the references to it
    };
    RefPtr<Stream<T>> stream = core ? make(&core->mailbox()) : make(StreamHome::Kind::Blocking);
    stream->flaw = flaw; // without a core there is one: it is not opened
    return StreamHandle<T>(std::move(stream));
}

// -- the three verbs --------------------------------------------------------------------------------

/// Starts \a call there; the future tells how it went.
template <typename Call>
auto callOnLoop(const CallOptions &options, const char *typeName, const RefPtr<Call> &call)
{
    auto future = call->makeFuture();
    if (call->begin(options, typeName, true)) {
        call->watchDeadline();
        call->core()->start(call.get());
    }
    return future;
}

/// The items, for blocking code.
template <typename T>
BlockingRange<T> iterateBlocking(StreamHandle<T> stream)
{
    stream->open();
    return BlockingRange<T>(std::move(stream));
}

/// The same, and waits for it.
template <typename Call>
auto callOnLoopSync(const CallOptions &options, const char *typeName, const RefPtr<Call> &call)
{
    SynchronizerCore *const core = call->core();
    const bool atOnce = core && call->isPlain() && core->isCurrent(); // none: an empty handle
    if (atOnce)
        call->setPolled(); // for the caller's stop
    if (call->begin(options, typeName, true)) {
        if (atOnce)
            core->start(call.get());
        else
            call->startAndWait(options.waitMode, [&call, core] { core->start(call.get()); });
        call->awaitPublished();
    }
    return call->take();
}

/// The same, when it is awaited.
template <typename Call>
auto callOnLoopAsync(const CallOptions &options, const char *typeName, RefPtr<Call> call)
{
    using T = typename Call::Result;
    const LazyStart start{options, typeName, AsyncRunner::Synchronizer, call->core()};
    return AsyncCall<T>(RefPtr<TypedCall<T>>(std::move(call)), start);
}

} // namespace Synchronaut::detail
