#pragma once

#include <QtCore/QByteArray>
#include <QtCore/QFile>
#include <QtCore/QList>
#include <QtCore/QStringList>

#include <optional>
#include <stdexcept>

/// A file that is no CSV file; what() is for people, in UTF-8.
class CsvError : public std::runtime_error
{
public:
    explicit CsvError(const QString &message) : std::runtime_error(message.toStdString()) { }
};

/// A line that was left out, counted from 1, and why.
struct MalformedLine
{
    qint64 number = 0;
    QString flaw;
};

/// What CsvReader::read() gives.
struct CsvBlock
{
    QList<QStringList> rows;
    QList<MalformedLine> malformed;
    qint64 position = 0; ///< bytes read so far
    bool atEnd = false;
};

/*!
    Reads a CSV file block by block: UTF-8, comma, fields in double quotes where they have to be, a quote in
    those doubled. The first line has the names of the columns. A record is a line: one whose quote is
    still open at its end is malformed, as is one with another number of fields, with a line longer
    than 1 MiB, with NUL or with what is no UTF-8. Empty lines are passed over.

    Plain and blocking; for one thread at a time.
*/
class CsvReader
{
public:
    /// Opens the file and reads the header. Throws CsvError.
    explicit CsvReader(const QString &path);

    const QStringList &columns() const { return m_columns; }
    qint64 size() const { return m_file.size(); } ///< of the file, in bytes

    /// The next \a count records. Throws CsvError when the file cannot be read.
    CsvBlock read(int count);

private:
    struct Record
    {
        QStringList fields;
        QString flaw; ///< empty: none
    };

    std::optional<Record> readRecord();
    /// The next line that is not empty, without its end; one that is too long, without its beginning.
    std::optional<QByteArrayView> readLine(bool *tooLong);
    QByteArrayView readPart();

    QFile m_file;
    QByteArray m_buffer; ///< for one line
    qint64 m_line = 0; ///< of the record that was read last
    QStringList m_columns;
};
