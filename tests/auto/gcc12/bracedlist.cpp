// Compiled by tst_gcc12 while it runs: GCC 12 says "array used as initializer".
#include <coroutine>
#include <initializer_list>

struct Coroutine
{
    struct promise_type
    {
        Coroutine get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() { }
        void unhandled_exception() { }
    };
};

std::suspend_never take(std::initializer_list<int>)
{
    return {};
}

Coroutine bracedList()
{
#ifdef NAMED_FIRST
    const std::initializer_list<int> list = {1, 2};
    co_await take(list);
#else
    co_await take({1, 2});
#endif
}
