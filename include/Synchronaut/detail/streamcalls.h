#pragma once

#include <Synchronaut/asyncgenerator.h>
#include <Synchronaut/blockingrange.h>
#include <Synchronaut/detail/loopstream.h>
#include <Synchronaut/detail/makecall.h>
#include <Synchronaut/detail/poolstream.h>
#include <Synchronaut/detail/streamitems.h>
#include <Synchronaut/generator.h>

#include <QtCore/QFuture>
#include <QtCore/QFutureInterface>
#include <QtCore/QPromise>

namespace Synchronaut {

template <typename T>
class AsyncCall;

} // namespace Synchronaut

namespace Synchronaut::detail {

// What the three verbs do with a function that returns a Generator<T> or an AsyncGenerator<T>.

/// StreamOf what calling F with A... returns.
template <typename F, typename... A>
using StreamTraits = StreamOf<std::remove_cvref_t<typename UnnamedTraits<F, A...>::Returned>>;

/// A call's function and arguments, stored for as long as the generator lives (G14).
template <typename F, typename... A>
using StreamWorkOf = StoredWorkFor<Invocation, std::decay_t<decltype(unnamed(std::declval<F>()))>, A...>;

/// What the verbs return.
template <typename F, typename... A>
struct VerbTypes
{
    using T = typename UnnamedTraits<F, A...>::Result;
    static constexpr bool isAsync = UnnamedTraits<F, A...>::isAsync;
    using Any = T;
    using Sync = T;
    using Async = AsyncCall<T>;
};
/// As CallTraits of CallOptions.
template <typename F, typename... A>
    requires(!NotOptions<F>)
struct VerbTypes<F, A...>
{
};
template <typename F, typename... A>
    requires(NotOptions<F> && StreamTraits<F, A...>::isStream)
struct VerbTypes<F, A...>
{
    using T = typename StreamTraits<F, A...>::Item;
    static constexpr bool isAsync = StreamTraits<F, A...>::isAsync;
    using Any = T;
    using Sync = std::conditional_t<StreamTraits<F, A...>::isAsync, BlockingRange<T>, Generator<T>>;
    using Async = AsyncGenerator<T>;
};

// -- callAny ------------------------------------------------------------------------------------------

QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage")
/// Puts the items into the future of the call that runs this.
template <typename T>
Task<void> fillFuture(AsyncGenerator<T> source)
{
    auto *const future = static_cast<QFutureInterface<T> *>(runningCall().future());
    std::exception_ptr error;
    try {
        constexpr unsigned atOnce = 64; // then other work of this loop has its turn
        unsigned run = 0;
        for (;;) {
            if (future->isSuspending() || future->isSuspended()) {
                future->reportSuspended();
                const QFuture<T> handle = future->future();
                co_await untilResumed(QFuture<void>(handle));
            }
            std::optional<T> item = co_await source.next();
            if (!item)
                break;
            future->reportResult(std::move(*item));
            if (++run % atOnce == 0)
                co_await yieldNow();
        }
    } catch (...) {
        error = std::current_exception();
    }
    if (error) {
        const CancellationShield shield;
        co_await source.close();
        std::rethrow_exception(error);
    }
}
QT_WARNING_POP

/// Work of a call on a loop: starts the coroutine that fills the future.
template <typename T, typename Work>
class FillingWork
{
public:
    template <typename... A>
    explicit FillingWork(std::in_place_t, A &&...functionAndArgs)
        : m_work(std::in_place, std::forward<A>(functionAndArgs)...)
    {
    }
    Task<void> operator()() { return fillFuture<T>(m_work()); }

private:
    Work m_work;
};

/// The same for a blocking generator.
template <typename T, typename Work>
class BlockingFillingWork
{
public:
    template <typename... A>
    explicit BlockingFillingWork(std::in_place_t, A &&...functionAndArgs)
        : m_work(std::in_place, std::forward<A>(functionAndArgs)...)
    {
    }
    void operator()(QPromise<T> &promise)
    {
        Generator<T> source = m_work();
        auto *const future = static_cast<QFutureInterface<T> *>(runningCall().future());
        for (T &item : source) {
            promise.addResult(std::move(item));
            if (future->isSuspending() || future->isSuspended()) [[unlikely]] {
                future->reportSuspended();
                waitUntilResumed(QFuture<void>(promise.future()));
            }
            if (isCanceled())
                break;
        }
    }

private:
    Work m_work;
};

/// The call that callAny() starts.
template <typename F, typename... A>
auto makeAnyCall(F &&function, A &&...args)
{
    return makeCall(std::forward<F>(function), std::forward<A>(args)...);
}
template <typename F, typename... A>
    requires(StreamTraits<F, A...>::isStream)
auto makeAnyCall(F &&function, A &&...args)
{
    using Traits = StreamTraits<F, A...>;
    using T = typename Traits::Item;
    using Work = StreamWorkOf<F, A...>;
    using Call = std::conditional_t<Traits::isAsync, TaskCall<T, FillingWork<T, Work>, Task<void>>,
                                    PlainCall<T, BlockingFillingWork<T, Work>>>;
    using Function = std::decay_t<decltype(unnamed(std::forward<F>(function)))>;
    const char *const flaw = callFlaw<Function>(unnamed(function), args...);
    RefPtr<Call> call(new Call(std::in_place, unnamed(std::forward<F>(function)),
                               std::forward<A>(args)...)); // owned by the references to it
    call->flaw = flaw;
    return call;
}

// -- callSync, callAsync ----------------------------------------------------------------------------

/// The stream that the call is, not opened yet.
template <typename F, typename... A>
auto makeStream(StreamHome::Kind home, const CallOptions &options, F &&function, A &&...args)
{
    using Traits = StreamTraits<F, A...>;
    using T = typename Traits::Item;
    using Work = StreamWorkOf<F, A...>;
    using Function = std::decay_t<decltype(unnamed(std::forward<F>(function)))>;
    const char *const flaw = callFlaw<Function>(unnamed(function), args...);
    const char *const type = typeText<std::remove_cvref_t<F>>();
    RefPtr<Stream<T>> stream;
    if constexpr (Traits::isAsync)
        stream = RefPtr<Stream<T>>(new LoopStreamOf<T, Work>(home, options, type,
                                                             unnamed(std::forward<F>(function)),
                                                             std::forward<A>(args)...));
    else
        stream = RefPtr<Stream<T>>(new PoolStreamOf<T, Work>(options, type,
                                                             unnamed(std::forward<F>(function)),
                                                             std::forward<A>(args)...));
    stream->flaw = flaw;
    return StreamHandle<T>(std::move(stream));
}

template <typename F, typename... A>
auto syncStream(const CallOptions &options, bool direct, F &&function, A &&...args) ->
        typename VerbTypes<F, A...>::Sync
{
    using Traits = StreamTraits<F, A...>;
    using T = typename Traits::Item;
    if constexpr (!Traits::isAsync) {
        using Function = std::decay_t<decltype(unnamed(std::forward<F>(function)))>;
        if (direct && !callFlaw<Function>(unnamed(function), args...)) {
            using Work = StreamWorkOf<F, A...>;
            checkConsumer();
            return directItems<T>(std::make_unique<Work>(std::in_place, unnamed(std::forward<F>(function)),
                                                         std::forward<A>(args)...),
                                  RefPtr<ContextMap>(currentContext()),
                                  options.contextFlow == ContextFlow::CopyIn);
        }
    }
    StreamHandle<T> stream = makeStream(StreamHome::Kind::Blocking, options, std::forward<F>(function),
                                        std::forward<A>(args)...);
    stream->open();
    if constexpr (Traits::isAsync)
        return BlockingRange<T>(std::move(stream));
    else
        return blockingItems<T>(std::move(stream));
}

template <typename F, typename... A>
auto asyncStream(const CallOptions &options, F &&function, A &&...args)
{
    using T = typename StreamTraits<F, A...>::Item;
    return streamItems<T>(makeStream(StreamHome::Kind::Here, options, std::forward<F>(function),
                                     std::forward<A>(args)...));
}

} // namespace Synchronaut::detail
