#include "serviceprocess.h"

#include <QtCore/QEventLoop>
#include <QtCore/QTimer>

#include <csignal>

namespace {

constexpr int patience = 30'000;

} // namespace

ServiceProcess::ServiceProcess(const QStringList &arguments)
{
    connect(&m_process, &QProcess::readyReadStandardError, this,
            [this] { m_log += m_process.readAllStandardError(); });
    m_process.start(QStringLiteral(USERSSERVICE_PROGRAM),
                    QStringList{QStringLiteral("--port"), QStringLiteral("0")} + arguments);
    waitUntil([this] { return m_process.canReadLine() || m_process.state() == QProcess::NotRunning; });
    const QByteArray line = m_process.readLine().trimmed();
    if (line.startsWith("Listening on "))
        m_url = QUrl(QString::fromUtf8(line.mid(13)));
}

ServiceProcess::~ServiceProcess()
{
    m_process.kill();
    m_process.waitForFinished(patience);
}

QString ServiceProcess::url(const char *path) const
{
    return m_url.toString() + QString::fromLatin1(path);
}

std::unique_ptr<QNetworkReply> ServiceProcess::send(const char *path, const QByteArray &id)
{
    QNetworkRequest request(QUrl(url(path)));
    request.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
    if (!id.isEmpty())
        request.setRawHeader("X-Request-Id", id);
    return std::unique_ptr<QNetworkReply>(m_network.get(request));
}

Answer ServiceProcess::get(const char *path, const QByteArray &id)
{
    return answerOf(send(path, id).get());
}

Answer ServiceProcess::answerOf(QNetworkReply *reply)
{
    if (!reply->isFinished()) {
        QEventLoop loop;
        connect(reply, &QNetworkReply::finished, &loop, &QEventLoop::quit);
        QTimer::singleShot(patience, &loop, &QEventLoop::quit);
        loop.exec();
    }
    Answer answer;
    if (reply->isFinished()) {
        answer.status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
        answer.body = reply->readAll();
        answer.type = reply->rawHeader("Content-Type");
        answer.id = reply->rawHeader("X-Request-Id");
        answer.retryAfter = reply->rawHeader("Retry-After");
    }
    return answer;
}

QList<QByteArray> ServiceProcess::logged(const QByteArray &text)
{
    m_log += m_process.readAllStandardError();
    QList<QByteArray> found;
    const QList<QByteArray> lines = m_log.split('\n');
    for (const QByteArray &line : lines) {
        if (line.contains(text))
            found += line;
    }
    return found;
}

bool ServiceProcess::waitForLog(const QByteArray &text, qsizetype count)
{
    return waitUntil([&] { return logged(text).size() >= count; });
}

void ServiceProcess::signal(int number)
{
    ::kill(static_cast<pid_t>(m_process.processId()), number);
}

int ServiceProcess::waitForEnd()
{
    const bool ended = waitUntil([this] { return m_process.state() == QProcess::NotRunning; });
    m_log += m_process.readAllStandardError();
    return ended && m_process.exitStatus() == QProcess::NormalExit ? m_process.exitCode() : -1;
}

/// Asks again whenever the process has written something or has changed.
bool ServiceProcess::waitUntil(const std::function<bool()> &condition)
{
    if (condition())
        return true;
    QEventLoop loop;
    const auto ask = [&] {
        if (condition())
            loop.exit(1);
    };
    connect(&m_process, &QProcess::readyReadStandardOutput, &loop, ask);
    connect(&m_process, &QProcess::readyReadStandardError, &loop, ask);
    connect(&m_process, &QProcess::stateChanged, &loop, ask);
    QTimer::singleShot(patience, &loop, [&] { loop.exit(0); });
    return loop.exec() == 1 || condition();
}
