#include "postgresserver.h"

#include <QtCore/QDir>
#include <QtCore/QStandardPaths>

#include <csignal>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace {

constexpr int limit = 100'000; // ms

QString pathOf(const QString &program)
{
    const QDir versions(QStringLiteral("/usr/lib/postgresql")); // where Debian has them
    const QStringList names = versions.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name | QDir::Reversed);
    for (const QString &name : names) {
        const QString path = versions.filePath(name + QStringLiteral("/bin/") + program);
        if (QFile::exists(path))
            return path;
    }
    return QStandardPaths::findExecutable(program);
}

/// Who the server is to be; null: whoever runs the test.
const passwd *serverUser()
{
    return ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
}

} // namespace

PostgresServer::PostgresServer() : m_folder(QStringLiteral("/tmp/synchronaut-pg-XXXXXX"))
{
    if (const passwd *const user = serverUser())
        static_cast<void>(::chown(m_folder.path().toLocal8Bit().constData(), user->pw_uid, user->pw_gid));
}

PostgresServer::~PostgresServer()
{
    if (m_server.state() != QProcess::NotRunning)
        stopHard();
}

bool PostgresServer::isInstalled()
{
    return !pathOf(QStringLiteral("initdb")).isEmpty();
}

QString PostgresServer::create()
{
    const QString error = runProgram(QStringLiteral("initdb"),
                                     {QStringLiteral("--auth=trust"), QStringLiteral("--username=tester"),
                                      QStringLiteral("--encoding=UTF8"), QStringLiteral("--locale=C"),
                                      QStringLiteral("--no-sync"), QStringLiteral("-D"), dataFolder()});
    if (!error.isEmpty())
        return error;
    QFile settings(dataFolder() + QStringLiteral("/postgresql.conf"));
    if (!settings.open(QIODevice::Append))
        return settings.errorString();
    // fsync guards against the machine's crash, not against the server's
    settings.write("listen_addresses = ''\nunix_socket_directories = '" + m_folder.path().toLocal8Bit()
                   + "'\nfsync = off\nmax_connections = 30\nshared_buffers = 32MB\n");
    return {};
}

QString PostgresServer::start()
{
    prepare(m_server, QStringLiteral("postgres"), {QStringLiteral("-D"), dataFolder()});
    m_server.setProcessChannelMode(QProcess::MergedChannels);
    m_server.start();
    QByteArray log;
    while (!log.contains("ready to accept connections")) {
        if (!m_server.waitForReadyRead(limit))
            return QStringLiteral("postgres does not start: %1 %2")
                    .arg(m_server.errorString(), QString::fromLocal8Bit(log));
        log += m_server.readAll();
    }
    return {};
}

QString PostgresServer::stopHard()
{
    const QString error = runProgram(QStringLiteral("pg_ctl"),
                                     {QStringLiteral("stop"), QStringLiteral("-m"), QStringLiteral("immediate"),
                                      QStringLiteral("-D"), dataFolder()});
    if (m_server.state() != QProcess::NotRunning && !m_server.waitForFinished(limit))
        m_server.kill();
    return error;
}

QString PostgresServer::dsn(const QString &database) const
{
    return QStringLiteral("postgresql://tester@/%1?host=%2").arg(database, m_folder.path());
}

QString PostgresServer::dataFolder() const
{
    return m_folder.filePath(QStringLiteral("data"));
}

void PostgresServer::prepare(QProcess &process, const QString &name, const QStringList &arguments)
{
    process.setProgram(pathOf(name));
    process.setArguments(arguments);
    process.setWorkingDirectory(m_folder.path());
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("LC_ALL"), QStringLiteral("C"));
    process.setProcessEnvironment(environment);
    const passwd *const user = serverUser();
    const uid_t uid = user ? user->pw_uid : ::geteuid();
    const gid_t gid = user ? user->pw_gid : ::getegid();
    process.setChildProcessModifier([uid, gid] {
        if (uid != ::geteuid() && (::setgroups(0, nullptr) != 0 || ::setgid(gid) != 0 || ::setuid(uid) != 0))
            ::_exit(126);
        ::prctl(PR_SET_PDEATHSIG, SIGQUIT); // a test that is killed leaves no server behind
    });
}

QString PostgresServer::runProgram(const QString &name, const QStringList &arguments)
{
    QProcess process;
    prepare(process, name, arguments);
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.start();
    const bool ended = process.waitForFinished(limit);
    if (ended && process.exitStatus() == QProcess::NormalExit && process.exitCode() == 0)
        return {};
    return QStringLiteral("%1 failed: %2 %3")
            .arg(name, process.errorString(), QString::fromLocal8Bit(process.readAll()));
}
