// Coroutine shapes that GCC 12 gets wrong, and their neighbours that it gets right, in a bare
// coroutine. "gcc12_shapes NAME" runs one and prints "right" or what is wrong; it may crash.
#include <coroutine>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <set>
#include <utility>

#ifdef __unix__
#  include <sys/resource.h>
#endif

namespace {

std::set<const void *> s_alive;
int s_made = 0;
int s_gone = 0;
bool s_strayed = false; // destroyed where nothing lived, or made where something did
bool s_reachedEnd = false;

/// Notices being destroyed twice without doing any harm.
class Tracked
{
public:
    explicit Tracked(int value) : m_value(value) { enter(); }
    Tracked(const Tracked &other) : m_value(other.m_value) { enter(); }
    Tracked(Tracked &&other) noexcept : m_value(other.m_value) { enter(); }
    Tracked &operator=(const Tracked &) = default;
    Tracked &operator=(Tracked &&) = default;
    ~Tracked()
    {
        ++s_gone;
        s_strayed = s_alive.erase(this) != 1 || s_strayed;
    }
    int value() const { return m_value; }

private:
    void enter()
    {
        ++s_made;
        s_strayed = !s_alive.insert(this).second || s_strayed;
    }
    int m_value;
};

class Coroutine
{
public:
    struct promise_type
    {
        Coroutine get_return_object()
        {
            return Coroutine(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() { }
        void unhandled_exception() { std::terminate(); }
        template <typename T>
        std::suspend_always yield_value(T &&)
        {
            return {};
        }
    };

    explicit Coroutine(std::coroutine_handle<promise_type> frame) : m_frame(frame) { }
    Coroutine(Coroutine &&other) noexcept : m_frame(std::exchange(other.m_frame, {})) { }
    Coroutine &operator=(Coroutine &&) = delete;
    ~Coroutine()
    {
        if (m_frame)
            m_frame.destroy();
    }
    void runToEnd()
    {
        while (!m_frame.done())
            m_frame.resume();
    }

private:
    std::coroutine_handle<promise_type> m_frame;
};

/// Suspends; gives true.
struct Wait
{
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept { }
    bool await_resume() const noexcept { return true; }
};

struct WaitForTracked : Wait
{
    Tracked await_resume() const { return Tracked(1); }
};

struct Aggregate
{
    Tracked member;
    int number = 0;
};

/// The same with a constructor: no aggregate.
class Constructed
{
public:
    explicit Constructed(int value) : m_member(value) { }

private:
    Tracked m_member;
};

struct AggregateAwaiter
{
    Tracked member;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept { }
    void await_resume() const noexcept { }
};

template <typename T>
Wait take(T)
{
    return {};
}

template <typename T>
Wait look(const T &)
{
    return {};
}

volatile bool s_yes = true;
volatile bool s_no = false;

// -- wrong on GCC 12 --------------------------------------------------------------------------------

Coroutine closureWithCopy()
{
    Tracked local(1);
    co_await take([local] { return local.value(); });
    s_reachedEnd = true;
}

Coroutine closureWithMove()
{
    Tracked local(1);
    co_await take([moved = std::move(local)] { return moved.value(); });
    s_reachedEnd = true;
}

Coroutine aggregateByValue()
{
    co_await take(Aggregate{Tracked(1), 2});
    s_reachedEnd = true;
}

Coroutine aggregateByReference()
{
    co_await look(Aggregate{Tracked(1), 2});
    s_reachedEnd = true;
}

Coroutine aggregateAsAwaiter()
{
    co_await AggregateAwaiter{Tracked(1)};
    s_reachedEnd = true;
}

Coroutine aggregateYielded()
{
    co_yield Aggregate{Tracked(1), 2};
    s_reachedEnd = true;
}

Coroutine conditionalAwaitTaken()
{
    const Tracked result = s_yes ? co_await WaitForTracked() : Tracked(2);
    s_reachedEnd = result.value() == 1;
}

Coroutine conditionalAwaitNotTaken()
{
    const Tracked result = s_no ? co_await WaitForTracked() : Tracked(2);
    s_reachedEnd = result.value() == 2;
}

Coroutine conditionalArgument()
{
    co_await look(s_yes ? Tracked(1) : Tracked(2));
    s_reachedEnd = true;
}

Coroutine newOfAwaited()
{
    const std::unique_ptr<Tracked> result(new Tracked(co_await WaitForTracked()));
    s_reachedEnd = result->value() == 1;
}

Coroutine ifIsTheOnlyStatement()
{
    if (co_await Wait())
        s_reachedEnd = true;
}

// -- right on every compiler ------------------------------------------------------------------------

Coroutine closureNamed()
{
    Tracked local(1);
    const auto work = [local] { return local.value(); };
    co_await take(work);
    s_reachedEnd = true;
}

Coroutine closureWithReference()
{
    Tracked local(1);
    co_await take([&local] { return local.value(); });
    s_reachedEnd = true;
}

Coroutine closureWithNumber()
{
    const int number = 1;
    co_await take([number] { return number; });
    s_reachedEnd = true;
}

Coroutine aggregateNamed()
{
    Aggregate named{Tracked(1), 2};
    co_await take(std::move(named));
    s_reachedEnd = true;
}

Coroutine constructedArgument()
{
    co_await take(Constructed(1));
    s_reachedEnd = true;
}

Coroutine ifInsteadOfConditional()
{
    std::unique_ptr<Tracked> result;
    if (s_yes) {
        Tracked awaited = co_await WaitForTracked();
        result = std::make_unique<Tracked>(std::move(awaited));
    }
    s_reachedEnd = result->value() == 1;
}

Coroutine conditionNamed()
{
    const bool answer = co_await Wait();
    if (answer)
        s_reachedEnd = true;
}

struct Shape
{
    const char *name;
    Coroutine (*function)();
};

#define SHAPE(f) Shape{#f, &f}
const Shape shapes[] = {
        SHAPE(closureWithCopy),       SHAPE(closureWithMove),
        SHAPE(aggregateByValue),      SHAPE(aggregateByReference),
        SHAPE(aggregateAsAwaiter),    SHAPE(aggregateYielded),
        SHAPE(conditionalAwaitTaken), SHAPE(conditionalAwaitNotTaken),
        SHAPE(conditionalArgument),   SHAPE(newOfAwaited),
        SHAPE(ifIsTheOnlyStatement),  SHAPE(closureNamed),
        SHAPE(closureWithReference),  SHAPE(closureWithNumber),
        SHAPE(aggregateNamed),        SHAPE(constructedArgument),
        SHAPE(ifInsteadOfConditional), SHAPE(conditionNamed),
};

} // namespace

int main(int argc, char *argv[])
{
#ifdef __unix__
    const rlimit noCore{0, 0};
    setrlimit(RLIMIT_CORE, &noCore); // a crash is an answer here
#endif
    for (const Shape &shape : shapes) {
        if (argc < 2) {
            std::puts(shape.name);
            continue;
        }
        if (std::strcmp(shape.name, argv[1]) != 0)
            continue;
        {
            Coroutine coroutine = shape.function();
            coroutine.runToEnd();
        }
        if (!s_reachedEnd)
            std::puts("did not reach its end");
        else if (s_made != s_gone || s_strayed || !s_alive.empty())
            std::printf("%d made, %d destroyed\n", s_made, s_gone);
        else
            std::puts("right");
        return 0;
    }
    return argc < 2 ? 0 : 2;
}
