#pragma once

#include <QtCore/QFuture>
#include <QtCore/QPromise>

#include <utility>

namespace TestSupport {

/// QtFuture::makeReadyFuture(), which has another name in every Qt.
template <typename T>
QFuture<T> finishedFuture(T value)
{
    QPromise<T> promise;
    promise.start();
    promise.addResult(std::move(value));
    promise.finish();
    return promise.future();
}

inline QFuture<void> finishedFuture()
{
    QPromise<void> promise;
    promise.start();
    promise.finish();
    return promise.future();
}

} // namespace TestSupport
