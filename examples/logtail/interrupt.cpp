#include "interrupt.h"

#include <QtCore/QSocketNotifier>

#include <csignal>
#include <unistd.h>

namespace {

int s_pipe[2] = {-1, -1};

extern "C" void onSignal(int)
{
    // a signal handler may do next to nothing: the rest happens in the event loop
    [[maybe_unused]] const auto written = ::write(s_pipe[1], "x", 1);
}

} // namespace

Interrupt::Interrupt()
{
    if (::pipe(s_pipe) != 0)
        return;
    auto *const notifier = new QSocketNotifier(s_pipe[0], QSocketNotifier::Read, this);
    connect(notifier, &QSocketNotifier::activated, this, [this] {
        char byte = 0;
        [[maybe_unused]] const auto count = ::read(s_pipe[0], &byte, 1);
        Q_EMIT requested();
    });
    std::signal(SIGINT, onSignal);
    std::signal(SIGTERM, onSignal);
}

Interrupt::~Interrupt()
{
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    ::close(s_pipe[0]);
    ::close(s_pipe[1]);
}
