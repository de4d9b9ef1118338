#include <Synchronaut/CallAny>

QFuture<int> start(int (*f)(int))
{
    return Synchronaut::callAny(f, 1);
}
