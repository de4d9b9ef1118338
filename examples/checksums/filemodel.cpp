#include "filemodel.h"

#include <QtCore/QFile>
#include <QtGui/QBrush>
#include <QtGui/QFontDatabase>

#include <algorithm>

namespace {

constexpr int rowsPerBatch = 5000;

QString statusText(const FileRecord &file)
{
    switch (file.state) {
    case FileState::Waiting:
        return QStringLiteral("Waiting");
    case FileState::Hashing:
        return QStringLiteral("Hashing…");
    case FileState::Done:
        return QStringLiteral("Done");
    case FileState::Failed:
        return file.error;
    case FileState::Canceled:
        return QStringLiteral("Cancelled");
    }
    return {};
}

} // namespace

void FileModel::setJob(std::shared_ptr<HashJob> job)
{
    beginResetModel();
    m_job = std::move(job);
    m_rows = 0;
    endResetModel();
}

bool FileModel::refresh()
{
    const int count = int(m_job->files().size());
    const auto changes = m_job->takeChanges();
    if (changes && int(changes->first) < m_rows) {
        const int last = std::min(int(changes->second), m_rows - 1);
        Q_EMIT dataChanged(index(int(changes->first), Status), index(last, Sum));
    }
    if (m_rows < count) {
        const int rows = std::min(count, m_rows + rowsPerBatch);
        beginInsertRows({}, m_rows, rows - 1);
        m_rows = rows;
        endInsertRows();
    }
    return m_rows < count;
}

int FileModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : m_rows;
}

int FileModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

QVariant FileModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid())
        return {};
    const FileRecord &file = m_job->files().at(index.row());
    if (role == Qt::DisplayRole || role == Qt::ToolTipRole) {
        switch (index.column()) {
        case File:
            return QFile::decodeName(escapedPath(file.path));
        case Status:
            return statusText(file);
        case Sum:
            return QString::fromLatin1(file.sum);
        }
    }
    if (role == Qt::FontRole && index.column() == Sum)
        return QFontDatabase::systemFont(QFontDatabase::FixedFont);
    if (role == Qt::ForegroundRole && file.state == FileState::Failed)
        return QBrush(QColor(0xc0, 0x39, 0x2b));
    return {};
}

QVariant FileModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case File:
        return QStringLiteral("File");
    case Status:
        return QStringLiteral("Status");
    case Sum:
        return QStringLiteral("SHA-256");
    }
    return {};
}
