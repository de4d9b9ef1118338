// Logic written once, as plain functions and coroutines, called from sync and async code.
#include <Synchronaut/Synchronaut>

#include <QtCore/QCoreApplication>
#include <QtCore/QTextStream>
#include <QtCore/QThread>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

// --- plain functions and coroutines ---
int syncAdd(int a, int b)
{
    return a + b;
}

Task<int> asyncAdd(int a, int b)
{
    co_await sleepFor(1ms);
    co_return a + b;
}

int slowAdd(int a, int b)
{
    for (int i = 0; i < 200 && !isCanceled(); ++i)
        QThread::msleep(10);
    return a + b;
}

// --- decorated versions ---
const auto decSyncAdd = synchronaut(SYNCHRONAUT_FN(syncAdd));
const auto decAsyncAdd = synchronaut(SYNCHRONAUT_FN(asyncAdd), {.timeout = 1s});

template <typename T>
void print(const char *what, const T &value)
{
    QTextStream(stdout) << what << ": " << value << Qt::endl;
}

Task<> asyncDemo()
{
    // sync -> sync
    print("syncAdd", syncAdd(1, 2));
    print("callAny(syncAdd)", co_await callAny(syncAdd, 3, 4));
    // in an async context a plain function is offloaded to the pool
    print("offloaded syncAdd", co_await callAny(syncAdd, 5, 6));

    // async -> async
    print("asyncAdd", co_await asyncAdd(7, 8));
    print("callAny(asyncAdd)", co_await callAny(asyncAdd, 7, 8));

    // decorator shortcuts
    print("decSyncAdd.async", co_await decSyncAdd.async(6, 7));
    print("decAsyncAdd", co_await decAsyncAdd(8, 9));

    // a timeout cancels the plain function, which looks at isCanceled()
    try {
        const CallOptions halfASecond{.timeout = 500ms};
        co_await callAny(halfASecond, SYNCHRONAUT_FN(slowAdd), 1, 2);
    } catch (const CallTimeout &e) {
        print("Timeout caught", e.message());
    }
}

} // namespace

int main(int argc, char *argv[])
{
    const QCoreApplication app(argc, argv);

    // from sync code
    print("decSyncAdd.sync(2,3)", decSyncAdd.sync(2, 3));
    print("callSync(asyncAdd)", callSync(asyncAdd, 9, 10));
    // then the asynchronous demonstrations
    run(asyncDemo());
    return 0;
}
