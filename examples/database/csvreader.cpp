#include "csvreader.h"

#include <QtCore/QStringDecoder>

#include <algorithm>

namespace {

constexpr qsizetype longestLine = 1 << 20;

/// Splits \a line into \a fields. Gives what is wrong with it, empty: nothing.
QString split(QStringView line, QStringList *fields)
{
    qsizetype at = 0;
    for (;;) {
        if (at < line.size() && line.at(at) == u'"') {
            QString field;
            for (;;) {
                const qsizetype quote = line.indexOf(u'"', at + 1);
                if (quote < 0)
                    return QStringLiteral("a quote is not closed");
                field += line.sliced(at + 1, quote - at - 1);
                at = quote + 1;
                if (at == line.size() || line.at(at) != u'"')
                    break;
                field += u'"'; // a doubled one
            }
            if (at < line.size() && line.at(at) != u',')
                return QStringLiteral("text after a closing quote");
            *fields += field;
        } else {
            qsizetype end = line.indexOf(u',', at);
            end = end < 0 ? line.size() : end;
            const QStringView field = line.sliced(at, end - at);
            if (field.contains(u'"'))
                return QStringLiteral("a quote inside of a field that is not quoted");
            *fields += field.toString();
            at = end;
        }
        if (at == line.size())
            return {};
        ++at; // the comma
    }
}

} // namespace

CsvReader::CsvReader(const QString &path)
    : m_file(path), m_buffer(longestLine + 2, Qt::Uninitialized) // with \n, and the 0 that Qt adds
{
    if (!m_file.open(QIODevice::ReadOnly))
        throw CsvError(QStringLiteral("Cannot read %1: %2").arg(path, m_file.errorString()));
    const std::optional<Record> header = readRecord();
    if (!header)
        throw CsvError(QStringLiteral("%1 is empty: its first line has to name the columns").arg(path));
    if (!header->flaw.isEmpty())
        throw CsvError(QStringLiteral("%1, line %2, the names of the columns: %3")
                               .arg(path).arg(m_line).arg(header->flaw));
    m_columns = header->fields;
    for (const QString &name : std::as_const(m_columns)) {
        if (name.isEmpty() || m_columns.count(name) > 1)
            throw CsvError(QStringLiteral("%1, line %2: a column has no name, or that of another one: \"%3\"")
                                   .arg(path).arg(m_line).arg(name));
    }
}

CsvBlock CsvReader::read(int count)
{
    CsvBlock block;
    block.rows.reserve(count);
    while (block.rows.size() + block.malformed.size() < count) {
        std::optional<Record> record = readRecord();
        if (!record) {
            block.atEnd = true;
            break;
        }
        if (record->flaw.isEmpty() && record->fields.size() != m_columns.size())
            record->flaw = QStringLiteral("%1 fields in place of %2")
                                   .arg(record->fields.size()).arg(m_columns.size());
        if (record->flaw.isEmpty())
            block.rows += std::move(record->fields);
        else
            block.malformed += MalformedLine{m_line, record->flaw};
    }
    block.position = m_file.pos();
    return block;
}

std::optional<CsvReader::Record> CsvReader::readRecord()
{
    bool tooLong = false;
    const std::optional<QByteArrayView> line = readLine(&tooLong);
    if (!line)
        return std::nullopt;
    Record record;
    if (tooLong) {
        record.flaw = QStringLiteral("longer than 1 MiB");
    } else if (line->contains('\0')) {
        record.flaw = QStringLiteral("contains a NUL byte");
    } else {
        QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::Stateless);
        const QString text = decoder.decode(*line);
        record.flaw = decoder.hasError() ? QStringLiteral("is not UTF-8") : split(text, &record.fields);
    }
    return record;
}

std::optional<QByteArrayView> CsvReader::readLine(bool *tooLong)
{
    for (;;) {
        QByteArrayView line = readPart();
        if (line.isEmpty())
            return std::nullopt;
        ++m_line;
        while (!line.endsWith('\n') && !m_file.atEnd()) {
            *tooLong = true;
            line = readPart();
        }
        if (m_line == 1 && line.startsWith("\xef\xbb\xbf")) // what Windows programs begin with
            line = line.sliced(3);
        if (line.endsWith('\n'))
            line.chop(1);
        if (line.endsWith('\r'))
            line.chop(1);
        if (!line.isEmpty() || *tooLong)
            return line;
    }
}

QByteArrayView CsvReader::readPart()
{
    const qint64 count = m_file.readLine(m_buffer.data(), m_buffer.size());
    if (count < 0 && m_file.error() != QFileDevice::NoError)
        throw CsvError(QStringLiteral("Cannot read %1 after line %2: %3")
                               .arg(m_file.fileName()).arg(m_line).arg(m_file.errorString()));
    return QByteArrayView(m_buffer).first(std::max<qint64>(count, 0));
}
