// P1: a decorated plain function, called where a plain call would do.
#include "support/cases.h"

#include <Synchronaut/Synchronaut>

namespace Benchmarks {

namespace {

[[gnu::noinline]] int add(int a, int b)
{
    return a + b;
}

const auto decorated = Synchronaut::synchronaut(SYNCHRONAUT_FN(add));

constexpr int callCount = 1'000'000;

// f.sync(a, b) in a sync context; the bridge is a global, reached through a pointer that the
// optimiser cannot see through, so that it is not folded into a call of add().
double viaBridge()
{
    const auto *const f = opaque(&decorated);
    int sum = 0;
    const CpuStopwatch watch;
    for (int i = 0; i < callCount; ++i) {
        sum += f->sync(i, 1);
        keep(sum);
    }
    return watch.ns() / callCount;
}

double viaPointer()
{
    int (*const f)(int, int) = opaque(&add);
    int sum = 0;
    const CpuStopwatch watch;
    for (int i = 0; i < callCount; ++i) {
        sum += f(i, 1);
        keep(sum);
    }
    return watch.ns() / callCount;
}

Cases cases()
{
    return {{"P1", "f.sync(a, b), plain function, sync context", "ns", viaBridge,
             {{"call through a function pointer", viaPointer, {Target::Kind::AtMostMore, 5.0}}}}};
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
