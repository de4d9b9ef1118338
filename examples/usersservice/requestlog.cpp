#include "requestlog.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDateTime>
#include <QtCore/QThread>
#include <QtCore/QUuid>

#include <algorithm>
#include <cstdio>

Synchronaut::ContextVar<QString> requestId("requestId", QStringLiteral("-"));

Q_LOGGING_CATEGORY(accessLog, "usersservice.access")
Q_LOGGING_CATEGORY(usersLog, "usersservice")

namespace {

QString threadName()
{
    const QThread *const thread = QThread::currentThread();
    return thread == qApp->thread() ? QStringLiteral("main") : thread->objectName();
}

void write(QtMsgType, const QMessageLogContext &context, const QString &text)
{
    const QString line = QStringLiteral("%1 [%2] (%3) %4: %5\n")
                                 .arg(QDateTime::currentDateTimeUtc().toString(Qt::ISODateWithMs),
                                      requestId.get(), threadName(),
                                      QString::fromUtf8(context.category), text);
    const QByteArray bytes = line.toUtf8();
    std::fwrite(bytes.constData(), 1, std::size_t(bytes.size()), stderr); // a line at once
}

QString rules(RequestLog::Detail detail)
{
    if (detail == RequestLog::Verbose)
        return QStringLiteral("usersservice.debug=true");
    const QString noDetails = QStringLiteral("usersservice.debug=false\n");
    return detail == RequestLog::Normal ? noDetails : noDetails + QStringLiteral("usersservice.access=false");
}

} // namespace

QString acceptedRequestId(const QByteArray &given)
{
    const auto isFit = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'
                || c == '_' || c == '.';
    };
    if (!given.isEmpty() && given.size() <= 64 && std::all_of(given.begin(), given.end(), isFit))
        return QString::fromLatin1(given);
    return QUuid::createUuid().toString(QUuid::WithoutBraces);
}

RequestLog::RequestLog(Detail detail)
{
    QLoggingCategory::setFilterRules(rules(detail));
    qInstallMessageHandler(write);
}

RequestLog::~RequestLog()
{
    qInstallMessageHandler(nullptr);
}
