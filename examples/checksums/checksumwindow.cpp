#include "checksumwindow.h"

#include "filetable.h"

#include <QtCore/QFileInfo>
#include <QtCore/QMimeData>
#include <QtCore/QSettings>
#include <QtGui/QCloseEvent>
#include <QtWidgets/QBoxLayout>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QProgressBar>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSpinBox>

#include <algorithm>

using namespace std::chrono_literals;

namespace {

const QString folderKey = QStringLiteral("folder");

/// The folder that is dragged, or nothing.
QString folderIn(const QMimeData *data)
{
    const QString path = data->urls().value(0).toLocalFile();
    return QFileInfo(path).isDir() ? path : QString();
}

QString minutes(qint64 ms)
{
    return QTime(0, 0).addMSecs(int(ms)).toString(QStringLiteral("m:ss"));
}

} // namespace

ChecksumWindow::ChecksumWindow(QWidget *parent)
    : QWidget(parent),
      m_folderEdit(new QLineEdit(this)),
      m_timeoutBox(new QSpinBox(this)),
      m_startButton(new QPushButton(QStringLiteral("&Start"), this)),
      m_cancelButton(new QPushButton(QStringLiteral("&Cancel"), this)),
      m_table(new FileTable(&m_model, this)),
      m_progress(new QProgressBar(this)),
      m_status(new QLabel(QStringLiteral("Choose a folder."), this))
{
    setWindowTitle(QStringLiteral("Checksums"));
    resize(1000, 600);

    auto *chooseButton = new QPushButton(QStringLiteral("Choose &folder…"), this);
    m_folderEdit->setPlaceholderText(QStringLiteral("Folder"));
    m_timeoutBox->setRange(0, 3'600'000);
    m_timeoutBox->setSuffix(QStringLiteral(" ms a file"));
    m_timeoutBox->setSpecialValueText(QStringLiteral("No timeout"));
    m_cancelButton->setEnabled(false);
    m_progress->setRange(0, 1);
    m_folderEdit->setText(QSettings().value(folderKey).toString());
    setAcceptDrops(true);

    auto *top = new QHBoxLayout;
    for (QWidget *widget : std::initializer_list<QWidget *>{chooseButton, m_folderEdit, m_timeoutBox,
                                                            m_startButton, m_cancelButton})
        top->addWidget(widget);
    auto *bottom = new QHBoxLayout;
    bottom->addWidget(m_status);
    bottom->addWidget(m_progress, 1);
    auto *layout = new QVBoxLayout(this);
    layout->addLayout(top);
    layout->addWidget(m_table);
    layout->addLayout(bottom);

    connect(chooseButton, &QPushButton::clicked, this, &ChecksumWindow::chooseFolder);
    connect(m_folderEdit, &QLineEdit::returnPressed, this, &ChecksumWindow::startTyped);
    connect(m_startButton, &QPushButton::clicked, this, &ChecksumWindow::startTyped);
    connect(m_cancelButton, &QPushButton::clicked, this, &ChecksumWindow::cancel);
    // Looking at the job now and then shows results in batches, however fast they come.
    m_refreshTimer.setInterval(30ms);
    connect(&m_refreshTimer, &QTimer::timeout, this, &ChecksumWindow::refresh);
}

ChecksumWindow::~ChecksumWindow()
{
    if (m_job) // its tasks end on their own and do not know this window
        m_job->cancel();
}

void ChecksumWindow::closeEvent(QCloseEvent *event)
{
    cancel();
    QWidget::closeEvent(event);
}

void ChecksumWindow::dragEnterEvent(QDragEnterEvent *event)
{
    if (!folderIn(event->mimeData()).isEmpty())
        event->acceptProposedAction();
}

void ChecksumWindow::dropEvent(QDropEvent *event)
{
    start(QFile::encodeName(folderIn(event->mimeData())));
    event->acceptProposedAction();
}

void ChecksumWindow::chooseFolder()
{
    auto *dialog = new QFileDialog(this, QStringLiteral("Choose a folder"), m_folderEdit->text());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this](const QString &folder) { start(QFile::encodeName(folder)); });
    dialog->open();
}

void ChecksumWindow::startTyped()
{
    const QString typed = m_folderEdit->text();
    if (typed.isEmpty())
        chooseFolder();
    else // if it was not changed, it may stand for bytes that it cannot show
        start(typed == QFile::decodeName(m_folder) ? m_folder : QFile::encodeName(typed));
}

void ChecksumWindow::start(const QByteArray &folder)
{
    if (m_job)
        m_job->cancel();
    m_folder = folder;
    m_folderEdit->setText(QFile::decodeName(folder));
    QSettings().setValue(folderKey, m_folderEdit->text());
    m_clock.start();
    const int limit = m_timeoutBox->value();
    m_job = HashJob::start(folder, limit > 0 ? std::chrono::milliseconds(limit)
                                             : std::chrono::nanoseconds::max());
    m_model.setJob(m_job);
    m_startButton->setEnabled(false);
    m_cancelButton->setEnabled(true);
    m_progress->setRange(0, 0); // busy
    m_status->setText(QStringLiteral("Listing…"));
    m_refreshTimer.start();
}

void ChecksumWindow::cancel()
{
    if (m_job)
        m_job->cancel();
}

QString ChecksumWindow::timesText(qint64 settled, qint64 count) const
{
    const qint64 elapsed = m_clock.elapsed();
    const QString text = QStringLiteral(", %1").arg(minutes(elapsed));
    if (settled == 0 || settled == count || m_job->isFinished())
        return text;
    return text + QStringLiteral(", about %1 left").arg(minutes(elapsed * (count - settled) / settled));
}

void ChecksumWindow::setTimeout(int milliseconds)
{
    m_timeoutBox->setValue(milliseconds);
}

void ChecksumWindow::refresh()
{
    const bool moreRows = m_model.refresh();
    const bool done = m_job->isFinished();
    if (m_job->isListed() || done) {
        const int count = int(m_job->files().size());
        const int settled = int(m_job->settledCount());
        m_progress->setRange(0, std::max(count, 1));
        m_progress->setValue(done && !m_job->isCanceled() ? m_progress->maximum() : settled);
        m_status->setText(QStringLiteral("%1 of %2 files, %3 errors%4%5")
                                  .arg(settled)
                                  .arg(count)
                                  .arg(m_job->errorCount())
                                  .arg(m_job->isCanceled() ? QStringLiteral(", cancelled") : QString(),
                                       timesText(settled, count)));
    }
    if (done && !moreRows) {
        m_refreshTimer.stop();
        m_startButton->setEnabled(true);
        m_cancelButton->setEnabled(false);
        Q_EMIT finished();
    }
}
