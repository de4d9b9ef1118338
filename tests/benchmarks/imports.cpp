// Importing a CSV file into SQLite through tasks and Synchronized objects, against the same calls made
// straight, on one thread. Parts of examples/database.
#include "support/cases.h"

#include "csvimport.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>

namespace Benchmarks {

namespace {

constexpr int rowCount = 100'000;

/// A folder with the file to import and the database, emptied before each import.
class Place
{
public:
    Place()
    {
        QFile file(csv());
        if (!file.open(QIODevice::WriteOnly))
            throw Failed("cannot write the CSV file");
        file.write("id,city,amount,note\n");
        for (int i = 0; i < rowCount; ++i)
            file.write(QByteArray::number(i) + ",\"City " + QByteArray::number(i % 7) + "\","
                       + QByteArray::number(i % 100) + ",some note\n");
    }

    QString csv() const { return m_folder.filePath(QStringLiteral("rows.csv")); }
    ConnectionSettings emptyDatabase() const
    {
        const QString path = m_folder.filePath(QStringLiteral("rows.sqlite"));
        QFile::remove(path);
        return ConnectionSettings::sqlite(path);
    }

private:
    QTemporaryDir m_folder;
};

const Place &place()
{
    static const Place s_place;
    return s_place;
}

void check(qint64 rows)
{
    if (rows != rowCount)
        throw Failed("rows are missing");
}

double throughTheBridge()
{
    CsvImport import;
    import.file = place().csv();
    import.table = QStringLiteral("rows");
    const ConnectionSettings settings = place().emptyDatabase();
    const Stopwatch watch;
    ConnectionPool pool(settings, 1);
    check(Synchronaut::run(importCsv(pool, import)).rows);
    return watch.ns();
}

double straight()
{
    const ConnectionSettings settings = place().emptyDatabase();
    const Stopwatch watch;
    Connection connection(settings);
    CsvReader reader(place().csv());
    connection.begin();
    connection.execute(QStringLiteral("CREATE TABLE rows (id TEXT, city TEXT, amount TEXT, note TEXT)"));
    qint64 rows = 0;
    for (bool atEnd = false; !atEnd;) {
        const CsvBlock block = reader.read(2000);
        connection.insert(QStringLiteral("rows (id, city, amount, note)"), block.rows);
        rows += block.rows.size();
        atEnd = block.atEnd;
    }
    connection.commit();
    check(rows);
    return watch.ns();
}

Cases cases()
{
    return {{"P19", "import of 100,000 CSV rows into SQLite", "ns", throughTheBridge,
             {{"the same, straight on one thread", straight, {Target::Kind::AtMostTimes, 1.1}}}}};
}

const Subject s_subject(cases);

} // namespace
} // namespace Benchmarks
