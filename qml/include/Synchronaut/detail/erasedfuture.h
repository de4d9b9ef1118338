#pragma once

#include <QtCore/QFuture>
#include <QtCore/QVariant>

#include <functional>
#include <type_traits>

namespace Synchronaut::detail {

/// A QFuture<T> without its T: what to watch, and how to read what has arrived.
struct ErasedFuture
{
    QFuture<void> state;
    std::function<QVariant(int index)> resultAt; ///< empty for QFuture<void>
};

template <typename T>
ErasedFuture eraseFuture(const QFuture<T> &future)
{
    if constexpr (std::is_void_v<T>) {
        return {future, {}};
    } else {
        static_assert(std::is_copy_constructible_v<T>,
                      "QML gets a copy of the result: T of QFuture<T> has to be copyable");
        return {QFuture<void>(future), [future](int index) -> QVariant {
                    if constexpr (std::is_same_v<T, QVariant>)
                        return future.resultAt(index);
                    else
                        return QVariant::fromValue<T>(future.resultAt(index));
                }};
    }
}

} // namespace Synchronaut::detail
