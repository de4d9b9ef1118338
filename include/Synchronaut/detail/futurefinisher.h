#pragma once

#include <Synchronaut/export.h>

#include <QtCore/QFutureInterface>

#include <atomic>
#include <memory>

namespace Synchronaut::detail {

/*!
    Finishes a QFuture so that a continuation attached meanwhile in another thread runs exactly
    once (G22), as far as Qt lets us. See futurefinisher.cpp.
*/
class SYNCHRONAUT_EXPORT FutureFinisher
{
public:
    FutureFinisher() = default;
    FutureFinisher(const FutureFinisher &) = delete;
    FutureFinisher &operator=(const FutureFinisher &) = delete;
    ~FutureFinisher();

    /// Before the future leaves the function that makes it: marks it as running.
    void start(QFutureInterfaceBase &future);
    /// Once, by whoever settled the call, when result or error are in. True when somebody may
    /// still see what is in it.
    /// For a QFuture<void>, whose handles Qt does not count, it cannot tell: \a holders then expires
    /// with the last handle, unless it is empty because a continuation is attached.
    bool finish(QFutureInterfaceBase &future, std::weak_ptr<const void> *holders = nullptr);

private:
    class Guard;
    enum Phase : std::uint8_t { Open, Committed, Attached, Finished };
    std::atomic<std::uint8_t> m_phase{Open};
};

} // namespace Synchronaut::detail
