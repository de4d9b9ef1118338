#include <Synchronaut/qmlmodule.h>

#include "asynccall_p.h"
#include "callverbs_p.h"

#include <QtQml/qqml.h>

#include <mutex>

// Written by qmltyperegistrar.
void qml_register_types_Synchronaut();

namespace Synchronaut {

void registerQmlModule()
{
    static std::once_flag once;
    std::call_once(once, qml_register_types_Synchronaut);
}

} // namespace Synchronaut
