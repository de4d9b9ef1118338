// Uses `import Synchronaut`: linked with the library, or with the installed module alone.
#include <QtCore/QCoreApplication>
#include <QtCore/QTimer>
#include <QtQml/QQmlComponent>
#include <QtQml/QQmlEngine>

#include <cstdio>
#include <memory>

#ifdef LINKED
#  include <Synchronaut/Promise>
#  include <Synchronaut/QmlModule>
#  include <Synchronaut/Synchronaut>
#endif

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QQmlEngine engine;
    QObject::connect(&engine, &QQmlEngine::quit, &app, &QCoreApplication::quit, Qt::QueuedConnection);
#ifdef LINKED
    Synchronaut::registerQmlModule();
    QJSEngine script;
    script.globalObject().setProperty(QStringLiteral("p"),
            Synchronaut::promise(&script, nullptr, Synchronaut::callAny([](int x) { return x; }, 5)));
    script.evaluate(QStringLiteral("var got; p.then(function (x) { got = x })"));
    while (script.evaluate(QStringLiteral("got")).isUndefined())
        QCoreApplication::processEvents();
    std::printf("promise %d\n", script.evaluate(QStringLiteral("got")).toInt());
    std::fflush(stdout);
#else
    engine.addImportPath(QString::fromLocal8Bit(argv[1]));
#endif
    QQmlComponent component(&engine);
    component.setData("import QtQml; import Synchronaut; QtObject { id: root; property int got: 0\n"
                      "Component.onCompleted: Synchronaut.sleep(1).then(() => { root.got = 5; Qt.quit() }) }",
                      QUrl());
    const std::unique_ptr<QObject> root(component.create());
    if (!root) {
        std::fprintf(stderr, "%s\n", qPrintable(component.errorString()));
        return 1;
    }
    QTimer::singleShot(20000, &app, [] { QCoreApplication::exit(1); });
    const int code = QCoreApplication::exec();
    std::printf("module %d\n", root->property("got").toInt());
    return code;
}
