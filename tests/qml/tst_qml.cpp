// Runs the tst_*.qml of this folder.
#include "service.h"

#include <Synchronaut/RegisterFuture>

#include <QtQml/qqmlengine.h>
#include <QtQuickTest/quicktest.h>

class Setup : public QObject
{
    Q_OBJECT

public Q_SLOTS:
    void applicationAvailable() { Synchronaut::registerFuture<Contact>(); }
    void qmlEngineAvailable(QQmlEngine *engine)
    {
        engine->addImportPath(QStringLiteral(SYNCHRONAUT_QML_IMPORTS));
    }
};

QUICK_TEST_MAIN_WITH_SETUP(qml, Setup)
#include "tst_qml.moc"
