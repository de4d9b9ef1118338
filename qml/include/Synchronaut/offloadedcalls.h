#pragma once

#include <Synchronaut/qmlexport.h>

QT_BEGIN_NAMESPACE
class QObject;
QT_END_NAMESPACE

namespace Synchronaut {

/*!
    Waits until no method of \a object that QML has offloaded runs any more on the pool, after asking them to stop
    (isCanceled() is true in them), and lets no other begin.

    Call it first in the destructor of a class with methods that are offloaded and use its members: nothing else
    keeps an object alive while such a method runs. Do not call it from an offloaded method. Any thread.
*/
SYNCHRONAUT_QML_EXPORT void finishOffloadedCalls(QObject *object);

} // namespace Synchronaut
