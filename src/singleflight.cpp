#include <Synchronaut/detail/flight.h>

#include <Synchronaut/cancellation.h>
#include <Synchronaut/context.h>

namespace Synchronaut::detail {

void startFlight(CallState *execution, const CallOptions &options, const char *typeName, bool isAsync)
{
    const bool offload = !isAsync && inAsyncContext();
    {
        const CancellationShield shield; // hides the caller's deadline and cancellation, too
        if (!execution->begin(options, typeName, isAsync || offload))
            return;
    }
    if (offload)
        execution->submit(nullptr);
    else if (!isAsync)
        execution->runHere();
    else if (inAsyncContext())
        execution->startHome();
    else
        execution->startOnBackground();
}

bool isCalledBy(const CallState *execution) noexcept
{
    const CallRecord *record = threadBlock().current;
    while (record && record != execution)
        record = record->parent.get();
    return execution && record;
}

std::exception_ptr reentrantFlightError(const CallState *execution)
{
    return std::make_exception_ptr(DeadlockError(
            QStringLiteral("%1() was called by what it executes, for the same key, and would wait "
                           "for itself; call the function directly there")
                    .arg(execution->displayName()),
            execution->origin()));
}

} // namespace Synchronaut::detail
