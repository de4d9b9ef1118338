// Every C++ or QML block of README.md and src/doc/*.md is a region of a source in this folder, or in
// tests/qml, which is compiled and run. A page marks a block with `<!-- snippet: name -->` on the line before it, a
// source its region with `//! [name]` at both ends; regions of one name are joined.
#include <QtCore/QDir>
#include <QtCore/QDirIterator>
#include <QtCore/QFile>
#include <QtCore/QHash>
#include <QtCore/QRegularExpression>
#include <QtCore/QSet>
#include <QtTest/QTest>

namespace {

QSet<QString> wordsOf(const QString &text)
{
    static const QRegularExpression word(QStringLiteral("[A-Za-z_]\\w*"));
    QSet<QString> words;
    auto matches = word.globalMatch(text);
    while (matches.hasNext())
        words += matches.next().captured();
    return words;
}

struct Block
{
    QString place; ///< file:line
    QString mark;  ///< the last line before the block that is not empty
    QStringList lines;
};

struct Sources
{
    QHash<QString, QStringList> regions;
    QStringList errors;
};

QDir root()
{
    return QDir(QStringLiteral(SOURCE_ROOT));
}

QStringList linesOf(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    return QString::fromUtf8(file.readAll()).split(QLatin1Char('\n'));
}

QStringList pages()
{
    QStringList paths{root().filePath(QStringLiteral("README.md"))};
    const QDir folder(root().filePath(QStringLiteral("src/doc")));
    const QStringList names = folder.entryList({QStringLiteral("*.md")}, QDir::Files, QDir::Name);
    for (const QString &name : names)
        paths += folder.filePath(name);
    return paths;
}

/// Fenced blocks of C++ or QML.
QList<Block> blocksOf(const QString &page, const QStringList &lines)
{
    const QString fence = QStringLiteral("```");
    QList<Block> blocks;
    QString before;
    bool inside = false;
    bool wanted = false;
    for (qsizetype i = 0; i < lines.size(); ++i) {
        const QString line = lines.at(i).trimmed();
        if (line.startsWith(fence)) {
            inside = !inside;
            if (inside) {
                const QString language = line.mid(fence.size()).trimmed();
                wanted = language == QLatin1String("cpp") || language == QLatin1String("qml");
                if (wanted)
                    blocks += Block{QStringLiteral("%1:%2").arg(page).arg(i + 1), before, {}};
            } else {
                before.clear();
            }
        } else if (inside) {
            if (wanted)
                blocks.last().lines += lines.at(i);
        } else if (!line.isEmpty()) {
            before = line;
        }
    }
    return blocks;
}

/// Without the common indentation and without spaces at line ends.
QStringList dedented(QStringList lines)
{
    qsizetype indent = -1;
    for (QString &line : lines) {
        while (line.endsWith(QLatin1Char(' ')) || line.endsWith(QLatin1Char('\r')))
            line.chop(1);
        if (line.isEmpty())
            continue;
        qsizetype spaces = 0;
        while (line.at(spaces) == QLatin1Char(' '))
            ++spaces;
        indent = indent < 0 ? spaces : qMin(indent, spaces);
    }
    for (QString &line : lines)
        line = line.mid(qMax<qsizetype>(indent, 0));
    return lines;
}

/// The same as one text, without blank lines at its ends.
QString normalised(const QStringList &lines)
{
    QStringList text = dedented(lines);
    while (!text.isEmpty() && text.first().isEmpty())
        text.removeFirst();
    while (!text.isEmpty() && text.last().isEmpty())
        text.removeLast();
    return text.join(QLatin1Char('\n'));
}

void readRegions(const QString &path, Sources *sources)
{
    static const QRegularExpression marker(QStringLiteral("^\\s*//! \\[([\\w-]+)\\]\\s*$"));
    QString open;
    QStringList part;
    const QStringList lines = linesOf(path);
    for (const QString &line : lines) {
        const QRegularExpressionMatch match = marker.match(line);
        if (match.hasMatch()) {
            const QString region = match.captured(1);
            if (open.isEmpty()) {
                open = region;
            } else if (open == region) {
                sources->regions[region] += dedented(part); // parts may stand at different depths
                part.clear();
                open.clear();
            } else {
                sources->errors += QStringLiteral("%1: [%2] inside [%3]").arg(path, region, open);
            }
        } else if (!open.isEmpty()) {
            part += line;
        }
    }
    if (!open.isEmpty())
        sources->errors += QStringLiteral("%1: [%2] has no end").arg(path, open);
}

Sources readSources()
{
    Sources sources;
    for (const char *name : {"tests/auto/docs", "tests/qml"}) {
        const QDir folder(root().filePath(QString::fromLatin1(name)));
        const QStringList files = folder.entryList(
                {QStringLiteral("*.cpp"), QStringLiteral("*.h"), QStringLiteral("*.qml")}, QDir::Files);
        for (const QString &file : files)
            readRegions(folder.filePath(file), &sources);
    }
    return sources;
}

/// What is wrong with a block; empty: nothing. \a name becomes the region that it shows.
QString flawOf(const Block &block, const QHash<QString, QStringList> &regions, QString *name)
{
    static const QRegularExpression snippet(QStringLiteral("^<!-- snippet: ([\\w-]+) -->$"));
    static const QRegularExpression excused(QStringLiteral("^<!-- not compiled: \\S.* -->$"));
    if (excused.match(block.mark).hasMatch())
        return {};
    const QRegularExpressionMatch match = snippet.match(block.mark);
    if (!match.hasMatch())
        return QStringLiteral("no <!-- snippet: name --> before it");
    *name = match.captured(1);
    if (!regions.contains(*name))
        return QStringLiteral("no source has a region [%1]").arg(*name);
    const QString shown = normalised(block.lines);
    const QString compiled = normalised(regions.value(*name));
    if (shown.isEmpty() || shown != compiled)
        return QStringLiteral("differs from region [%1], which is:\n%2").arg(*name, compiled);
    return {};
}

/// Every word in the headers and the sources of the proxy generator.
QSet<QString> wordsOfHeaders()
{
    QSet<QString> words;
    for (const char *name : {"include/Synchronaut", "src/proxygen"}) {
        QDirIterator files(root().filePath(QString::fromLatin1(name)), QDir::Files,
                           QDirIterator::Subdirectories);
        while (files.hasNext())
            words += wordsOf(linesOf(files.next()).join(QLatin1Char('\n')));
    }
    return words;
}

/// What stands as code in the second column of a table's row.
QString codeOfSecondColumn(const QString &row)
{
    static const QRegularExpression code(QStringLiteral("`([^`]+)`"));
    const QStringList columns = row.split(QLatin1Char('|'));
    QStringList found;
    auto matches = code.globalMatch(columns.value(2));
    while (matches.hasNext())
        found += matches.next().captured(1);
    return found.join(QLatin1Char(' '));
}

} // namespace

