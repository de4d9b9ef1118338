#include "answers.h"

#include "databaseerror.h"
#include "httpapi.h"
#include "requestlog.h"

#include <Synchronaut/CallTimeout>

#include <QtCore/QJsonObject>

using Status = HttpError::StatusCode;

QHttpServerResponse jsonAnswer(const QJsonDocument &json)
{
    return QHttpServerResponse(QByteArrayLiteral("application/json"), json.toJson(QJsonDocument::Compact));
}

QHttpServerResponse detailAnswer(Status status, const char *detail)
{
    const QJsonObject body{{QStringLiteral("detail"), QString::fromUtf8(detail)}};
    QHttpServerResponse response(body, status);
    if (status == Status::ServiceUnavailable)
        setHeader(&response, QByteArrayLiteral("Retry-After"), QByteArrayLiteral("1"));
    return response;
}

QHttpServerResponse errorAnswer()
{
    try {
        throw;
    } catch (const HttpError &e) {
        return detailAnswer(e.status(), e.what());
    } catch (const Synchronaut::CallTimeout &) {
        return detailAnswer(Status::GatewayTimeout, "The request took too long");
    } catch (const DatabaseError &e) {
        qCWarning(usersLog, "%s", e.what());
        return e.kind() == DatabaseError::Exhausted || e.kind() == DatabaseError::Locked
                ? detailAnswer(Status::ServiceUnavailable, "The database is busy")
                : detailAnswer(Status::InternalServerError, "Internal server error");
    } catch (const std::exception &e) {
        qCWarning(usersLog, "%s", e.what());
    } catch (...) {
        qCWarning(usersLog, "An error of an unknown type");
    }
    return detailAnswer(Status::InternalServerError, "Internal server error");
}
