// CsvReader: what is a record, what is malformed, and on which line.
#include "csvreader.h"

#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

using Rows = QList<QStringList>;

class TestDatabaseCsv : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void recordsAreRead_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<Rows>("rows");
        const auto a = QStringLiteral("1");
        const auto b = QStringLiteral("2");
        QTest::newRow("plain") << QByteArray("x,y\n1,2\n") << Rows{{a, b}};
        QTest::newRow("no end of line") << QByteArray("x,y\n1,2") << Rows{{a, b}};
        QTest::newRow("CRLF, BOM") << QByteArray("\xef\xbb\xbfx,y\r\n1,2\r\n") << Rows{{a, b}};
        QTest::newRow("empty lines") << QByteArray("\nx,y\n\n\r\n1,2\n\n") << Rows{{a, b}};
        QTest::newRow("empty fields") << QByteArray("x,y\n,\n1,\n") << Rows{{QString(), QString()}, {a, QString()}};
        QTest::newRow("quotes") << QByteArray("x,y\n\"1\",\"2,\"\"3\"\"\"\n\"\",2\n")
                                << Rows{{a, QStringLiteral("2,\"3\"")}, {QString(), b}};
        QTest::newRow("UTF-8") << QByteArray("x,y\n\xc3\xa4,2\n") << Rows{{QString(QChar(0xe4)), b}};
        QTest::newRow("header alone") << QByteArray("x,y\n") << Rows{};
    }
    void recordsAreRead()
    {
        QFETCH(const QByteArray, text);
        QFETCH(const Rows, rows);
        CsvReader reader(write(text));
        QCOMPARE(reader.columns(), QStringList({QStringLiteral("x"), QStringLiteral("y")}));
        const CsvBlock block = reader.read(100);
        QCOMPARE(block.rows, rows);
        QCOMPARE(block.malformed.size(), 0);
        QVERIFY(block.atEnd);
        QCOMPARE(block.position, text.size());
        QCOMPARE(reader.size(), text.size());
    }

    void malformedLinesAreNumbered_data()
    {
        QTest::addColumn<QByteArray>("line");
        QTest::addColumn<QString>("flaw");
        QTest::newRow("few fields") << QByteArray("1") << QStringLiteral("1 fields in place of 2");
        QTest::newRow("many fields") << QByteArray("1,2,3") << QStringLiteral("3 fields in place of 2");
        QTest::newRow("open quote") << QByteArray("1,\"2") << QStringLiteral("a quote is not closed");
        QTest::newRow("text after quote") << QByteArray("\"1\"x,2") << QStringLiteral("text after a closing quote");
        QTest::newRow("quote inside") << QByteArray("1,2\"") << QStringLiteral("a quote inside of a field that is not quoted");
        QTest::newRow("not UTF-8") << QByteArray("\xff,2") << QStringLiteral("is not UTF-8");
        QTest::newRow("NUL") << QByteArray("\0,2", 3) << QStringLiteral("contains a NUL byte");
        QTest::newRow("long") << QByteArray(3'000'000, 'x') << QStringLiteral("longer than 1 MiB");
    }
    void malformedLinesAreNumbered()
    {
        QFETCH(const QByteArray, line);
        QFETCH(const QString, flaw);
        CsvReader reader(write("x,y\n1,2\n\n" + line + "\n1,2\n" + line));
        const CsvBlock block = reader.read(100);
        QCOMPARE(block.rows.size(), 2);
        QCOMPARE(block.malformed.size(), 2);
        QCOMPARE(block.malformed.at(0).number, 4);
        QCOMPARE(block.malformed.at(1).number, 6);
        QCOMPARE(block.malformed.at(0).flaw, flaw);
        QCOMPARE(block.malformed.at(1).flaw, flaw);
        QVERIFY(block.atEnd);
    }

    void longestLineIsRead()
    {
        const QByteArray field(1'048'574, 'x'); // 1 MiB with ",2"
        CsvReader reader(write("x,y\n" + field + ",2\n" + field + ",23\n"));
        const CsvBlock block = reader.read(100);
        QCOMPARE(block.rows.size(), 1);
        QCOMPARE(block.rows.first().first().size(), field.size());
        QCOMPARE(block.malformed.size(), 1);
        QCOMPARE(block.malformed.first().number, 3);
    }

    void blocksFollowOneAnother()
    {
        CsvReader reader(write("x\n1\n2\n3\n4\n5\n"));
        QStringList all;
        QList<qsizetype> sizes;
        for (bool atEnd = false; !atEnd;) {
            const CsvBlock block = reader.read(2);
            for (const QStringList &row : block.rows)
                all += row;
            sizes += block.rows.size();
            atEnd = block.atEnd;
        }
        QCOMPARE(all.join(QString()), QStringLiteral("12345"));
        QCOMPARE(sizes, QList<qsizetype>({2, 2, 1}));
        QVERIFY(reader.read(2).atEnd);
    }

    void unusableFilesAreRefused_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("said");
        QTest::newRow("empty") << QByteArray() << QByteArray("is empty");
        QTest::newRow("empty lines") << QByteArray("\n\n") << QByteArray("is empty");
        QTest::newRow("no name") << QByteArray("x,\n1,2\n") << QByteArray("line 1: a column has no name");
        QTest::newRow("name twice") << QByteArray("\nx,x\n1,2\n") << QByteArray("line 2: a column has no name, or that of another one: \"x\"");
        QTest::newRow("malformed header") << QByteArray("x,\"y\n1,2\n") << QByteArray("line 1, the names of the columns: a quote is not closed");
    }
    void unusableFilesAreRefused()
    {
        QFETCH(const QByteArray, text);
        QFETCH(const QByteArray, said);
        QByteArray error;
        try {
            CsvReader reader(write(text));
        } catch (const CsvError &e) {
            error = e.what();
        }
        QVERIFY2(error.contains(said), error.constData());
    }

    void noFile()
    {
        QVERIFY_THROWS_EXCEPTION(CsvError, CsvReader(m_folder.filePath(QStringLiteral("none.csv"))));
        QVERIFY_THROWS_EXCEPTION(CsvError, CsvReader(m_folder.path()));
    }

private:
    QString write(const QByteArray &text)
    {
        const QString path = m_folder.filePath(QStringLiteral("file.csv"));
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size())
            qFatal("Cannot write %s", qPrintable(path));
        return path;
    }

    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(TestDatabaseCsv)
#include "tst_database_csv.moc"
