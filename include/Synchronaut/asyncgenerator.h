#pragma once

#include <Synchronaut/detail/asyncgeneratorpromise.h>
#include <Synchronaut/detail/generatorlink.h>
#include <Synchronaut/task.h>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace Synchronaut {

namespace detail {

/// What next() and close() give: awaited in a task, an async generator or any other coroutine.
template <typename Awaiter, typename Result>
class GeneratorStep
{
public:
    using TaskAwaiter = Awaiter;

    explicit GeneratorStep(GeneratorOwner &generator) noexcept : m_generator(&generator) { }
    GeneratorOwner &generator() const noexcept { return *m_generator; }

    auto operator co_await() const { return asTask(*this).operator co_await(); }

private:
    static Task<Result> asTask(GeneratorStep step) { co_return co_await step; }

    GeneratorOwner *m_generator;
};

} // namespace detail

/*!
    A coroutine that gives many T, one at a time, and may co_await all that a Task may.

    \code
    while (auto item = co_await gen.next()) use(*item);
    SYNCHRONAUT_FOR_AWAIT(auto &&item, gen) { use(item); }
    \endcode

    Lazy and in lockstep: it runs only while its consumer awaits the next item, inside the consumer's
    call, as a child task would: on the consumer's thread, in its context, with its deadline and its
    cancellation. There is no allocation an item. An error arrives in place of the item it prevented;
    after it, as after the end, next() gives nullopt. Leaving a loop leaves the generator where it is:
    the next loop goes on with the next item.

    T is no reference; a move-only T is fine. What is yielded as an lvalue is copied, an rvalue is
    moved. With an \a In, co_yield gives a std::optional<In>: what send() was given, nothing on
    next(). `co_yield std::move(other)` gives all items of another generator of the same type, however
    deeply that delegates; errors thrown and values sent reach the innermost one.

    Move-only; destroying it destroys its frame with all locals, wherever it is suspended, but runs no
    cleanup that awaits: close() does. Who waits for it at that moment gets CallCanceled. If the
    consumer is destroyed while it waits, the generator has ended. Destroy it on the thread that
    consumes it, and not from within itself.
*/
template <typename T, typename In = void>
class [[nodiscard]] AsyncGenerator : private detail::GeneratorOwner
{
public:
    static_assert(!std::is_reference_v<T>, "A generator gives values; yield pointers or std::ref");
    static_assert(!std::is_void_v<T>, "An item is a value; use AsyncGenerator<std::monostate>");

    using promise_type = detail::AsyncGeneratorPromise<T, In>; ///< for the compiler
    using Next = detail::GeneratorStep<detail::NextAwaiter<T, In>, std::optional<T>>; ///< what next() gives
    using Close = detail::GeneratorStep<detail::CloseAwaiter<T, In>, void>; ///< what close() gives

    /// An empty generator, without items.
    AsyncGenerator() noexcept = default;

    /// co_await gives std::optional<T>: the next item, nullopt at the end. Throws what the generator
    /// throws, CallCanceled when the consumer's call is to stop (the generator then stays as it
    /// is), CallError while somebody else awaits it.
    [[nodiscard]] Next next() noexcept { return Next(*this); }

    /// co_await ends the generator: throws CallCanceled in at its co_yield and waits until it has
    /// unwound, its cleanup included. Throws what it throws instead, and CallError if it yields
    /// again. Works in a call that is to stop, too; awaits in the cleanup then need a
    /// CancellationShield. Nothing happens if it has ended or was never started.
    [[nodiscard]] Close close() noexcept { return Close(*this); }

    /// co_await resumes the generator with \a value as the result of its co_yield and gives the next
    /// item. CallError before the first next(): there is no co_yield yet to take it.
    template <typename V = In>
        requires(!std::is_void_v<In> && std::is_convertible_v<V, In>)
    [[nodiscard]] Task<std::optional<T>> send(V value)
    {
        checkIdle();
        if (auto *const promise = static_cast<promise_type *>(link())) {
            if (!promise->started)
                detail::throwSentTooEarly();
            promise->sent.emplace(std::move(value));
        }
        co_return co_await next();
    }

    /// co_await throws \a error in at the generator's co_yield and gives the next item, if the
    /// generator catches it. One that has ended or was never started does not: it has ended then.
    [[nodiscard]] Task<std::optional<T>> throwInto(std::exception_ptr error)
    {
        checkIdle();
        if (link() && !link()->started)
            destroyFrames();
        if (!link() || link()->isDone())
            std::rethrow_exception(error);
        static_cast<promise_type *>(link())->injected = std::move(error);
        co_return co_await next();
    }
    /// The same with an error that is no std::exception_ptr yet.
    template <typename E>
        requires(!std::is_convertible_v<E, std::exception_ptr>)
    [[nodiscard]] Task<std::optional<T>> throwInto(E error)
    {
        return throwInto(std::make_exception_ptr(std::move(error)));
    }

private:
    friend promise_type;
    using GeneratorOwner::GeneratorOwner;

    void checkIdle() const
    {
        if (link() && link()->consumer)
            detail::throwBusyGenerator();
    }
};

/// \cond
namespace detail {

template <typename T, typename In>
AsyncGenerator<T, In> AsyncGeneratorPromise<T, In>::get_return_object() noexcept
{
    frame = std::coroutine_handle<AsyncGeneratorPromise>::from_promise(*this);
    return AsyncGenerator<T, In>(this);
}

template <typename T, typename In>
template <typename A>
decltype(auto) AsyncGeneratorPromise<T, In>::await_transform(A &&awaitable)
{
    return transformAwaitable(std::forward<A>(awaitable));
}

} // namespace detail
/// \endcond
} // namespace Synchronaut

#define SYNCHRONAUT_DETAIL_JOIN2(a, b) a##b
#define SYNCHRONAUT_DETAIL_JOIN(a, b) SYNCHRONAUT_DETAIL_JOIN2(a, b)
#define SYNCHRONAUT_DETAIL_FOR_AWAIT(declaration, stream, item, ...)                              \
    if (auto &&stream = __VA_ARGS__; true)                                                         \
        for (auto item = co_await stream.next(); item; item = co_await stream.next())              \
            if (declaration = *std::move(item); true)

/*!
    A loop over an AsyncGenerator, in a coroutine: SYNCHRONAUT_FOR_AWAIT(auto &&item, gen) { … }.
    break, continue, return and exceptions work as in any loop. The generator may be a variable,
    which can be gone on with after a break, or a temporary, which is destroyed after the loop.
    A declaration with a comma in it (structured bindings) goes into the body.
*/
#define SYNCHRONAUT_FOR_AWAIT(declaration, ...)                                                    \
    SYNCHRONAUT_DETAIL_FOR_AWAIT(declaration,                                                      \
                                 SYNCHRONAUT_DETAIL_JOIN(synchronautStream, __LINE__),             \
                                 SYNCHRONAUT_DETAIL_JOIN(synchronautItem, __LINE__), __VA_ARGS__)
