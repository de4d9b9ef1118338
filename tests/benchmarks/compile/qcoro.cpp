#include <QCoroFuture>
#include <QCoroTask>

QCoro::Task<int> start(QFuture<int> future)
{
    co_return co_await future;
}
