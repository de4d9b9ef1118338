// The program database with a file of orders: what its tests on both databases share.
#pragma once

#include <QtCore/QFile>
#include <QtCore/QProcess>
#include <QtCore/QStringList>

struct Ended
{
    int status = -1;
    QByteArray output;
    QByteArray errors;
};

inline Ended database(const QStringList &arguments)
{
    QProcess process;
    process.start(QStringLiteral(DATABASE_PROGRAM), arguments);
    Ended ended;
    if (!process.waitForFinished(200'000) || process.exitStatus() != QProcess::NormalExit)
        return ended;
    ended.status = process.exitCode();
    ended.output = process.readAllStandardOutput();
    ended.errors = process.readAllStandardError();
    return ended;
}

/// A CSV file of \a count orders from three cities, order i of amount i % 100.
inline bool writeOrders(const QString &path, int count)
{
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly))
        return false;
    file.write("id,city,amount\n");
    const QByteArray cities[] = {"Bonn", "\"Cologne, \"\"Kölle\"\"\"", "\"Trier\""};
    for (int i = 0; i < count; ++i)
        file.write(QByteArray::number(i) + ',' + cities[i % 3] + ',' + QByteArray::number(i % 100) + '\n');
    return file.flush();
}

inline QString ordersQuery()
{
    return QStringLiteral("SELECT city, count(*) AS n, sum(CAST(amount AS INTEGER)) AS total FROM orders "
                          "GROUP BY city ORDER BY city");
}

inline QByteArray ordersAnswer(int count)
{
    qint64 numbers[3] = {};
    qint64 totals[3] = {};
    for (int i = 0; i < count; ++i) {
        ++numbers[i % 3];
        totals[i % 3] += i % 100;
    }
    QByteArray answer = "city,n,total\n";
    const QByteArray cities[] = {"Bonn", "\"Cologne, \"\"Kölle\"\"\"", "Trier"};
    for (int i = 0; i < 3; ++i)
        answer += cities[i] + ',' + QByteArray::number(numbers[i]) + ',' + QByteArray::number(totals[i]) + '\n';
    return answer;
}
