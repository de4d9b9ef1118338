#pragma once

#include <Synchronaut/run.h>

#include <QtCore/QFuture>

#include <utility>

namespace Synchronaut {

/*!
    A QFuture for anything that can be awaited. A QFuture is given back as it is; anything else is
    started on this thread's loop, as spawn() does.
*/
template <detail::Awaitable A>
auto toFuture(A &&awaitable) -> QFuture<typename detail::AwaitResult<A>::Type>
{
    if constexpr (detail::IsFuture<std::remove_cvref_t<A>>::value)
        return std::forward<A>(awaitable);
    else
        return spawn(std::forward<A>(awaitable));
}

} // namespace Synchronaut
