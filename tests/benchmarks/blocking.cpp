// P4: a plain thread calls an async function and waits for it.
#include "support/cases.h"
#include "support/plainthread.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QObject>
#include <QtCore/QThread>

#include <atomic>
#include <cstdint>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace Benchmarks {

namespace {

Synchronaut::Task<int> trivial(int i)
{
    co_return i + 1;
}

// callSync(): there to the background loop, the coroutine, and back.
double ours()
{
    return inPlainThread([](int i) {
        if (Synchronaut::callSync(trivial, i) != i + 1)
            throw Failed("wrong result");
    });
}

// The same through Qt: a functor run in a thread with an event loop.
double blockingQueued()
{
    QThread thread;
    QObject target;
    target.moveToThread(&thread);
    thread.start();
    const double time = inPlainThread([&target](int i) {
        int result = 0;
        QMetaObject::invokeMethod(
                &target, [i] { return i + 1; }, Qt::BlockingQueuedConnection, &result);
        if (result != i + 1)
            throw Failed("wrong result");
    });
    thread.quit();
    thread.wait();
    return time;
}

// What the system can do: an eventfd one way, a futex back, and nothing else.
double eventfdAndFutex()
{
    const int event = eventfd(0, EFD_CLOEXEC);
    std::atomic<std::uint32_t> answer{0};
    std::atomic<bool> ended{false};
    const auto futex = [&answer](int operation, std::uint32_t value) {
        syscall(SYS_futex, &answer, operation, value, nullptr, nullptr, 0);
    };
    std::thread server([&] {
        std::uint64_t number = 0;
        while (read(event, &number, sizeof number) == sizeof number && !ended.load()) {
            answer.store(1);
            futex(FUTEX_WAKE_PRIVATE, 1);
        }
    });
    const std::uint64_t one = 1;
    const auto poke = [&] { return write(event, &one, sizeof one) == sizeof one; };
    const double time = inPlainThread([&](int) {
        answer.store(0);
        if (!poke())
            throw Failed("eventfd");
        while (answer.load() == 0)
            futex(FUTEX_WAIT_PRIVATE, 0);
    });
    ended = true;
    poke();
    server.join();
    close(event);
    return time;
}

Cases cases()
{
    using Kind = Target::Kind;
    return {{"P4", "callSync(trivial task) from a plain thread", "ns", ours,
             {{"Qt::BlockingQueuedConnection", blockingQueued, {Kind::AtMostTimes, 0.8}},
              {"limit: eventfd there, futex back", eventfdAndFutex, {Kind::AtMostTimes, 1.3}}}}};
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
