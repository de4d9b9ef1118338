// The tasks that hash a folder, and the state they share with whoever shows it.
#pragma once

#include "filehasher.h"

#include <Synchronaut/Task>

#include <QtCore/QFuture>
#include <QtCore/QList>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

/*!
    Hashes a folder: lists it and hashes the files on the pool, a few at a time.

    The job belongs to the thread that starts it: its tasks come home there, so nothing in it needs
    a lock. The tasks know the job and the job knows no window: a window looks at it now and then,
    and may go away at any time after cancel().
*/
class HashJob
{
public:
    /// Starts hashing. \a timeout is for each file, nanoseconds::max() means none.
    static std::shared_ptr<HashJob> start(const QByteArray &folder, std::chrono::nanoseconds timeout);

    /// Marks what is not done as cancelled, at once, and tells the functions and tasks to end.
    void cancel();

    bool isListed() const { return m_listed; }
    bool isFinished() const { return m_canceled || (m_listed && m_settled == m_files.size()); }
    bool isCanceled() const { return m_canceled; }
    const QList<FileRecord> &files() const { return m_files; }
    qsizetype settledCount() const { return m_settled; }
    qsizetype errorCount() const { return m_errors; }

    /// The range of files that changed since it was last asked, first and last.
    std::optional<std::pair<qsizetype, qsizetype>> takeChanges();

private:
    static Synchronaut::Task<> hashFolder(std::shared_ptr<HashJob> job, QByteArray folder);
    static Synchronaut::Task<> hashNextFiles(std::shared_ptr<HashJob> job, qsizetype lane);
    void setRow(qsizetype row, FileState state, const QByteArray &sum = {}, const QString &error = {});
    void noteChange(qsizetype first, qsizetype last);

    std::chrono::nanoseconds m_timeout{};
    QList<FileRecord> m_files;
    qsizetype m_next = 0;
    qsizetype m_settled = 0;
    qsizetype m_errors = 0;
    bool m_listed = false;
    bool m_canceled = false;
    std::optional<std::pair<qsizetype, qsizetype>> m_changes;
    QFuture<QList<FileRecord>> m_listing;
    QList<QFuture<QByteArray>> m_running; // one a lane, each lane hashes a file at a time
};
