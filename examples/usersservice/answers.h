#pragma once

#include <QtCore/QJsonDocument>
#include <QtHttpServer/QHttpServerResponse>

#include <stdexcept>

/// A handler's way to answer with anything but 200: what() is the detail that the client gets.
class HttpError : public std::runtime_error
{
public:
    using StatusCode = QHttpServerResponse::StatusCode;

    HttpError(StatusCode status, const char *detail) : std::runtime_error(detail), m_status(status) { }
    StatusCode status() const noexcept { return m_status; }

private:
    StatusCode m_status;
};

QHttpServerResponse jsonAnswer(const QJsonDocument &json);
/// The answer to the error that is being handled: call it in a catch block. What is not meant for clients
/// goes to the log.
QHttpServerResponse errorAnswer();
QHttpServerResponse detailAnswer(HttpError::StatusCode status, const char *detail);
