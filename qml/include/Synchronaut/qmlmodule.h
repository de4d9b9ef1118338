#pragma once

#include <Synchronaut/qmlexport.h>

namespace Synchronaut {

/*!
    Makes `import Synchronaut` work without a plugin: in a program that links Synchronaut::Qml. Needed with a static library,
    which has no plugin; otherwise it saves the search for one. Call it before the first engine is made; once or more often.
*/
SYNCHRONAUT_QML_EXPORT void registerQmlModule();

} // namespace Synchronaut
