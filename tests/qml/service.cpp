#include "service.h"

#include <Synchronaut/OffloadedCalls>
#include <Synchronaut/Promise>
#include <Synchronaut/Synchronaut>

#include <QtCore/QDeadlineTimer>
#include <QtCore/QEventLoop>
#include <QtCore/QThread>
#include <QtCore/QTimer>
#include <QtQml/QJSEngine>
#include <QtQml/qqmlengine.h>

#include <memory>
#include <stdexcept>

using namespace std::chrono_literals;
using namespace Synchronaut;

std::atomic<int> Service::s_cancels{0};
std::atomic<int> Service::s_waiting{0};
std::atomic<bool> Service::s_goOn{false};

namespace {

Task<QString> loadTask(int id)
{
    co_await sleepFor(5ms);
    co_return QStringLiteral("user %1").arg(id);
}

/// Counts when it is destroyed before its end.
class CancelCounter
{
public:
    CancelCounter() = default;
    ~CancelCounter() { ++Service::s_cancels; }
    CancelCounter(const CancelCounter &) = delete;
    CancelCounter &operator=(const CancelCounter &) = delete;
};

Task<int> neverTask()
{
    const CancelCounter counter;
    co_await sleepFor(1h);
    co_return 0;
}

Task<QString> failTask(QString what)
{
    co_await sleepFor(2ms);
    throw std::runtime_error(what.toStdString());
}

AsyncGenerator<int> numbers(int last, bool fails)
{
    setProgressRange(0, last);
    for (int i = 1; i <= last; ++i) {
        co_await sleepFor(2ms);
        setProgress(i, QStringLiteral("at %1").arg(i));
        co_yield i;
    }
    if (fails)
        throw std::runtime_error("after the last");
}

/// In a slot there may be no loop yet; the service's thread is the right one all the same.
template <typename... A>
auto startHere(A &&...args)
{
    const CallModeScope async(CallMode::Async);
    return callAny(std::forward<A>(args)...);
}

} // namespace

Service::~Service()
{
    finishOffloadedCalls(this);
    if (m_thread) {
        m_other->deleteLater();
        m_thread->quit();
        m_thread->wait();
        delete m_thread;
    }
}

int Service::add(int a, int b)
{
    ++m_calls;
    return a + b;
}

int Service::slowLength(const QString &text)
{
    QThread::msleep(2);
    return static_cast<int>(text.size());
}

bool Service::runsElsewhere() const
{
    return QThread::currentThread() != thread();
}

bool Service::isElsewhere() const
{
    return QThread::currentThread() != thread();
}

int Service::waitForCancel()
{
    ++s_waiting;
    while (!isCanceled())
        QThread::msleep(1);
    --s_waiting;
    ++s_cancels;
    return m_calls; // touches the object: it has to be there
}

void Service::askUser(int milliseconds)
{
    QEventLoop loop;
    QTimer::singleShot(milliseconds, &loop, &QEventLoop::quit);
    loop.exec();
}

QFuture<QString> Service::load(int id)
{
    ++m_calls;
    return startHere(loadTask, id);
}

QFuture<void> Service::finishLater()
{
    return spawn(sleepFor(1ms));
}

QFuture<Contact> Service::loadContact(const QString &name)
{
    return startHere([](QString who) -> Task<Contact> {
        co_await sleepFor(1ms);
        Contact contact;
        contact.name = who;
        contact.age = 30;
        contact.tags = QStringList{QStringLiteral("a"), QStringLiteral("b")};
        co_return contact;
    }, name);
}

QFuture<QList<Contact>> Service::loadContacts(int count)
{
    return startHere([](int size) {
        QList<Contact> contacts(size);
        for (int i = 0; i < size; ++i)
            contacts[i].name = QStringLiteral("name %1").arg(i);
        return contacts;
    }, count);
}

QFuture<int> Service::countTo(int last)
{
    return startHere(numbers, last, false);
}

QFuture<int> Service::countAndFail(int last)
{
    return startHere(numbers, last, true);
}

QFuture<int> Service::never()
{
    return startHere(neverTask);
}

QFuture<QString> Service::failLater(const QString &what)
{
    return startHere(failTask, what);
}

QFuture<QString> Service::empty()
{
    QPromise<QString> promise;
    promise.start();
    promise.finish();
    return promise.future();
}

QFuture<Unregistered> Service::unregistered()
{
    ++m_calls;
    return startHere([] { return Unregistered(); });
}

QJSValue Service::promised(int id)
{
    return promise(this, startHere(loadTask, id));
}

QJSValue Service::neverPromised()
{
    return promise(this, startHere(neverTask));
}

QJSValue Service::askAndPromise(int milliseconds)
{
    const QJSValue promised = neverPromised();
    askUser(milliseconds);
    return promised;
}

QJSValue Service::objectAndWait()
{
    startHere([] {
        const QDeadlineTimer limit(20s);
        ++s_waiting;
        while (!s_goOn && !limit.hasExpired())
            QThread::msleep(1);
        --s_waiting;
    });
    return qjsEngine(this)->newQObject(std::make_unique<QObject>().release()); // the engine's
}

QJSValue Service::scriptThrow()
{
    qjsEngine(this)->throwError(QJSValue::RangeError, QStringLiteral("out of the script's range"));
    return {};
}

int Service::throwStandard()
{
    throw std::invalid_argument("not this one");
}

int Service::throwCallError()
{
    throw CallError(QStringLiteral("of the service"));
}

int Service::throwNumber()
{
    throw 5;
}

int Service::deleteItself()
{
    deleteLater();
    return 1;
}

QObject *Service::foreignObject()
{
    return inOtherThread();
}

Service *Service::inOtherThread()
{
    if (!m_thread) {
        m_thread = new QThread; // deleted in the destructor
        m_other = new Service;  // in its thread, by deleteLater()
        QJSEngine::setObjectOwnership(m_other, QJSEngine::CppOwnership);
        m_other->moveToThread(m_thread);
        m_thread->start();
    }
    return m_other;
}