class tst_Docs : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void checkFindsWhatIsWrong_data();
    void checkFindsWhatIsWrong();
    void blocksAreWhatIsCompiled();
    void linksLeadSomewhere();
    void examplesAreListed();
    void namesInComparisonsExist();
};

/// The check itself: it must not pass because it looks at nothing.
void tst_Docs::checkFindsWhatIsWrong_data()
{
    QTest::addColumn<QString>("page");
    QTest::addColumn<QString>("flaw");
    const auto row = [](const char *name, const char *page, const char *flaw) {
        QTest::newRow(name) << QString::fromLatin1(page) << QString::fromLatin1(flaw);
    };
    row("same", "<!-- snippet: a -->\n```cpp\nint a;\n  int b;\n```\n", "");
    row("blank line between", "<!-- snippet: a -->\n\n```cpp\nint a;\n  int b;\n```\n", "");
    row("excused", "<!-- not compiled: it is wrong -->\n```cpp\nint c;\n```\n", "");
    row("excused without a reason", "<!-- not compiled: -->\n```cpp\nint c;\n```\n", "no <!-- snippet");
    row("unmarked", "Text.\n```cpp\nint a;\n```\n", "no <!-- snippet");
    row("mark used up", "<!-- snippet: a -->\n```text\nx\n```\n```cpp\nint a;\n```\n", "no <!-- snippet");
    row("unknown region", "<!-- snippet: z -->\n```cpp\nint a;\n```\n", "no source has");
    row("other text", "<!-- snippet: a -->\n```cpp\nint a;\n  int c;\n```\n", "differs");
    row("other indentation", "<!-- snippet: a -->\n```cpp\nint a;\nint b;\n```\n", "differs");
    row("shortened", "<!-- snippet: a -->\n```cpp\nint a;\n```\n", "differs");
    row("QML", "```qml\nItem { }\n```\n", "no <!-- snippet");
    row("empty", "<!-- snippet: empty -->\n```cpp\n```\n", "differs");
}

void tst_Docs::checkFindsWhatIsWrong()
{
    QFETCH(const QString, page);
    QFETCH(const QString, flaw);
    const QHash<QString, QStringList> regions{
            {QStringLiteral("a"), {QStringLiteral("    int a;"), QStringLiteral("      int b;")}},
            {QStringLiteral("empty"), {}},
    };
    const QList<Block> blocks =
            blocksOf(QStringLiteral("page"), page.split(QLatin1Char('\n')));
    QCOMPARE(blocks.size(), 1);
    QString name;
    const QString found = flawOf(blocks.first(), regions, &name);
    QVERIFY2(flaw.isEmpty() ? found.isEmpty() : found.startsWith(flaw), qPrintable(found));
}

