#pragma once

#include <Synchronaut/asyncgenerator.h>
#include <Synchronaut/detail/contextmap.h>
#include <Synchronaut/detail/stream.h>
#include <Synchronaut/generator.h>

#include <memory>
#include <optional>
#include <utility>

namespace Synchronaut::detail {

// The faces of a stream: what consumers iterate over.

// A coroutine template keeps its parameters in its frame; GCC warns here where their types are local
// to the user's file.
QT_WARNING_PUSH
QT_WARNING_DISABLE_GCC("-Wsubobject-linkage")

/// For tasks. Closes the stream when it is closed itself, or cancelled.
template <typename T>
AsyncGenerator<T> streamItems(StreamHandle<T> stream)
{
    std::exception_ptr error;
    try {
        std::exception_ptr thrownIn;
        for (;;) {
            std::optional<T> item;
            if (!thrownIn)
                item = stream->takeReady();
            if (!item) {
                const auto step = stream->makeStep(std::exchange(thrownIn, {}));
                if (stream->beginStep(*step))
                    stream->startStep(*step);
                try {
                    item = co_await CallAwaiterSource<std::optional<T>>(step.get());
                } catch (const CallError &) {
                    stream->throwStepError(*step, std::current_exception());
                }
            }
            if (!item)
                break;
            try {
                co_yield std::move(*item);
            } catch (const CallCanceled &) {
                throw;
            } catch (...) {
                if (!stream->takesErrors())
                    throw;
                thrownIn = std::current_exception();
            }
        }
    } catch (...) {
        error = std::current_exception();
    }
    if (error) {
        co_await stream->closeInTask(); // an error of the cleanup takes the place of the first
        std::rethrow_exception(error);
    }
}

/// For blocking code.
template <typename T>
Generator<T> blockingItems(StreamHandle<T> stream)
{
    struct Closing // waits for the cleanup
    {
        StreamHandle<T> &stream;
        ~Closing() { stream->closeQuietly(); }
    };
    const Closing closing{stream};
    while (std::optional<T> item = stream->takeBlocking())
        co_yield std::move(*item);
}

/// A blocking generator run by the thread that asks for the items, in the context of the call that
/// made it. Keeps function and arguments.
template <typename T, typename Work>
Generator<T> directItems(std::unique_ptr<Work> work, RefPtr<ContextMap> context, bool isolated)
{
    Generator<T> source;
    bool opened = false;
    const auto advance = [&]() -> T * {
        std::optional<StreamContextScope> scope;
        if (isolated)
            scope.emplace(context);
        if (!std::exchange(opened, true))
            source = (*work)();
        const auto it = source.begin();
        return it == source.end() ? nullptr : std::addressof(*it);
    };
    while (T *const item = advance())
        co_yield std::move(*item);
}
QT_WARNING_POP

} // namespace Synchronaut::detail
