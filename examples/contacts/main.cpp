// An address book in Qt Quick over a C++ service: search as you type, matches as they are found, errors with retry.
#include "contact.h"

#include <Synchronaut/QmlModule>
#include <Synchronaut/RegisterFuture>

#include <QtGui/QGuiApplication>
#include <QtQml/QQmlApplicationEngine>

int main(int argc, char **argv)
{
    QGuiApplication app(argc, argv);
    Synchronaut::registerQmlModule();
    Synchronaut::registerFuture<Contact>(); // for the methods that return QFuture<Contact>
    QQmlApplicationEngine engine;
    QObject::connect(&engine, &QQmlApplicationEngine::objectCreationFailed, &app, [] { QCoreApplication::exit(1); },
                     Qt::QueuedConnection);
    engine.load(QUrl(QStringLiteral("qrc:/Contacts/Main.qml")));
    return QGuiApplication::exec();
}
