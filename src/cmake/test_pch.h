// What nearly every test includes.
#include <QtConcurrent/QtConcurrentRun>
#include <QtCore/QCoreApplication>
#include <QtCore/QDeadlineTimer>
#include <QtCore/QElapsedTimer>
#include <QtCore/QFuture>
#include <QtCore/QFutureWatcher>
#include <QtCore/QPromise>
#include <QtCore/QString>
#include <QtCore/QThread>
#include <QtCore/QThreadPool>
#include <QtCore/QTimer>
#include <QtTest/QTest>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>
#include <thread>

#include <Synchronaut/CallAny>
#include <Synchronaut/CallAsync>
#include <Synchronaut/CallSync>
#include <Synchronaut/Cancellation>
#include <Synchronaut/Run>
#include <Synchronaut/Timers>
#include <Synchronaut/WithTimeout>
