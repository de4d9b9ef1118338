// P14: does the GUI loop keep ticking while a flood of calls completes?
#include "support/cases.h"
#include "support/manual.h"

#include <Synchronaut/Synchronaut>

#include <QtConcurrent/QtConcurrentRun>
#include <QtCore/QEventLoop>
#include <QtCore/QTimer>

#include <algorithm>
#include <atomic>
#include <vector>

namespace Benchmarks {

namespace {

using Synchronaut::callAny;
using Synchronaut::callAsync;
using Synchronaut::Task;

constexpr int callCount = 100'000;

/// Keeps every call from completing until all have been started: starting is not what is measured.
std::atomic<bool> s_open{false};

int gated(int i)
{
    s_open.wait(false);
    return i + 1;
}

/// The loop, its tick of 5 ms, and the longest time without one.
class Ticking
{
public:
    Ticking()
    {
        s_open = false;
        m_timer.setTimerType(Qt::PreciseTimer);
        m_timer.setInterval(5);
        QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { tick(); });
    }

    void completed()
    {
        if (--m_left == 0)
            m_loop.quit();
    }

    /// Lets the calls complete; gives the longest gap in ms, that before the first tick and that after
    /// the last one included.
    double run()
    {
        m_timer.start();
        m_last = Stopwatch();
        s_open = true;
        s_open.notify_all();
        m_loop.exec();
        tick();
        return m_longest / 1e6;
    }

    QObject *context() { return &m_timer; }

private:
    void tick()
    {
        m_longest = std::max(m_longest, m_last.ns());
        m_last = Stopwatch();
    }

    QEventLoop m_loop;
    QTimer m_timer;
    Stopwatch m_last;
    double m_longest = 0;
    int m_left = callCount;
};

Task<void> awaitOne(int i, Ticking *ticking)
{
    co_await callAsync(gated, i);
    ticking->completed();
}

// A task each, resumed on the GUI thread when its call has completed.
double tasks()
{
    Ticking ticking;
    for (int i = 0; i < callCount; ++i)
        startTask(awaitOne(i, &ticking));
    return ticking.run();
}

// A future each, with a continuation on the GUI thread.
double futures()
{
    Ticking ticking;
    const Synchronaut::CallModeScope async(Synchronaut::CallMode::Async);
    std::vector<QFuture<void>> all;
    for (int i = 0; i < callCount; ++i) {
        all.push_back(callAny(gated, i).then(ticking.context(), [&ticking](int) {
            ticking.completed();
        }));
    }
    return ticking.run();
}

double concurrent()
{
    Ticking ticking;
    std::vector<QFuture<void>> all;
    for (int i = 0; i < callCount; ++i) {
        all.push_back(QtConcurrent::run(gated, i).then(ticking.context(), [&ticking](int) {
            ticking.completed();
        }));
    }
    return ticking.run();
}

Cases cases()
{
    using Kind = Target::Kind;
    const char *const peer = "QtConcurrent::run, then(context)";
    return {{"P14", "longest gap of a 5 ms tick, 100,000 tasks complete", "ms", tasks,
             {{"-", {}, {Kind::AtMost, 16}, false},
              {peer, concurrent, {Kind::AtMostTimes, 0.5}, false}}},
            {"P14", "the same, callAny(), then(context)", "ms", futures,
             {{"-", {}, {Kind::AtMost, 16}, false},
              {peer, concurrent, {Kind::AtMostTimes, 0.5}, false}}}};
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
