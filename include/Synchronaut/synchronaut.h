#pragma once

#include <Synchronaut/asyncgenerator.h>
#include <Synchronaut/asyncresource.h>
#include <Synchronaut/batchoptions.h>
#include <Synchronaut/blockingrange.h>
#include <Synchronaut/bridge.h>
#include <Synchronaut/buffered.h>
#include <Synchronaut/call.h>
#include <Synchronaut/callablename.h>
#include <Synchronaut/callany.h>
#include <Synchronaut/callasync.h>
#include <Synchronaut/callmap.h>
#include <Synchronaut/callon.h>
#include <Synchronaut/calloptions.h>
#include <Synchronaut/callsync.h>
#include <Synchronaut/cancellation.h>
#include <Synchronaut/context.h>
#include <Synchronaut/contextvar.h>
#include <Synchronaut/continuewith.h>
#include <Synchronaut/emissions.h>
#include <Synchronaut/errors.h>
#include <Synchronaut/eventloopthread.h>
#include <Synchronaut/fromsignal.h>
#include <Synchronaut/generator.h>
#include <Synchronaut/iodevice.h>
#include <Synchronaut/lifecycle.h>
#include <Synchronaut/outcome.h>
#include <Synchronaut/parallelmap.h>
#include <Synchronaut/process.h>
#include <Synchronaut/proxytarget.h>
#include <Synchronaut/retry.h>
#include <Synchronaut/run.h>
#include <Synchronaut/scopedresource.h>
#include <Synchronaut/singleflight.h>
#include <Synchronaut/spawnthread.h>
#include <Synchronaut/stats.h>
#include <Synchronaut/synchronized.h>
#include <Synchronaut/synchronizer.h>
#include <Synchronaut/task.h>
#include <Synchronaut/taskgroup.h>
#include <Synchronaut/timers.h>
#include <Synchronaut/tofuture.h>
#include <Synchronaut/trace.h>
#include <Synchronaut/unwrap.h>
#include <Synchronaut/whenall.h>
#include <Synchronaut/whenany.h>
#include <Synchronaut/withresource.h>
#include <Synchronaut/withtimeout.h>

/*!
    \namespace Synchronaut
    Everything that the library has. `Synchronaut::detail`, inside of it, is for the library alone.
*/
