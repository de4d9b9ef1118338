#pragma once

#include <QtHttpServer/QHttpServer>
#include <QtHttpServer/QHttpServerResponder>
#include <QtHttpServer/QHttpServerResponse>

#include <utility>

// What has other names in Qt 6.4, where QHttpServer was a preview, and in Qt 6.8.

inline void setHeader(QHttpServerResponse *response, const QByteArray &name, const QByteArray &value)
{
#if QT_VERSION >= QT_VERSION_CHECK(6, 8, 0)
    QHttpHeaders headers = response->headers();
    headers.replaceOrAppend(name, value);
    response->setHeaders(std::move(headers));
#else
    response->setHeader(name, value);
#endif
}

/// Has \a handler called with each request that has no route, and with a function that answers it.
template <typename Handler>
void setMissingHandler(QHttpServer *server, QObject *context, Handler handler)
{
#if QT_VERSION >= QT_VERSION_CHECK(6, 8, 0)
    server->setMissingHandler(context, [handler](const QHttpServerRequest &request, QHttpServerResponder &responder) {
        handler(request, [to = std::move(responder)](QHttpServerResponse &&response) mutable {
            to.sendResponse(response);
        });
    });
#else
    static_cast<void>(context);
    server->setMissingHandler([handler](const QHttpServerRequest &request, QHttpServerResponder &&responder) {
        handler(request, [to = std::move(responder)](QHttpServerResponse &&response) mutable {
            response.write(std::move(to));
        });
    });
#endif
}
