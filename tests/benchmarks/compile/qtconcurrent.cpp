#include <QtConcurrent>

QFuture<int> start(int (*f)(int))
{
    return QtConcurrent::run(f, 1);
}
