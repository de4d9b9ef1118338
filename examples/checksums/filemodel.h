#pragma once

#include "hashjob.h"

#include <QtCore/QAbstractTableModel>

#include <memory>

/// Shows a HashJob as a table; learns what is new when refresh() is called.
class FileModel : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { File, Status, Sum, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    void setJob(std::shared_ptr<HashJob> job);
    /// Adds rows, a batch a call, and repaints what changed. False: everything is shown.
    bool refresh();

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::shared_ptr<HashJob> m_job;
    int m_rows = 0;
};
