// A resource that writes down what is done to it, and fails on request.
#pragma once

#include "../support/waiting.h"

#include <QtCore/QStringList>
#include <QtTest/QTest>

#include <functional>
#include <memory>
#include <stdexcept>

namespace TestSupport {

inline Synchronaut::ContextVar<QString> &whoVariable()
{
    static Synchronaut::ContextVar<QString> variable("who", QStringLiteral("nobody"));
    return variable;
}

/// Calls \a attempt with longer and longer limits, until one was long enough to reach what is tested:
/// on a busy machine a short one passes before anything has begun.
template <typename Attempt>
void withLimitThatReaches(Attempt attempt)
{
    for (auto limit = std::chrono::milliseconds(20); limit < std::chrono::seconds(20); limit *= 2) {
        if (attempt(limit))
            return;
    }
    QFAIL("nothing was reached");
}

/// Text of any error; empty for none.
inline QString textOf(const std::exception_ptr &error)
{
    if (!error)
        return {};
    try {
        std::rethrow_exception(error);
    } catch (const Synchronaut::CallTimeout &) {
        return QStringLiteral("CallTimeout");
    } catch (const Synchronaut::CallCanceled &) {
        return QStringLiteral("CallCanceled");
    } catch (const Synchronaut::CallError &e) {
        return e.message();
    } catch (const std::exception &e) {
        return QString::fromUtf8(e.what());
    } catch (...) {
        return QStringLiteral("other");
    }
}

/// What one test sees; the ends of a scope write here from their loop, one after the other.
struct Footprints
{
    void add(const QString &line)
    {
        const QMutexLocker lock(&m_mutex);
        m_lines += line;
    }
    QStringList lines() const
    {
        const QMutexLocker lock(&m_mutex);
        return m_lines;
    }

private:
    mutable QMutex m_mutex;
    QStringList m_lines;
};

/// release() gives void or bool; both wait a little, so that it cannot end at once.
template <typename Released>
class TracedResource
{
public:
    TracedResource(Footprints &trace, QString name) : m_trace(&trace), m_name(std::move(name)) { }

    Synchronaut::Task<QString> acquire()
    {
        acquiredIn = QThread::currentThread();
        m_trace->add(QStringLiteral("acquire ") + m_name);
        whoVariable().set(m_name);
        co_await Synchronaut::sleepFor(std::chrono::milliseconds(1));
        if (failAcquire)
            throw std::runtime_error("no acquire");
        co_return m_name;
    }
    Synchronaut::Task<Released> release(std::exception_ptr error)
    {
        releasedIn = QThread::currentThread();
        who = whoVariable().get();
        canceledInRelease = Synchronaut::isCanceled();
        m_trace->add(QStringLiteral("releasing %1 (%2)").arg(m_name, textOf(error)));
        for (int i = 0; i < 3; ++i)
            co_await Synchronaut::sleepFor(std::chrono::milliseconds(1));
        m_trace->add(QStringLiteral("released ") + m_name);
        if (failRelease)
            throw std::runtime_error("no release");
        if constexpr (std::is_same_v<Released, bool>)
            co_return swallow;
    }

    bool failAcquire = false;
    bool failRelease = false;
    bool swallow = false;
    bool canceledInRelease = false;
    QString who;
    QThread *acquiredIn = nullptr;
    QThread *releasedIn = nullptr;

private:
    Footprints *m_trace;
    QString m_name;
};

using Plain = TracedResource<void>;
using Swallowing = TracedResource<bool>;

} // namespace TestSupport