void tst_Docs::blocksAreWhatIsCompiled()
{
    const Sources sources = readSources();
    QStringList flaws = sources.errors;
    QSet<QString> shown;
    const QStringList paths = pages();
    QVERIFY(paths.size() > 1);
    for (const QString &path : paths) {
        const QStringList lines = linesOf(path);
        QVERIFY2(!lines.isEmpty(), qPrintable(path));
        const QList<Block> blocks =
                blocksOf(root().relativeFilePath(path), lines);
        for (const Block &block : blocks) {
            QString name;
            const QString flaw = flawOf(block, sources.regions, &name);
            if (!flaw.isEmpty())
                flaws += block.place + QStringLiteral(": ") + flaw;
            shown += name;
        }
        // a language that is not known would hide code from this test
        for (const QString &line : lines) {
            static const QRegularExpression fence(QStringLiteral("^\\s*```\\s*(\\S+)"));
            const QString language = fence.match(line).captured(1);
            const QStringList known{QString(), QStringLiteral("cpp"), QStringLiteral("qml"),
                                    QStringLiteral("text"), QStringLiteral("cmake"),
                                    QStringLiteral("sh")};
            if (!known.contains(language))
                flaws += QStringLiteral("%1: unknown language %2").arg(path, language);
        }
    }
    for (auto it = sources.regions.cbegin(); it != sources.regions.cend(); ++it) {
        if (!shown.contains(it.key()))
            flaws += QStringLiteral("region [%1] is in no page").arg(it.key());
    }
    QVERIFY2(flaws.isEmpty(), qPrintable(flaws.join(QLatin1Char('\n'))));
}

void tst_Docs::linksLeadSomewhere()
{
    static const QRegularExpression code(QStringLiteral("```.*?```|`[^`\n]*`"),
                                         QRegularExpression::DotMatchesEverythingOption);
    static const QRegularExpression link(QStringLiteral("\\]\\(([^)#:]+)(#[^)]*)?\\)"));
    int checked = 0;
    const QStringList paths = pages();
    for (const QString &path : paths) {
        const QString text = linesOf(path).join(QLatin1Char('\n')).remove(code);
        auto it = link.globalMatch(text);
        while (it.hasNext()) {
            const QString target = it.next().captured(1);
            const QDir folder = QFileInfo(path).dir();
            QVERIFY2(folder.exists(target), qPrintable(path + QStringLiteral(" -> ") + target));
            ++checked;
        }
    }
    QVERIFY(checked > 0);
}

void tst_Docs::examplesAreListed()
{
    const QString readme = linesOf(pages().first()).join(QLatin1Char('\n'));
    const QDir folder(root().filePath(QStringLiteral("examples")));
    const QStringList names = folder.entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    QVERIFY(!names.isEmpty());
    for (const QString &name : names)
        QVERIFY2(readme.contains(QStringLiteral("examples/") + name), qPrintable(name));
}

/// What is said to be the counterpart of something in another library is really there.
void tst_Docs::namesInComparisonsExist()
{
    const QSet<QString> known = wordsOfHeaders();
    QVERIFY(known.contains(QStringLiteral("callSync")));
    QVERIFY(!known.contains(QStringLiteral("waitForNothing")));
    QCOMPARE(codeOfSecondColumn(QStringLiteral("| `a(b)` | `c`, or `d(e)` | `f` |")),
             QStringLiteral("c d(e)"));
    const QSet<QString> placeholders{
            QStringLiteral("obj"), QStringLiteral("Obj"),    QStringLiteral("ctx"), QStringLiteral("t"),
            QStringLiteral("x"),   QStringLiteral("asyncF"), QStringLiteral("cm")};
    const QSet<QString> ofQt{QStringLiteral("onFailed"), QStringLiteral("qScopeGuard")};
    QSet<QString> seen;
    const QStringList lines = linesOf(root().filePath(QStringLiteral("src/doc/coming-from.md")));
    for (const QString &line : lines) {
        if (line.startsWith(QLatin1Char('|')))
            seen += wordsOf(codeOfSecondColumn(line));
    }
    QVERIFY2(seen.size() > 80, qPrintable(QString::number(seen.size())));
    const QSet<QString> unknown = seen - known - placeholders - ofQt;
    QVERIFY2(unknown.isEmpty(), qPrintable(QStringList(unknown.values()).join(QLatin1Char(' '))));
}

QTEST_GUILESS_MAIN(tst_Docs)
#include "tst_docs.moc"
