#include "counterproxy.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QCoreApplication>

#include <cstdio>

static int plainAdd(int a, int b)
{
    return a + b;
}

static Synchronaut::Task<int> asyncAdd(int a, int b)
{
    co_return a + b;
}

static const auto add = Synchronaut::synchronaut(&plainAdd);

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);

    std::printf("callSync %d\n", Synchronaut::callSync(asyncAdd, 2, 3));
    std::printf("callAny %d\n", Synchronaut::callAny(asyncAdd, 3, 4).result());
    std::printf("decorator %d\n", add.sync(1, 2));
    Synchronaut::Synchronizer io("counter");
    const CounterProxy counter(io.make<Counter>());
    counter.increment();
    std::printf("proxy %d\n", counter.incrementSync(2));
    std::printf("version %s\n", SYNCHRONAUT_VERSION_STR);
}
