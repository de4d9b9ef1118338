// The generators that the tests of streams share.
#pragma once

#include "../support/waiting.h"

#include <QtCore/QSemaphore>

#include <memory>
#include <stdexcept>
#include <vector>

namespace TestSupport {

/// What a generator leaves behind for its test to look at.
struct Footprints
{
    std::atomic<int> made{0};          ///< items
    std::atomic<QThread *> thread{nullptr}; ///< of the last item
    std::atomic<QThread *> cleanedOn{nullptr};
    std::atomic<bool> cleaned{false};
};

/// Says where its generator's locals were destroyed; without a trace, nothing.
class Cleanup
{
public:
    explicit Cleanup(Footprints *trace) : m_trace(trace) { }
    ~Cleanup()
    {
        if (!m_trace)
            return;
        m_trace->cleanedOn = QThread::currentThread();
        m_trace->cleaned = true;
    }
    Cleanup(const Cleanup &) = delete;
    Cleanup &operator=(const Cleanup &) = delete;

    /// An item is about to be given, here.
    void countItem() const
    {
        if (!m_trace)
            return;
        m_trace->thread = QThread::currentThread();
        ++m_trace->made;
    }

private:
    Footprints *m_trace;
};

/// An item that is neither copyable nor default-constructible.
class Parcel
{
public:
    explicit Parcel(int content) : m_content(std::make_unique<int>(content)) { }
    int content() const { return *m_content; }

private:
    std::unique_ptr<int> m_content;
};

/// 0, 1, … n - 1, without waiting for anything.
inline constexpr auto readyNumbers = [](int n, Footprints *trace = nullptr) -> Synchronaut::AsyncGenerator<int> {
    const Cleanup cleanup(trace);
    for (int i = 0; i < n; ++i) {
        cleanup.countItem();
        co_yield int(i);
    }
};

/// The same, each after a moment.
inline constexpr auto numbers = [](int n, Footprints *trace = nullptr) -> Synchronaut::AsyncGenerator<int> {
    const Cleanup cleanup(trace);
    for (int i = 0; i < n; ++i) {
        co_await Synchronaut::yieldNow();
        cleanup.countItem();
        co_yield int(i);
    }
};

/// The same, blocking.
inline constexpr auto blockingNumbers = [](int n, Footprints *trace = nullptr) -> Synchronaut::Generator<int> {
    const Cleanup cleanup(trace);
    for (int i = 0; i < n; ++i) {
        cleanup.countItem();
        co_yield int(i);
    }
};

/// Throws in place of item n.
inline Synchronaut::AsyncGenerator<int> failingAt(int n)
{
    for (int i = 0; i < n; ++i) {
        co_await Synchronaut::yieldNow();
        co_yield int(i);
    }
    throw std::runtime_error("no more");
}

inline Synchronaut::Generator<int> blockingFailingAt(int n)
{
    for (int i = 0; i < n; ++i)
        co_yield int(i);
    throw std::runtime_error("no more");
}

/// One item, and then nothing for an hour.
inline Synchronaut::AsyncGenerator<int> stuckAfterOne(Footprints *trace)
{
    const Cleanup cleanup(trace);
    co_yield 1;
    co_await Synchronaut::sleepFor(std::chrono::hours(1));
    co_yield 2;
}

/// All items of something one can iterate over.
template <typename Range>
std::vector<int> all(Range &&range)
{
    std::vector<int> items;
    for (const int item : range)
        items.push_back(item);
    return items;
}

inline std::vector<int> upTo(int n)
{
    std::vector<int> items;
    for (int i = 0; i < n; ++i)
        items.push_back(i);
    return items;
}

} // namespace TestSupport
