#include <Synchronaut/Synchronaut>

#include <QtCore/QCoreApplication>

static Synchronaut::Task<int> asyncAdd(int a, int b)
{
    co_return a + b;
}

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    return Synchronaut::callSync(asyncAdd, 2, 3) == 5 ? 0 : 1;
}
