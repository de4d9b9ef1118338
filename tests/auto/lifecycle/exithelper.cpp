// A process that ends while calls are pending or stuck; what tst_lifecycle_process starts and times.
#include <Synchronaut/Synchronaut>

#include <QtCore/QCoreApplication>
#include <QtCore/QThread>

#include <atomic>
#include <thread>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

Task<int> forever()
{
    co_await sleepFor(1h);
    co_return 1;
}

int stuck(std::atomic<bool> *started)
{
    *started = true;
    QThread::sleep(3600);
    return 1;
}

std::atomic<bool> s_started{false};

} // namespace

int main(int argc, char *argv[])
{
    const QCoreApplication app(argc, argv);
    const QString what = app.arguments().value(1);
    if (what == QStringLiteral("pending")) {
        static_cast<void>(callAny(forever));
        static_cast<void>(spawn(forever()));
        std::thread([] { // somebody who waits
            try {
                callSync(forever);
            } catch (const CallError &) {
            }
        }).detach();
        QThread::msleep(20);
    } else if (what == QStringLiteral("stuck-function")) {
        static_cast<void>(callAny({.forceOffload = true}, stuck, &s_started));
        while (!s_started)
            QThread::msleep(1);
    } else if (what == QStringLiteral("stuck-loop")) {
        const auto blocks = []() -> Task<int> { co_return stuck(&s_started); };
        static_cast<void>(callAny(blocks));
        while (!s_started)
            QThread::msleep(1);
    } else {
        return callSync(forever) + 100; // never: an unknown scenario hangs and fails the test
    }
    return 7;
}
