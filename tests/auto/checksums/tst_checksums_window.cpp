// The window of the example checksums: it keeps turning while thousands of files are hashed.
#include "testfolder.h"

#include "checksumwindow.h"

#include <Synchronaut/Lifecycle>

#include <QtCore/QElapsedTimer>
#include <QtCore/QFile>
#include <QtCore/QPointer>
#include <QtCore/QMimeData>
#include <QtCore/QSet>
#include <QtCore/QSettings>
#include <QtCore/QTemporaryDir>
#include <QtCore/QThreadPool>
#include <QtGui/QClipboard>
#include <QtGui/QDragEnterEvent>
#include <QtGui/QGuiApplication>
#include <QtGui/QImage>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QProgressBar>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QTableView>

#include <algorithm>

namespace {

constexpr int limit = 60'000;

/// A tick of 5 ms on the GUI loop: how far apart did two of them ever come?
class LoopWatch
{
public:
    LoopWatch()
    {
        m_timer.setTimerType(Qt::PreciseTimer);
        m_timer.setInterval(5);
        QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { note(); });
        m_clock.start();
        m_timer.start();
    }
    qint64 longestGap()
    {
        note(); // a loop that stands still until the end does not tick
        return m_longest;
    }
    int ticks() const { return m_ticks; }

private:
    void note()
    {
        m_longest = std::max(m_longest, m_clock.restart());
        ++m_ticks;
    }

    QTimer m_timer;
    QElapsedTimer m_clock;
    qint64 m_longest = 0;
    int m_ticks = 0;
};

class PaintCounter : public QObject
{
public:
    using QObject::QObject;
    int count = 0;

protected:
    bool eventFilter(QObject *object, QEvent *event) override
    {
        count += event->type() == QEvent::Paint;
        return QObject::eventFilter(object, event);
    }
};

qsizetype countOf(const HashJob &job, FileState state)
{
    return std::ranges::count(job.files(), state, &FileRecord::state);
}

QPushButton *button(const QWidget &window, const QString &text)
{
    for (QPushButton *candidate : window.findChildren<QPushButton *>()) {
        if (candidate->text() == text)
            return candidate;
    }
    return nullptr;
}

QString statusOf(const QAbstractItemModel &model, int row)
{
    return model.index(row, FileModel::Status).data().toString();
}

/// The pool is idle: what ran for the job has noticed the cancellation.
bool poolEmpties()
{
    return Synchronaut::blockingPool().waitForDone(2000);
}

} // namespace

class tst_ChecksumsWindow : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void keepsPaintingWhileHashing();
    void cancelHalfWayAndRunAgain();
    void timeoutIsShownInItsRow();
    void unreadableFileIsShownInItsRow();
    void closingInTheMiddle_data();
    void closingInTheMiddle();
    void missingFolderIsARow();
    void emptyFolder();
    void screenshotIsAPicture();
    void droppedFolder();
    void copiedRows();
    void sortedByAnyColumn();
    void timesAreShown();
    void remembersTheFolder();

private:
    TestFolder m_folder;
    QTemporaryDir m_settings;
};

void tst_ChecksumsWindow::initTestCase()
{
    QCOMPARE(m_folder.error(), QByteArray());
    // not the settings of whoever runs this
    QSettings::setDefaultFormat(QSettings::IniFormat);
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, m_settings.path());
    QCoreApplication::setOrganizationName(QStringLiteral("Synchronaut"));
}

// Hashing, or listing, on the GUI thread makes one gap of it; a row at a time makes many.
void tst_ChecksumsWindow::keepsPaintingWhileHashing()
{
    ChecksumWindow window;
    auto *table = window.findChild<QTableView *>();
    auto *progress = window.findChild<QProgressBar *>();
    PaintCounter tablePaints;
    table->viewport()->installEventFilter(&tablePaints);
    PaintCounter progressPaints;
    progress->installEventFilter(&progressPaints);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    QSignalSpy finished(&window, &ChecksumWindow::finished);
    QSet<int> progressSeen;
    connect(progress, &QProgressBar::valueChanged, this, [&](int value) { progressSeen.insert(value); });

    tablePaints.count = progressPaints.count = 0;
    QElapsedTimer duration;
    duration.start();
    LoopWatch watch;
    window.start(m_folder.path());
    QVERIFY(finished.wait(limit));
    const qint64 gap = watch.longestGap();
    const qint64 elapsed = duration.elapsed();

    QVERIFY2(gap <= 50, qPrintable(QStringLiteral("the loop stood still for %1 ms").arg(gap)));
    QVERIFY(watch.ticks() >= elapsed / 50);
    QVERIFY(tablePaints.count >= 3); // less often than the progress: most rows are out of sight
    QVERIFY2(progressPaints.count >= std::max<qint64>(3, elapsed / 200), // each 30 ms, on a free machine
             qPrintable(QStringLiteral("%1 paints in %2 ms").arg(progressPaints.count).arg(elapsed)));
    QVERIFY(progressSeen.size() >= 3); // it filled little by little
    qInfo("%lld ms, longest gap %lld ms, %d and %d paints", elapsed, gap, tablePaints.count,
          progressPaints.count);

    const auto job = window.job();
    QCOMPARE(table->model()->rowCount(), int(TestFolder::fileCount));
    QCOMPARE(countOf(*job, FileState::Done), TestFolder::fileCount);
    QCOMPARE(progress->value(), progress->maximum());
    for (int row = 0; row < TestFolder::fileCount; ++row) {
        const FileRecord &file = job->files().at(row);
        QCOMPARE(hashFile(file.path), file.sum);
        QCOMPARE(table->model()->index(row, FileModel::Sum).data().toString(),
                 QString::fromLatin1(file.sum));
    }
}

