#pragma once

#include <Synchronaut/batchoptions.h>
#include <Synchronaut/detail/callbody.h>
#include <Synchronaut/detail/cancelwatch.h>
#include <Synchronaut/detail/observedcall.h>

#include <QtCore/QFuture>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

namespace Synchronaut::detail {

class BatchRunner;

/*!
    What all batches have in common: which call runs when and where. The batch itself is one call
    (of kind Plain, it runs no code of its own) that settles when all of its calls have given their
    results, or with the first failure. See batch.cpp for who takes what.
*/
class SYNCHRONAUT_EXPORT Batch : public CallObserver
{
public:
    enum class Order : std::uint8_t {
        Parallel,
        InTurn, ///< plain functions on the calling thread, as long as no async one comes
    };

    void callSettled(std::uint32_t number, CallState &call) override;
    bool isAbandoned() const noexcept override;

protected:
    explicit Batch(CallState &call) noexcept;
    ~Batch() override;

    /// Begins the batch's call and starts its calls; never waits, except for those InTurn.
    void start(const BatchOptions &options, Order order, const char *name);
    /// The batch's call has settled: what has not started never does, what runs is stopped.
    void stopRest();

    virtual std::uint32_t size() const noexcept = 0;
    virtual CallWay way(std::uint32_t number) const noexcept = 0;
    /// Calls a Quick one here and keeps its result. Gives the error that ends the batch, or null.
    virtual std::exception_ptr runQuick(std::uint32_t number) noexcept = 0;
    /// Makes a call of its own, which is not begun.
    virtual RefPtr<CallState> makeCall(std::uint32_t number) = 0;
    virtual CallOptions options(std::uint32_t number) const = 0;
    virtual const char *typeName(std::uint32_t number) const noexcept = 0;
    /// Keeps the result of a call of its own. Gives the error that ends the batch, or null.
    virtual std::exception_ptr keep(std::uint32_t number, CallState &call) noexcept = 0;
    /// All results are there.
    virtual void settle() noexcept = 0;
    virtual QFuture<void> handle() = 0;

private:
    friend class BatchRunner;
    struct Block;
    struct Child;
    struct HomeMessage;
    struct Place;

    std::uint32_t numberOfPlain(std::uint32_t position) const noexcept;
    bool claim(Place &place, std::uint32_t &position) noexcept;
    bool hasUnclaimed() const noexcept;
    void addRunner();
    void submitRunner(std::int64_t position);
    void work(BatchRunner &runner, std::int64_t position);
    void workFreely();
    void workInTurn(std::uint32_t number);
    bool runPlain(std::uint32_t number, std::uint32_t &done);
    void passOn();
    void startNext();
    void startOther(std::uint32_t number);
    RefPtr<CallState> takeOn(std::uint32_t number, bool inRunner);
    bool leaveRunner(std::uint32_t number);
    void permitHome(std::uint32_t count);
    void postHome();
    void startAtHome();
    void done(std::uint32_t count);
    bool checkStopped();

    CallState &m_call;
    CancelWatch m_watch;
    std::atomic<bool> m_stopped{false};
    bool m_inOrder = false; ///< numbers are taken one by one, in input order
    std::uint32_t m_count = 0;
    std::uint32_t m_limit = 0; ///< maxConcurrency; 0: none
    QThreadPool *m_pool = nullptr;
    std::atomic<std::uint32_t> m_open{0}; ///< calls without a result

    // plain functions; all in order, unless m_inOrder
    std::vector<std::uint32_t> m_plain; ///< their numbers; empty: all are plain
    std::uint32_t m_plainCount = 0;
    std::uint32_t m_blockSize = 1;
    std::unique_ptr<Block[]> m_blocks; ///< null: blocks of one
    std::atomic<std::uint32_t> m_next{0}; ///< block, or number if m_inOrder
    std::atomic<std::uint32_t> m_runners{0};
    std::atomic<std::uint32_t> m_freePlaces{0}; ///< to be passed on, if m_inOrder
    RefPtr<CallState> m_stealable;

    // async functions
    std::vector<std::uint32_t> m_home;
    std::uint32_t m_nextHome = 0; ///< on the home thread
    std::atomic<std::uint32_t> m_permits{0};
    std::unique_ptr<HomeMessage> m_homeMessage;

    std::mutex m_lock; ///< for what follows
    std::unique_ptr<Child[]> m_children; ///< by number; null: there are only Quick ones
    std::vector<BatchRunner *> m_working;
};

} // namespace Synchronaut::detail
