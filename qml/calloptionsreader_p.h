#pragma once

#include <QtQml/QJSValue>

#include <optional>

namespace Synchronaut::detail {

class CallRun;

/// Sets what \a options, an object of a script, say about \a run; gives the option \c offload. Throws CallError for what is none.
std::optional<bool> applyOptions(CallRun *run, const QJSValue &options);

} // namespace Synchronaut::detail
