#pragma once

#include <Synchronaut/asyncgenerator.h>
#include <Synchronaut/blockingrange.h>
#include <Synchronaut/detail/streamitems.h>

namespace Synchronaut {

namespace detail {

/// True if there is something to buffer. CallError for a negative number.
SYNCHRONAUT_EXPORT bool checkCapacity(int items);
[[noreturn]] SYNCHRONAUT_EXPORT void throwBufferedTooLate();

} // namespace detail

/*!
    The same items as those of \a source, which is let run ahead of its consumer by at most \a items of
    them. An error comes after the items before it. From the first item on \a source runs in a call of
    its own, on the consumer's loop, in the context of that moment; closing, destroying or cancelling
    the result ends it. Nothing is made ahead with 0; CallError for a negative number.

    Of what callAsync() gives of a stream function, before its first item, the producer itself is
    buffered, in its thread.
*/
template <typename T>
AsyncGenerator<T> buffered(AsyncGenerator<T> source, int items)
{
    if (!detail::checkCapacity(items))
        return source;
    const auto capacity = static_cast<std::size_t>(items);
    detail::StreamCore *const stream = detail::streamBehind(source);
    if (stream && stream->setCapacity(capacity))
        return source;
    using Source = detail::LoopStreamOf<T, detail::GivenSource<T>>;
    const CallOptions options{.name = "buffered", .where = {}};
    detail::RefPtr<Source> made(new Source(detail::StreamHome::Kind::Here, options, nullptr,
                                           std::move(source))); // owned by the references to it
    made->setCapacity(capacity);
    return detail::streamItems<T>(detail::StreamHandle<T>(std::move(made)));
}

/*!
    The same range, whose generator is let run ahead in its thread by at most \a items. They are taken
    out without crossing threads, so that many small ones go fast:

    \code
    for (Row &row : buffered(callSync(rowsOf, "people"), 64)) …
    \endcode

    To be called before the first item: CallError after it, and for a negative number.
*/
template <typename T>
BlockingRange<T> buffered(BlockingRange<T> range, int items)
{
    if (detail::checkCapacity(items) && range.stream()
        && !range.stream()->setCapacity(static_cast<std::size_t>(items)))
        detail::throwBufferedTooLate();
    return range;
}

} // namespace Synchronaut
