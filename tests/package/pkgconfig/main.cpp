#include <Synchronaut/Synchronaut>

#include <QtCore/QCoreApplication>

#include <cstdio>

static Synchronaut::Task<int> asyncAdd(int a, int b)
{
    co_return a + b;
}

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    std::printf("callSync %d\n", Synchronaut::callSync(asyncAdd, 2, 3));
}
