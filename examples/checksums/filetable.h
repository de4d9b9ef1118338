#pragma once

#include <QtCore/QSortFilterProxyModel>
#include <QtWidgets/QTableView>

class FileModel;

/// The files as they are found, or sorted by a column whose header is clicked; rows can be copied.
class FileTable : public QTableView
{
public:
    FileTable(FileModel *model, QWidget *parent);

    /// Puts the selected rows, or all of them, on the clipboard: a line each, with tabs between.
    void copy() const;

private:
    QSortFilterProxyModel m_sorted;
};
