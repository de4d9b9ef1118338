#include "usersservice.h"

#include "answers.h"
#include "httpapi.h"
#include "requestlog.h"
#include "users.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QElapsedTimer>
#include <QtCore/QJsonArray>
#include <QtCore/QMetaEnum>

using namespace std::chrono_literals;
using namespace Synchronaut;

using Method = QHttpServerRequest::Method;
using Status = HttpError::StatusCode;

namespace {

const QByteArray idHeader = QByteArrayLiteral("X-Request-Id");

Task<QJsonDocument> hello()
{
    co_return QJsonDocument(QJsonArray{QStringLiteral("Hello, @syncronauts!")});
}

Task<QJsonDocument> notFound()
{
    throw HttpError(Status::NotFound, "Not found");
    co_return QJsonDocument(); // makes it a coroutine
}

QString summary(const QHttpServerRequest &request)
{
    const char *const method = QMetaEnum::fromType<Method>().valueToKey(int(request.method()));
    return QStringLiteral("%1 %2").arg(QString::fromLatin1(method).toUpper(),
                                       request.url().toString(QUrl::FullyEncoded | QUrl::RemoveScheme
                                                              | QUrl::RemoveAuthority));
}

} // namespace

/// A request that is under way, and its line in the log when it has ended, in whatever way.
class UsersService::Pending
{
public:
    Pending(UsersService *service, const QString &what) : m_service(service), m_what(what)
    {
        ++m_service->m_pending;
        m_timer.start();
    }
    ~Pending()
    {
        const double ms = double(m_timer.nsecsElapsed()) / 1e6;
        if (m_status != 0)
            qCInfo(accessLog, "%s %d %.1f ms", qPrintable(m_what), m_status, ms);
        else
            qCInfo(accessLog, "%s cancelled after %.1f ms", qPrintable(m_what), ms);
        if (--m_service->m_pending == 0)
            Q_EMIT m_service->idle();
    }
    Pending(const Pending &) = delete;
    Pending &operator=(const Pending &) = delete;

    void answered(Status status) { m_status = int(status); }

private:
    UsersService *m_service;
    const QString m_what;
    QElapsedTimer m_timer;
    int m_status = 0;
};

UsersService::UsersService(const ConnectionSettings &database, const ServiceLimits &limits)
    : m_limits(limits), m_pool(database, limits.connections), m_listener(new HttpListener(&m_server))
{
    addRoute(QStringLiteral("/"), [](const QHttpServerRequest &) { return hello; });
    m_server.route(QStringLiteral("/users/"), Method::Get, [this](int id, const QHttpServerRequest &request) {
        return serve(request, [this, id] { return readUser(&m_pool, id); });
    });
    setMissingHandler(&m_server, this, [this](const QHttpServerRequest &request, auto write) {
        serve(request, notFound).then(this, std::move(write));
    });
}

void UsersService::addRoute(const QString &path, std::function<Handler(const QHttpServerRequest &)> handler)
{
    m_server.route(path, Method::Get, [this, handler = std::move(handler)](const QHttpServerRequest &request) {
        return serve(request, handler(request));
    });
}

quint16 UsersService::listen(const QHostAddress &address, quint16 port)
{
    if (!m_listener->listen(address, port))
        return 0;
    m_server.bind(m_listener);
    return m_listener->serverPort();
}

QFuture<QHttpServerResponse> UsersService::serve(const QHttpServerRequest &request, Handler handler)
{
    // what is called from here on inherits it, on every thread
    const ContextVar<QString>::Scope scope(requestId, acceptedRequestId(request.value(idHeader)));
    // the request is gone when its connection is: take from it now what is wanted later
    return callAny({.context = m_listener->current(), .name = "respond"}, &UsersService::respond, this,
                   summary(request), std::move(handler));
}

Task<QHttpServerResponse> UsersService::respond(QString what, Handler handler)
{
    const bool refused = m_stopping || m_pending >= m_limits.pending;
    const HttpListener::Turn turn(m_listener);
    Pending pending(this, what);
    QHttpServerResponse response =
            detailAnswer(Status::ServiceUnavailable, "Too many requests are under way");
    if (!refused)
        response = co_await answer(std::move(handler));
    setHeader(&response, idHeader, requestId.get().toLatin1());
    const QFuture<void> before = turn.before();
    co_await before;
    pending.answered(response.statusCode());
    co_return response;
}

/// Does not throw unless the call is cancelled: Qt sends nothing then, and nobody is there to read it.
Task<QHttpServerResponse> UsersService::answer(Handler handler)
{
    const CallOptions options{.timeout = m_limits.deadline, .name = "handler"};
    try {
        const QJsonDocument json = co_await callAsync(options, handler);
        co_return jsonAnswer(json);
    } catch (...) {
        throwIfCanceled();
        co_return errorAnswer();
    }
}

Task<> UsersService::stop(std::chrono::milliseconds grace)
{
    m_stopping = true;
    m_listener->close();
    if (m_pending > 0) {
        qCInfo(usersLog, "Finishing %d requests", m_pending);
        try {
            co_await withTimeout(fromSignal(this, &UsersService::idle), grace);
        } catch (const CallTimeout &) {
            qCWarning(usersLog, "Cancelling %d requests", m_pending);
        }
    }
    co_await end();
}

Task<> UsersService::end()
{
    m_stopping = true;
    co_await m_listener->closeConnections(1s);
    if (m_pending > 0) // their connections are gone, which has cancelled them
        co_await fromSignal(this, &UsersService::idle);
}
