#include "filetable.h"

#include "filemodel.h"

#include <QtGui/QAction>
#include <QtGui/QClipboard>
#include <QtGui/QGuiApplication>
#include <QtWidgets/QHeaderView>

#include <algorithm>

FileTable::FileTable(FileModel *model, QWidget *parent) : QTableView(parent)
{
    m_sorted.setSourceModel(model);
    setModel(&m_sorted);
    sortByColumn(-1, Qt::AscendingOrder); // as they are found, until a header is clicked
    setSortingEnabled(true);
    setSelectionBehavior(QAbstractItemView::SelectRows);
    setWordWrap(false);
    setTextElideMode(Qt::ElideMiddle);
    // Sizes that do not depend on the contents: thousands of rows cost nothing.
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
    verticalHeader()->hide();
    horizontalHeader()->resizeSection(FileModel::File, 320);
    horizontalHeader()->resizeSection(FileModel::Status, 160);
    horizontalHeader()->setStretchLastSection(true);

    auto *copyAction = new QAction(QStringLiteral("&Copy"), this);
    copyAction->setShortcut(QKeySequence::Copy);
    connect(copyAction, &QAction::triggered, this, &FileTable::copy);
    addAction(copyAction);
    setContextMenuPolicy(Qt::ActionsContextMenu);
}

void FileTable::copy() const
{
    QModelIndexList rows = selectionModel()->selectedRows();
    std::sort(rows.begin(), rows.end());
    if (rows.isEmpty()) {
        for (int row = 0; row < m_sorted.rowCount(); ++row)
            rows += m_sorted.index(row, 0);
    }
    QString text;
    for (const QModelIndex &row : std::as_const(rows)) {
        QStringList cells;
        for (int column = 0; column < FileModel::ColumnCount; ++column)
            cells += row.siblingAtColumn(column).data().toString();
        text += cells.join(QLatin1Char('\t')) + QLatin1Char('\n');
    }
    QGuiApplication::clipboard()->setText(text);
}
