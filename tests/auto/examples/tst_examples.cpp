// The examples without a window: their whole output, to the letter.
#include <QtCore/QProcess>
#include <QtTest/QTest>

class tst_Examples : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void output_data();
    void output();
};

void tst_Examples::output_data()
{
    QTest::addColumn<QString>("program");
    QTest::addColumn<QByteArray>("expected");

    QTest::newRow("quickstart") << QStringLiteral(QUICKSTART_PROGRAM)
                                << QByteArray("decSyncAdd.sync(2,3): 5\n"
                                              "callSync(asyncAdd): 19\n"
                                              "syncAdd: 3\n"
                                              "callAny(syncAdd): 7\n"
                                              "offloaded syncAdd: 11\n"
                                              "asyncAdd: 15\n"
                                              "callAny(asyncAdd): 15\n"
                                              "decSyncAdd.async: 13\n"
                                              "decAsyncAdd: 17\n"
                                              "Timeout caught: Function slowAdd timed out after 0.5s\n");
    QTest::newRow("context") << QStringLiteral(CONTEXT_PROGRAM)
                             << QByteArray("Global, userId: 42\n"
                                           "Inside block, userId: 99\n"
                                           "Global again, userId: 42\n"
                                           "Inside thread, userId: 42\n");
    QTest::newRow("batch")
            << QStringLiteral(BATCH_PROGRAM)
            << QByteArray("['Hello, Alice!', 5, "
                          "CallTimeout('Function syncSleepAndReturn timed out after 1.0s')]\n"
                          "['Hi, Charlie!', 42, "
                          "CallTimeout('Function asyncHello timed out after 0.01s')]\n"
                          "[25, 7, CallTimeout('Function asyncSquare timed out after 0.01s')]\n");
}

void tst_Examples::output()
{
    QFETCH(const QString, program);
    QFETCH(const QByteArray, expected);

    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("LC_ALL"), QStringLiteral("C.UTF-8")); // Qt warns of others
    process.setProcessEnvironment(environment);
    process.start(program, QStringList());
    QVERIFY2(process.waitForFinished(20'000), qPrintable(process.errorString()));

    QCOMPARE(process.readAllStandardOutput(), expected);
    QCOMPARE(process.readAllStandardError(), QByteArray());
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 0);
}

QTEST_GUILESS_MAIN(tst_Examples)
#include "tst_examples.moc"
