// P15: what it costs to take the context along.
#include "support/cases.h"

#include <Synchronaut/Synchronaut>

namespace Benchmarks {

namespace {

using Synchronaut::Context;
using Synchronaut::ContextVar;

ContextVar<int> a("a");
ContextVar<int> b("b");
ContextVar<int> c("c");
ContextVar<int> d("d");

[[gnu::noinline]] void nothing()
{
    asm volatile("");
}

// A hop through the public API: Context::capture(), run() of an empty function, which enters and
// leaves, and dropping the snapshot; four variables are set.
double hop()
{
    constexpr int count = 200'000;
    const ContextVar<int>::Scope scopeA(a, 1);
    const ContextVar<int>::Scope scopeB(b, 2);
    const ContextVar<int>::Scope scopeC(c, 3);
    const ContextVar<int>::Scope scopeD(d, 4);
    const CpuStopwatch watch;
    for (int i = 0; i < count; ++i)
        Context::capture().run(nothing);
    return watch.ns() / count;
}

Cases cases()
{
    return {{"P15", "Context::capture() and run(), 4 variables set", "ns", hop,
             {{"-", {}, {Target::Kind::AtMost, 15}, false}}}};
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
