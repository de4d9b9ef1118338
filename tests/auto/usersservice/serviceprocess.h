#pragma once

#include <QtCore/QProcess>
#include <QtCore/QStringList>
#include <QtCore/QUrl>
#include <QtNetwork/QNetworkAccessManager>
#include <QtNetwork/QNetworkReply>

#include <functional>
#include <memory>

/// What a client got.
struct Answer
{
    int status = 0; ///< 0: none
    QByteArray body;
    QByteArray type;
    QByteArray id;
    QByteArray retryAfter;
};

/// The service, started as users start it, on a port of its own. Killed at the end if it still runs. All waits
/// are limited.
class ServiceProcess : public QObject
{
    Q_OBJECT

public:
    explicit ServiceProcess(const QStringList &arguments = {});
    ~ServiceProcess() override;

    bool isListening() const { return m_url.isValid(); }
    quint16 port() const { return quint16(m_url.port()); }
    qint64 pid() const { return m_process.processId(); }
    QString url(const char *path) const;

    /// Sends a request, which is under way when this returns.
    std::unique_ptr<QNetworkReply> send(const char *path, const QByteArray &id = {});
    Answer get(const char *path, const QByteArray &id = {});
    static Answer answerOf(QNetworkReply *reply);

    /// Lines of the log so far that contain \a text.
    QList<QByteArray> logged(const QByteArray &text);
    /// Waits until \a count lines of the log contain \a text.
    bool waitForLog(const QByteArray &text, qsizetype count = 1);

    void signal(int number);
    /// The exit status; -1 after a crash or when it does not end.
    int waitForEnd();

private:
    bool waitUntil(const std::function<bool()> &condition);

    QProcess m_process;
    QUrl m_url;
    QByteArray m_log;
    QNetworkAccessManager m_network;
};