void tst_ChecksumsWindow::cancelHalfWayAndRunAgain()
{
    ChecksumWindow window;
    window.show();
    QSignalSpy finished(&window, &ChecksumWindow::finished);
    const QAbstractItemModel *model = window.findChild<QTableView *>()->model();

    m_folder.writeHugeFile("dir0/a huge file", 16'000'000'000); // not done before we cancel
    window.start(m_folder.path());
    QPushButton *cancel = button(window, QStringLiteral("&Cancel"));
    QVERIFY(cancel && cancel->isEnabled());
    QVERIFY(QTest::qWaitFor([&] { return window.job()->settledCount() >= TestFolder::fileCount / 2; }, limit));

    QElapsedTimer settling;
    settling.start();
    LoopWatch watch;
    cancel->click();
    QVERIFY(finished.wait(2000));
    QVERIFY(settling.elapsed() <= 500);
    QVERIFY(poolEmpties());
    QTest::qWait(100); // what is late comes now
    const qint64 gap = watch.longestGap();
    QVERIFY2(gap <= 100, qPrintable(QString::number(gap)));

    const auto job = window.job();
    QVERIFY(job->isCanceled());
    const qsizetype done = countOf(*job, FileState::Done);
    const qsizetype canceled = countOf(*job, FileState::Canceled);
    QVERIFY(done >= TestFolder::fileCount / 2);
    QVERIFY(canceled >= 1);
    QCOMPARE(done + canceled, TestFolder::fileCount + 1);
    QCOMPARE(model->rowCount(), TestFolder::fileCount + 1);
    QCOMPARE(statusOf(*model, 0), QStringLiteral("Cancelled")); // the huge one
    QCOMPARE(model->index(0, FileModel::Sum).data().toString(), QString());
    QVERIFY(!cancel->isEnabled());
    m_folder.removeFile("dir0/a huge file");

    button(window, QStringLiteral("&Start"))->click();
    QVERIFY(finished.wait(limit));
    QVERIFY(window.job() != job);
    QCOMPARE(countOf(*window.job(), FileState::Done), TestFolder::fileCount);
    QCOMPARE(model->rowCount(), int(TestFolder::fileCount));
}

void tst_ChecksumsWindow::timeoutIsShownInItsRow()
{
    QTemporaryDir dir;
    QFile huge(dir.filePath(QStringLiteral("a huge file")));
    QVERIFY(huge.open(QIODevice::WriteOnly) && huge.resize(16'000'000'000));
    QFile small(dir.filePath(QStringLiteral("small")));
    QVERIFY(small.open(QIODevice::WriteOnly) && small.write("x") == 1 && small.flush());

    ChecksumWindow window;
    window.setTimeout(300);
    window.show();
    QSignalSpy finished(&window, &ChecksumWindow::finished);
    window.start(QFile::encodeName(dir.path()));
    QVERIFY(finished.wait(10'000));
    QVERIFY(poolEmpties()); // a timeout stops the hashing, too

    const QAbstractItemModel *model = window.findChild<QTableView *>()->model();
    QCOMPARE(model->rowCount(), 2);
    QCOMPARE(statusOf(*model, 0), QStringLiteral("Timed out after 300 ms"));
    QCOMPARE(statusOf(*model, 1), QStringLiteral("Done"));
    QCOMPARE(window.job()->errorCount(), qsizetype(1));
}

// Files that cannot be opened any more when their turn comes: gone, or something else by then.
void tst_ChecksumsWindow::unreadableFileIsShownInItsRow()
{
    TestFolder folder;
    folder.addOddities();
    QCOMPARE(folder.error(), QByteArray());
    ChecksumWindow window;
    window.show();
    QSignalSpy finished(&window, &ChecksumWindow::finished);
    window.start(folder.path());
    // Listed, and the last ones are far from being reached: the tasks work in order.
    QVERIFY(QTest::qWaitFor([&] { return window.job()->isListed(); }, limit));
    folder.removeFile("sort/a");
    folder.removeFile("sort-me");
    QCOMPARE(::system(("mkfifo '" + folder.path() + "/sort-me'").constData()), 0);
    QCOMPARE(folder.error(), QByteArray());
    QVERIFY(finished.wait(limit));

    const QAbstractItemModel *model = window.findChild<QTableView *>()->model();
    QHash<QString, QString> errors;
    for (int row = 0; row < model->rowCount(); ++row) {
        if (window.job()->files().at(row).state == FileState::Failed) {
            const QModelIndex index = model->index(row, FileModel::File);
            errors.insert(index.data().toString().section(u'/', -1), statusOf(*model, row));
            QVERIFY(index.data(Qt::ForegroundRole).isValid());
        }
    }
    QCOMPARE(errors.value(QStringLiteral("a")), QStringLiteral("No such file or directory"));
    QCOMPARE(errors.value(QStringLiteral("sort-me")), QStringLiteral("Not a regular file"));
    QCOMPARE(errors.value(QString(250, u'f')), QStringLiteral("File name too long"));
    QCOMPARE(window.job()->errorCount(), errors.size());
    QCOMPARE(window.job()->settledCount(), window.job()->files().size());
}

void tst_ChecksumsWindow::closingInTheMiddle_data()
{
    QTest::addColumn<bool>("listed");
    QTest::addColumn<bool>("close");
    QTest::newRow("closed while listing") << false << true;
    QTest::newRow("closed while hashing") << true << true;
    QTest::newRow("deleted while listing") << false << false;
    QTest::newRow("deleted while hashing") << true << false;
}

// A task that knew the window would keep it, or touch it; the job must be let go of, too.
void tst_ChecksumsWindow::closingInTheMiddle()
{
    QFETCH(const bool, listed);
    QFETCH(const bool, close);
    m_folder.writeHugeFile("dir0/a huge file", 16'000'000'000); // not done before we close
    for (int round = 0; round < 5; ++round) {
        QPointer<ChecksumWindow> window = new ChecksumWindow; // deletes itself, or is deleted below
        window->setAttribute(Qt::WA_DeleteOnClose);
        window->show();
        window->start(m_folder.path());
        const std::weak_ptr<const HashJob> job = window->job();
        if (listed) {
            const int enough = 50 * (round + 1);
            QVERIFY(QTest::qWaitFor([&] { return window->job()->settledCount() >= enough; }, limit));
        }
        QVERIFY(!window->job()->isFinished());
        if (close)
            window->close();
        else
            delete window;
        QTRY_VERIFY_WITH_TIMEOUT(!window, 1000);
        QTRY_VERIFY_WITH_TIMEOUT(job.expired(), 2000);
        QVERIFY(poolEmpties());
    }
    m_folder.removeFile("dir0/a huge file");
    QCOMPARE(m_folder.error(), QByteArray());
}

void tst_ChecksumsWindow::missingFolderIsARow()
{
    ChecksumWindow window;
    QSignalSpy finished(&window, &ChecksumWindow::finished);
    window.start("/no/such/folder");
    QVERIFY(finished.wait(limit));
    const QAbstractItemModel *model = window.findChild<QTableView *>()->model();
    QCOMPARE(model->rowCount(), 1);
    QCOMPARE(model->index(0, FileModel::File).data().toString(), QStringLiteral("/no/such/folder"));
    QCOMPARE(statusOf(*model, 0), QStringLiteral("No such file or directory"));
}

void tst_ChecksumsWindow::emptyFolder()
{
    const QTemporaryDir dir;
    ChecksumWindow window;
    QSignalSpy finished(&window, &ChecksumWindow::finished);
    window.start(QFile::encodeName(dir.path()));
    QVERIFY(finished.wait(limit));
    QCOMPARE(window.findChild<QTableView *>()->model()->rowCount(), 0);
    auto *progress = window.findChild<QProgressBar *>();
    QCOMPARE(progress->value(), progress->maximum());
}

// Not blank, and not the same whatever is in it.
void tst_ChecksumsWindow::screenshotIsAPicture()
{
    ChecksumWindow window;
    window.show();
    const QImage before = window.grab().toImage();
    QSignalSpy finished(&window, &ChecksumWindow::finished);
    window.start(m_folder.path() + "/dir7");
    QVERIFY(finished.wait(limit));

    const QTemporaryDir dir;
    const QString file = dir.filePath(QStringLiteral("window.png"));
    QVERIFY(window.grab().save(file));
    const QImage picture = QImage(file).convertToFormat(QImage::Format_RGB32);
    QVERIFY(picture.width() >= 900 && picture.height() >= 500);
    QSet<QRgb> colors;
    int ink = 0; // dark pixels: text
    for (int y = 0; y < picture.height(); ++y) {
        for (int x = 0; x < picture.width(); ++x) {
            colors.insert(picture.pixel(x, y));
            ink += qGray(picture.pixel(x, y)) < 100;
        }
    }
    QVERIFY2(colors.size() > 50, qPrintable(QString::number(colors.size())));
    QVERIFY2(ink > 3000, qPrintable(QString::number(ink)));
    QVERIFY(picture != before.convertToFormat(QImage::Format_RGB32));
}

namespace {

/// A folder of two small files.
class TwoFiles
{
public:
    TwoFiles()
    {
        for (const char *const name : {"a", "b"}) {
            QFile file(folder.filePath(QString::fromLatin1(name)));
            if (file.open(QIODevice::WriteOnly))
                file.write(name);
        }
    }
    QTemporaryDir folder;
    QByteArray path() const { return QFile::encodeName(folder.path()); }
};

// printf a | sha256sum
const QString sumOfA =
        QStringLiteral("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
const QString sumOfB =
        QStringLiteral("3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d");

bool hashes(ChecksumWindow *window, const QByteArray &folder)
{
    QSignalSpy finished(window, &ChecksumWindow::finished);
    window->start(folder);
    return finished.wait(limit);
}

} // namespace

void tst_ChecksumsWindow::droppedFolder()
{
    const TwoFiles files;
    ChecksumWindow window;
    QSignalSpy finished(&window, &ChecksumWindow::finished);
    const auto drop = [&window](const QString &path) {
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(path)});
        QDragEnterEvent enter({5, 5}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        enter.ignore();
        QCoreApplication::sendEvent(&window, &enter);
        if (!enter.isAccepted())
            return false;
        QDropEvent event({5, 5}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(&window, &event);
        return true;
    };
    QVERIFY(!drop(files.folder.filePath(QStringLiteral("a")))); // no folder
    QVERIFY(drop(files.folder.path()));
    QVERIFY(finished.wait(limit));
    QCOMPARE(window.findChild<QTableView *>()->model()->rowCount(), 2);
}

void tst_ChecksumsWindow::copiedRows()
{
    const TwoFiles files;
    ChecksumWindow window;
    QVERIFY(hashes(&window, files.path()));
    auto *table = window.findChild<QTableView *>();
    QAction *const copy = table->actions().value(0);
    QVERIFY(copy && copy->shortcut() == QKeySequence(QKeySequence::Copy));
    copy->trigger();
    const QStringList lines = QGuiApplication::clipboard()->text().split(QLatin1Char('\n'));
    QCOMPARE(lines.size(), 3);
    QVERIFY2(lines.at(0).endsWith(QStringLiteral("a\tDone\t") + sumOfA), qPrintable(lines.at(0)));
    QVERIFY2(lines.at(1).endsWith(QStringLiteral("b\tDone\t") + sumOfB), qPrintable(lines.at(1)));
    table->selectRow(1);
    copy->trigger();
    QCOMPARE(QGuiApplication::clipboard()->text(), lines.at(1) + QLatin1Char('\n'));
}

void tst_ChecksumsWindow::sortedByAnyColumn()
{
    const TwoFiles files;
    ChecksumWindow window;
    QVERIFY(hashes(&window, files.path()));
    auto *table = window.findChild<QTableView *>();
    const auto firstSum = [table] {
        return table->model()->index(0, FileModel::Sum).data().toString();
    };
    QCOMPARE(firstSum(), sumOfA); // as found
    table->sortByColumn(FileModel::Sum, Qt::AscendingOrder);
    QCOMPARE(firstSum(), sumOfB);
    table->sortByColumn(FileModel::File, Qt::DescendingOrder);
    QCOMPARE(firstSum(), sumOfB);
    table->sortByColumn(-1, Qt::AscendingOrder);
    QCOMPARE(firstSum(), sumOfA);
}

void tst_ChecksumsWindow::timesAreShown()
{
    const TwoFiles files;
    ChecksumWindow window;
    QVERIFY(hashes(&window, files.path()));
    const QList<QLabel *> labels = window.findChildren<QLabel *>();
    const bool shown = std::ranges::any_of(labels, [](const QLabel *label) {
        return label->text() == QStringLiteral("2 of 2 files, 0 errors, 0:00");
    });
    QVERIFY(shown);
}

void tst_ChecksumsWindow::remembersTheFolder()
{
    const TwoFiles files;
    {
        ChecksumWindow window;
        QVERIFY(hashes(&window, files.path()));
    }
    const ChecksumWindow next;
    QCOMPARE(next.findChild<QLineEdit *>()->text(), files.folder.path());
}

QTEST_MAIN(tst_ChecksumsWindow)
#include "tst_checksums_window.moc"
