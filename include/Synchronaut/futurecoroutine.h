#pragma once

#include <Synchronaut/detail/futurepromise.h>

#include <QtCore/QFuture>

#include <coroutine>

/*!
    \file
    Lets a coroutine return QFuture<T> itself, for slots, invokables and interfaces that others await:
    \code
    QFuture<QString> Loader::load(int id) { co_await sleepFor(10ms); co_return m_names.at(id); }
    \endcode
    It runs at once up to its first suspension, on this thread, goes on whenever this thread's loop runs,
    and may await all that a Task may. Errors are in the future; cancelling that cancels the coroutine. A
    member function of a QObject has its object as owner: when that dies, the coroutine is destroyed where
    it is suspended (see spawn()); so has a free function whose first parameter is a QObject &. Where no
    QCoreApplication is, or the object lives in another thread, the future has a CallError and nothing
    has run.

    Opt-in, and no part of <Synchronaut/Synchronaut>, because std::coroutine_traits is specialised for
    everybody in the file that includes it.
*/
/// Makes coroutines of functions that return QFuture<T>.
template <typename T, typename... Parameters>
struct std::coroutine_traits<QFuture<T>, Parameters...>
{
    using promise_type = Synchronaut::detail::FuturePromise<T>; ///< for the compiler
};
