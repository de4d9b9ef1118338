#pragma once

#include "filemodel.h"
#include "hashjob.h"

#include <QtCore/QElapsedTimer>
#include <QtCore/QTimer>
#include <QtWidgets/QWidget>

#include <memory>

QT_BEGIN_NAMESPACE
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QSpinBox;
QT_END_NAMESPACE
class FileTable;

/// Choose a folder, or drop one here, and see the SHA-256 of every file in it.
class ChecksumWindow : public QWidget
{
    Q_OBJECT
public:
    explicit ChecksumWindow(QWidget *parent = nullptr);
    ~ChecksumWindow() override;

    void start(const QByteArray &folder);
    void cancel();
    void setTimeout(int milliseconds);
    std::shared_ptr<const HashJob> job() const { return m_job; }

Q_SIGNALS:
    /// Everything is done, or cancelled, and shown.
    void finished();

protected:
    void closeEvent(QCloseEvent *event) override;
    void dragEnterEvent(QDragEnterEvent *event) override;
    void dropEvent(QDropEvent *event) override;

private:
    void chooseFolder();
    void startTyped();
    void refresh();
    QString timesText(qint64 settled, qint64 count) const;

    std::shared_ptr<HashJob> m_job;
    QByteArray m_folder;
    FileModel m_model;
    QTimer m_refreshTimer;
    QElapsedTimer m_clock;
    QLineEdit *m_folderEdit;
    QSpinBox *m_timeoutBox;
    QPushButton *m_startButton;
    QPushButton *m_cancelButton;
    FileTable *m_table;
    QProgressBar *m_progress;
    QLabel *m_status;
};
