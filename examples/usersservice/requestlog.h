#pragma once

#include <Synchronaut/ContextVar>

#include <QtCore/QLoggingCategory>
#include <QtCore/QString>

/// Names the request that is being served, in whatever thread and task work is done for it.
extern Synchronaut::ContextVar<QString> requestId;

/// \a given as sent by the client if that is fit for headers and logs, else a new one.
QString acceptedRequestId(const QByteArray &given);

Q_DECLARE_LOGGING_CATEGORY(accessLog) ///< one line a request
Q_DECLARE_LOGGING_CATEGORY(usersLog)  ///< everything else

/// While it lives all messages go to stderr with time, request and thread: who logs need not know
/// of requests.
class RequestLog
{
public:
    enum Detail { Quiet, Normal, Verbose };

    explicit RequestLog(Detail detail);
    ~RequestLog();
    RequestLog(const RequestLog &) = delete;
    RequestLog &operator=(const RequestLog &) = delete;
};
