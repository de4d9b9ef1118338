// synchronaut_proxygen: proxies for the QObject classes that moc has described. See
// src/cmake/SynchronautProxies.cmake, which calls it.
#include "proxyclass.h"
#include "proxywriter.h"

#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace {

/// What ends the run: a text for the user.
class Failure : public std::runtime_error
{
public:
    explicit Failure(const QString &text) : std::runtime_error(text.toStdString()) { }
};

QList<ObjectClass> classesOf(const QString &header, const QString &description)
{
    QFile file(description);
    if (!file.open(QIODevice::ReadOnly))
        throw Failure(QStringLiteral("%1: error: cannot be read: %2").arg(description, file.errorString()));
    QJsonParseError error;
    const QJsonDocument json = QJsonDocument::fromJson(file.readAll(), &error);
    if (error.error != QJsonParseError::NoError)
        throw Failure(QStringLiteral("%1: error: is not what moc writes: %2").arg(description, error.errorString()));
    QList<ObjectClass> classes;
    const QJsonArray all = json.object().value(QLatin1String("classes")).toArray();
    for (const QJsonValue &each : all) {
        if (each.toObject().value(QLatin1String("object")).toBool())
            classes += ObjectClass{header, each.toObject()};
    }
    return classes;
}

/// The names of the files were made from the class names that CMake saw when it configured.
void checkExpected(const QList<ObjectClass> &classes, QStringList expected)
{
    QStringList names;
    for (const ObjectClass &each : classes)
        names += each.name();
    std::sort(names.begin(), names.end());
    std::sort(expected.begin(), expected.end());
    if (names != expected) {
        throw Failure(QStringLiteral("error: the QObject classes in these headers are now %1, and CMake knows of %2; "
                                     "run CMake again")
                              .arg(names.join(QLatin1String(", ")), expected.join(QLatin1String(", "))));
    }
}

/// A file that is the same stays untouched, so that nothing is compiled anew.
void writeFile(const QString &path, const QByteArray &text)
{
    QFile file(path);
    if (file.open(QIODevice::ReadOnly) && file.readAll() == text)
        return;
    file.close();
    if (!file.open(QIODevice::WriteOnly | QIODevice::Truncate) || file.write(text) != text.size() || !file.flush())
        throw Failure(QStringLiteral("%1: error: cannot be written: %2").arg(path, file.errorString()));
}

void generate(const QCommandLineParser &parser)
{
    const QStringList headers = parser.values(QStringLiteral("header"));
    const QStringList descriptions = parser.values(QStringLiteral("json"));
    if (headers.isEmpty() || headers.size() != descriptions.size())
        throw Failure(QStringLiteral("error: one --json is needed for each --header"));

    QList<ObjectClass> classes;
    for (qsizetype i = 0; i < headers.size(); ++i)
        classes += classesOf(headers.at(i), descriptions.at(i));
    checkExpected(classes, parser.values(QStringLiteral("expect")));

    const ProxyRules rules{parser.isSet(QStringLiteral("allow-pointers")), parser.values(QStringLiteral("skip"))};
    const QDir folder(parser.value(QStringLiteral("output")));
    QStringList errors;
    QList<QPair<QString, QByteArray>> files;
    for (const ObjectClass &each : std::as_const(classes)) {
        const ProxyClass proxy(each, classes, rules);
        errors += proxy.errors;
        files += {folder.filePath(proxyFileName(proxy.name)), proxyText(proxy).toUtf8()};
    }
    errors.removeDuplicates(); // those of a base class come again with each class that derives from it
    if (!errors.isEmpty())
        throw Failure(errors.join(QLatin1Char('\n')));
    for (const auto &file : std::as_const(files))
        writeFile(file.first, file.second);
}

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Writes proxies for QObject classes; see synchronaut_add_proxies()."));
    parser.addHelpOption();
    parser.addOptions({
            {QStringLiteral("header"), QStringLiteral("A header with QObject classes."), QStringLiteral("path")},
            {QStringLiteral("json"), QStringLiteral("What moc --output-json says of it."), QStringLiteral("path")},
            {QStringLiteral("expect"), QStringLiteral("A class that is there."), QStringLiteral("class")},
            {QStringLiteral("skip"), QStringLiteral("A member to leave out."), QStringLiteral("class::member")},
            {QStringLiteral("allow-pointers"), QStringLiteral("Let pointers and views pass.")},
            {QStringLiteral("output"), QStringLiteral("Folder to write to."), QStringLiteral("path"), QStringLiteral(".")},
    });
    parser.process(application);
    try {
        generate(parser);
    } catch (const Failure &failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
    return 0;
}
