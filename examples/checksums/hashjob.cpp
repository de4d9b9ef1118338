#include "hashjob.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QThread>

#include <algorithm>
#include <utility>

using namespace Synchronaut;

std::shared_ptr<HashJob> HashJob::start(const QByteArray &folder, std::chrono::nanoseconds timeout)
{
    auto job = std::make_shared<HashJob>();
    job->m_timeout = timeout;
    spawn(hashFolder(job, folder));
    return job;
}

Task<> HashJob::hashFolder(std::shared_ptr<HashJob> job, QByteArray folder)
{
    QList<FileRecord> files;
    try {
        job->m_listing = callAny(listFiles, folder);
        files = co_await job->m_listing;
        job->m_listing = {}; // so that the list is not shared, and not copied when it is written to
    } catch (const std::exception &e) {
        files = {FileRecord{folder, FileState::Failed, {}, QString::fromLocal8Bit(e.what())}};
    }
    if (job->m_canceled)
        co_return;
    job->m_files = std::move(files);
    job->m_listed = true;
    job->m_errors = job->m_settled =
            std::ranges::count(std::as_const(job->m_files), FileState::Failed, &FileRecord::state);

    // No more calls than threads that can work on them: the timeout of a file that waits in a
    // queue is already running.
    job->m_running.resize(std::max(4, QThread::idealThreadCount()));
    for (qsizetype lane = 0; lane < job->m_running.size(); ++lane)
        spawn(hashNextFiles(job, lane));
}

Task<> HashJob::hashNextFiles(std::shared_ptr<HashJob> job, qsizetype lane)
{
    while (!job->m_canceled && job->m_next < job->m_files.size()) {
        const qsizetype row = job->m_next++;
        if (job->m_files.at(row).state != FileState::Waiting)
            continue;
        job->setRow(row, FileState::Hashing);

        QByteArray sum;
        QString error;
        const CallOptions options{.timeout = job->m_timeout};
        try {
            job->m_running[lane] = callAny(options, hashFile, job->m_files.at(row).path);
            sum = co_await job->m_running.at(lane);
        } catch (const CallTimeout &e) {
            const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(e.timeout());
            error = QStringLiteral("Timed out after %1 ms").arg(limit.count());
        } catch (const std::exception &e) { // FileError, or CallCanceled, which is looked at below
            error = QString::fromLocal8Bit(e.what());
        }
        if (job->m_canceled) // the row is marked already, whatever has come for it
            co_return;
        ++job->m_settled;
        job->m_errors += !error.isEmpty();
        job->setRow(row, error.isEmpty() ? FileState::Done : FileState::Failed, sum, error);
    }
}

void HashJob::setRow(qsizetype row, FileState state, const QByteArray &sum, const QString &error)
{
    FileRecord &file = m_files[row];
    file.state = state;
    file.sum = sum;
    file.error = error;
    noteChange(row, row);
}

void HashJob::noteChange(qsizetype first, qsizetype last)
{
    m_changes = m_changes ? std::pair(std::min(first, m_changes->first), std::max(last, m_changes->second))
                          : std::pair(first, last);
}

std::optional<std::pair<qsizetype, qsizetype>> HashJob::takeChanges()
{
    return std::exchange(m_changes, std::nullopt);
}

void HashJob::cancel()
{
    if (isFinished())
        return;
    m_canceled = true;
    for (FileRecord &file : m_files) {
        if (file.state == FileState::Waiting || file.state == FileState::Hashing)
            file.state = FileState::Canceled;
    }
    if (!m_files.empty())
        noteChange(0, m_files.size() - 1);
    // The functions see it in isCanceled(), the tasks at their co_await.
    m_listing.cancel();
    for (QFuture<QByteArray> &call : m_running)
        call.cancel();
}
