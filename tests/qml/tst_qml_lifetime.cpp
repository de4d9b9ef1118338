// What is alive when a call ends: pages, targets, engines that die before it does.
#include "../auto/support/finishedfuture.h"
#include "service.h"

#include "../auto/support/waiting.h"

#include <Synchronaut/Promise>
#include <Synchronaut/QmlModule>
#include <Synchronaut/RegisterFuture>
#include <Synchronaut/Synchronaut>

#include <QtQml/qqmlcomponent.h>
#include <QtQml/qqmlcontext.h>
#include <QtQml/qqmlengine.h>
#include <QtTest/QTest>

#include <QtCore/QSemaphore>

#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

/// An engine with a service that its documents know as "service".
class Page
{
public:
    explicit Page(const QString &body, Service *known = nullptr)
        : engine(std::make_unique<QQmlEngine>()), service(known ? known : &m_service)
    {
        QJSEngine::setObjectOwnership(service, QJSEngine::CppOwnership);
        engine->rootContext()->setContextProperty(QStringLiteral("service"), service);
        QQmlComponent component(engine.get());
        component.setData(QStringLiteral("import QtQml\nimport Synchronaut\nQtObject {\n"
                                         "property var seen: []\nproperty QtObject child\nfunction forget() { seen = [] }\n%1\n}")
                                  .arg(body)
                                  .toUtf8(),
                          QUrl(QStringLiteral("qrc:/page.qml")));
        root.reset(component.create());
        if (!root)
            qWarning() << component.errorString();
    }

    QVariantList seen() const
    {
        return root->property("seen").value<QJSValue>().toVariant().toList();
    }

    Service m_service; // outlives the engine, which wraps it
    std::unique_ptr<QQmlEngine> engine;
    std::unique_ptr<QObject> root;
    Service *service;
};

/// Lets all events happen that are due, deletions too.
void settle()
{
    for (int i = 0; i < 3; ++i) {
        QCoreApplication::processEvents();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }
}

} // namespace

class tst_QmlLifetime : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void engineDestroyed_data();
    void engineDestroyed();
    void engineDestroyedBeforePage();
    void engineDestroyedByACall();
    void pageDestroyed_data();
    void pageDestroyed();
    void targetDestroyed_data();
    void targetDestroyed();
    void targetInEndedThread();
    void offloadedMethodsAreWaitedFor();
    void addressesAreReused();
    void scriptValuesEndInTheirThread();
    void promiseWithoutEngine();
    void promiseOfPlainEngine();
    void futureStaysTheUsers();
    void unobservedErrorIsLogged();
    void nothingIsLeft();
    void startsBeforeTheLoopRuns();
};

void tst_QmlLifetime::initTestCase()
{
    registerQmlModule();
    registerQmlModule();
    registerFuture<Contact>();
}

/// Scripts that leave calls pending, of each kind.
static void addPending()
{
    QTest::addColumn<QString>("code");
    QTest::addColumn<int>("cancels");
    const auto row = [](const char *name, const char *code, int cancels = 1) {
        QTest::newRow(name) << QString::fromLatin1(code) << cancels;
    };
    row("future", "Synchronaut.call(service, 'never', [], { context: OWNER }).then(note, note)");
    row("before it has returned", "Synchronaut.call(service, 'load', [1], { context: OWNER }).then(note, note)", 0);
    row("plain", "Synchronaut.call(service, 'add', [1, 2], { context: OWNER }).then(note, note)", 0);
    row("error", "Synchronaut.call(service, 'nonsense', [1, 2], { context: OWNER }).then(note, note)", 0);
    row("promise", "Synchronaut.call(service, 'neverPromised', [], { context: OWNER }).then(note, note)");
    row("spawn", "Synchronaut.spawn(function* () { try { yield Synchronaut.call(service, 'never') } finally { note(1) } }, { context: OWNER }).then(note, note)");
    row("all", "Synchronaut.all([Synchronaut.call(service, 'never'), Synchronaut.call(service, 'never')], { context: OWNER }).then(note, note)", 2);
    row("race", "Synchronaut.race([Synchronaut.call(service, 'never'), Synchronaut.sleep(10000)], { context: OWNER }).then(note, note)");
    row("offloaded", "Synchronaut.call(service, 'waitForCancel', [], { context: OWNER }).then(note, note)", -1);
    row("timeout", "Synchronaut.call(service, 'never', [], { context: OWNER, timeout: 10 }).then(note, note)");
    row("chained", "Synchronaut.call(service, 'never', [], { context: OWNER }).then(note).catch(note).finally(note)");
}

static QString withOwner(QString code, const char *owner)
{
    return code.replace(QLatin1String("OWNER"), QLatin1String(owner));
}

/// The number of cancelled calls that a row expects since \a before; -1 where the call may not have begun.
static bool cancelled(int before, int expected)
{
    if (expected < 0)
        return eventually([] { return Service::s_waiting == 0; });
    const QDeadlineTimer limit(20s);
    while (Service::s_cancels < before + expected && !limit.hasExpired())
        QCoreApplication::processEvents(QEventLoop::AllEvents, 5);
    return Service::s_cancels == before + expected;
}

void tst_QmlLifetime::engineDestroyed_data()
{
    addPending();
}

void tst_QmlLifetime::engineDestroyed()
{
    QFETCH(const QString, code);
    QFETCH(const int, cancels);
    for (const bool turned : {false, true}) {
        const int before = Service::s_cancels;
        Page page(QStringLiteral("function note() {}\nComponent.onCompleted: %1").arg(withOwner(code, "null")
                          .replace(QLatin1String("context: null"), QLatin1String("list: false"))));
        QVERIFY(page.root);
        if (turned)
            settle();
        page.root.reset();
        page.engine.reset();
        settle();
        QVERIFY(cancelled(before, cancels));
    }
}

void tst_QmlLifetime::engineDestroyedBeforePage()
{
    const int before = Service::s_cancels;
    Page page(QStringLiteral("property AsyncCall load: AsyncCall { target: service; method: 'never' }\n"
                             "property CallScope scope: CallScope { }\n"
                             "Component.onCompleted: { load.start(); scope.call(service, 'never') }"));
    QVERIFY(page.root);
    settle();
    page.engine.reset();
    settle();
    QVERIFY(cancelled(before, 2));
    page.root.reset();
}

void tst_QmlLifetime::engineDestroyedByACall()
{
    // From a method that QML calls through the event loop, not from a script: that would be fatal in Qt.
    Page page(QStringLiteral("Component.onCompleted: Synchronaut.call(service, 'finishLater')"));
    QVERIFY(page.root);
    QTimer::singleShot(0, page.service, [&page] {
        page.root.reset();
        page.engine.reset();
    });
    QTRY_VERIFY(!page.engine);
    settle();
}

void tst_QmlLifetime::pageDestroyed_data()
{
    addPending();
}

void tst_QmlLifetime::pageDestroyed()
{
    QFETCH(const QString, code);
    QFETCH(const int, cancels);
    for (const bool turned : {false, true}) {
        const int before = Service::s_cancels;
        Page page(QStringLiteral("id: root\nfunction note(x) { root.seen = root.seen.concat([String(x)]) }\n"
                                 "child: QtObject { id: page\nfunction start() { %1 } }\n"
                                 "function start() { child.start() }")
                          .arg(withOwner(code, "page")));
        QVERIFY(page.root);
        std::unique_ptr<QObject> child(page.root->property("child").value<QObject *>());
        QVERIFY(QMetaObject::invokeMethod(child.get(), "start"));
        if (turned && cancels != 0)
            QCoreApplication::processEvents();
        page.root->setProperty("child", QVariant::fromValue<QObject *>(nullptr));
        child.reset();
        settle();
        QVERIFY2(cancelled(before, cancels), qPrintable(QStringLiteral("%1 of %2, turned %3").arg(Service::s_cancels - before).arg(cancels).arg(turned)));
        settle();
        QCOMPARE(page.seen(), QVariantList());
    }
}

void tst_QmlLifetime::targetDestroyed_data()
{
    QTest::addColumn<QString>("method");
    QTest::addColumn<bool>("elsewhere");
    QTest::addColumn<QString>("seen");
    const auto row = [](const char *name, const char *method, bool elsewhere, const char *seen) {
        QTest::newRow(name) << QString::fromLatin1(method) << elsewhere << QString::fromLatin1(seen);
    };
    row("plain", "doNothing", false, "undefined");
    row("future", "finishLater", false, "undefined");
    row("promise", "neverPromised", false, "SenderDestroyed");
    row("in another thread", "doNothing", true, "SenderDestroyed");
    row("offloaded", "runsElsewhere", false, "true|false|SenderDestroyed|CallCanceled");
    row("offloaded, waits", "waitForCancel", false, "SenderDestroyed|CallCanceled");
}

void tst_QmlLifetime::targetDestroyed()
{
    QFETCH(const QString, method);
    QFETCH(const bool, elsewhere);
    QFETCH(const QString, seen);
    for (int i = 0; i < 4; ++i) {
        LoopThread thread;
        auto target = std::make_unique<Service>();
        Page page(QStringLiteral("id: root\nfunction note(x) { root.seen = root.seen.concat([x && x.name ? x.name : String(x)]) }\n"
                                 "function go() { Synchronaut.call(service, '%1').then(note, note) }\n"
                                 "Component.onCompleted: go()")
                          .arg(method),
                  target.get());
        QVERIFY(page.root);
        if (elsewhere) {
            // the first one is done; this one is on its way when the object goes, in its thread
            QTRY_COMPARE(page.seen().size(), 1);
            QVERIFY(QMetaObject::invokeMethod(page.root.get(), "forget"));
            // While it is deleted this thread stands still: Qt's own wrapper of it is not locked.
            Service *const raw = target.release();
            raw->moveToThread(thread.thread());
            QSemaphore called;
            std::atomic<bool> deleted{false};
            QMetaObject::invokeMethod(thread.object(), [&called, &deleted, raw] {
                called.acquire();
                delete raw;
                deleted = true;
            }, Qt::QueuedConnection);
            QVERIFY(QMetaObject::invokeMethod(page.root.get(), "go"));
            called.release();
            QVERIFY(eventually([&deleted] { return deleted.load(); }));
        } else {
            target.reset();
        }
        QTRY_COMPARE(page.seen().size(), 1);
        const QString outcome = page.seen().first().toString();
        const bool gone = outcome == QLatin1String("CallError"); // before the call was made
        QVERIFY2(gone || seen.split(QLatin1Char('|')).contains(outcome), qPrintable(outcome));
    }
}

void tst_QmlLifetime::targetInEndedThread()
{
    LoopThread thread;
    Service target;
    target.moveToThread(thread.thread());
    thread.end();
    Page page(QStringLiteral("id: root\nComponent.onCompleted: Synchronaut.call(service, 'add', [1, 2])"
                             ".then(x => { root.seen = ['resolved'] }, e => { root.seen = [e.name] })"),
              &target);
    QVERIFY(page.root);
    QTRY_COMPARE(page.seen(), QVariantList{QStringLiteral("LoopStopped")});
}

void tst_QmlLifetime::offloadedMethodsAreWaitedFor()
{
    auto target = std::make_unique<Service>();
    Page page(QStringLiteral("id: root\nComponent.onCompleted: Synchronaut.call(service, 'waitForCancel')"
                             ".then(x => { root.seen = [x] }, e => { root.seen = [e.name] })"),
              target.get());
    QVERIFY(page.root);
    QVERIFY(eventually([] { return Service::s_waiting == 1; }));
    target.reset();
    QCOMPARE(Service::s_waiting, 0);
    QTRY_COMPARE(page.seen(), QVariantList{QStringLiteral("CallCanceled")});
}

/// What was known of an object is forgotten with it: another one at its address is called as ever.
void tst_QmlLifetime::addressesAreReused()
{
    alignas(Service) std::byte memory[sizeof(Service)];
    for (int i = 0; i < 5; ++i) {
        auto *const target = new (memory) Service;
        {
            Page page(QStringLiteral("id: root\nComponent.onCompleted: Synchronaut.call(service, 'slowLength', ['abc'])"
                                     ".then(x => { root.seen = [x] }, e => { root.seen = [e.message] })"),
                      target);
            QVERIFY(page.root);
            QTRY_COMPARE(page.seen(), QVariantList{3});
        }
        target->~Service();
    }
}

/// A method's QJSValue is not kept by what the method has left on the pool, where it would end.
void tst_QmlLifetime::scriptValuesEndInTheirThread()
{
    Page page(QStringLiteral("id: root\nproperty QtObject given\n"
                             "Component.onCompleted: Synchronaut.call(service, 'objectAndWait').then(x => { root.given = x })"));
    QVERIFY(page.root);
    QTRY_VERIFY(page.root->property("given").value<QObject *>());
    const QPointer<QObject> given = page.root->property("given").value<QObject *>();
    page.root->setProperty("given", QVariant::fromValue<QObject *>(nullptr));
    settle();
    page.engine->collectGarbage();
    settle();
    const bool isGone = !given;
    const bool waited = eventually([] { return Service::s_waiting == 1; });
    Service::s_goOn = true;
    QVERIFY(waited);
    QVERIFY(isGone);
    QVERIFY(eventually([] { return Service::s_waiting == 0; }));
}

void tst_QmlLifetime::promiseWithoutEngine()
{
    QObject unknown;
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("is not known to QML")));
    QVERIFY(promise(&unknown, finishedFuture(5)).isUndefined());
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("is not known to QML")));
    QVERIFY(promise(static_cast<QObject *>(nullptr), finishedFuture(5)).isUndefined());

    QJSEngine engine;
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("another thread than the engine's")));
    JoinedThread([&engine] { QVERIFY(promise(&engine, nullptr, finishedFuture(5)).isUndefined()); }).join();
}

void tst_QmlLifetime::promiseOfPlainEngine()
{
    QJSEngine engine;
    engine.evaluate(QStringLiteral("var seen = []; function follow(p) { p.then(x => seen.push(x), e => seen.push(e.name)) }"));
    QJSValue follow = engine.globalObject().property(QStringLiteral("follow"));
    const auto seen = [&engine] { return engine.evaluate(QStringLiteral("seen.join()")).toString(); };

    follow.call({promise(&engine, nullptr, finishedFuture(5))});
    QTRY_COMPARE(seen(), QStringLiteral("5"));
    auto context = std::make_unique<QObject>();
    QPromise<int> source;
    source.start();
    follow.call({promise(&engine, context.get(), source.future())});
    context.reset();
    QTRY_COMPARE(seen(), QStringLiteral("5,SenderDestroyed"));
    QVERIFY(source.isCanceled());

    QPromise<int> dropped;
    dropped.start();
    follow.call({promise(&engine, nullptr, dropped.future())});
    dropped = {};
    QTRY_COMPARE(seen(), QStringLiteral("5,SenderDestroyed,CallCanceled"));
}

void tst_QmlLifetime::futureStaysTheUsers()
{
    QJSEngine engine;
    QPromise<int> source;
    source.start();
    QFuture<int> future = source.future();
    int continued = 0;
    const QFuture<void> next = future.then(this, [&continued](int value) { continued = value; });
    engine.globalObject().setProperty(QStringLiteral("p"), promise(&engine, nullptr, future));
    engine.evaluate(QStringLiteral("var got; p.then(x => { got = x })"));
    source.addResult(7);
    source.finish();
    QTRY_COMPARE(continued, 7);
    QTRY_COMPARE(engine.evaluate(QStringLiteral("got")).toInt(), 7);
}

void tst_QmlLifetime::unobservedErrorIsLogged()
{
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("Unobserved error of a promise: .*not this one")));
    Page page(QStringLiteral("id: root\nComponent.onCompleted: { Synchronaut.call(service, 'throwStandard').then(x => x);\n"
                             "Synchronaut.call(service, 'throwStandard').catch(x => { root.seen = [1] }) }"));
    QVERIFY(page.root);
    QTRY_COMPARE(page.seen().size(), 1);
    settle();
}

void tst_QmlLifetime::nothingIsLeft()
{
    Page page(QStringLiteral("id: root\nproperty int done: 0\nproperty AsyncCall one: AsyncCall { target: service; method: 'load'; "
                             "onResolved: ++root.done }\n"
                             "function go() { one.start(1); Synchronaut.call(service, 'load', [2]).then(() => ++root.done);"
                             "Synchronaut.spawn(function* () { yield Synchronaut.sleep(1); ++root.done });"
                             "Synchronaut.cancel(Synchronaut.call(service, 'never')) }"));
    QVERIFY(page.root);
    const auto objects = [&page] { return page.engine->findChildren<QObject *>().size(); };
    qsizetype before = 0;
    for (int i = 1; i <= 5; ++i) {
        QVERIFY(QMetaObject::invokeMethod(page.root.get(), "go"));
        QTRY_COMPARE(page.root->property("done").toInt(), 3 * i);
        settle();
        page.engine->collectGarbage();
        if (i == 2)
            before = objects();
    }
    QCOMPARE(objects(), before);
}

/// In Component.onCompleted no loop may run yet: the call belongs to this thread all the same.
void tst_QmlLifetime::startsBeforeTheLoopRuns()
{
    Page page(QStringLiteral("id: root\nComponent.onCompleted: Synchronaut.spawn(function* () {\n"
                             "const a = yield Synchronaut.call(service, 'load', [1]);\n"
                             "yield Synchronaut.sleep(1); root.seen = [a] })"));
    QVERIFY(page.root);
    inSlot([] {});
    QTRY_COMPARE(page.seen(), QVariantList{QStringLiteral("user 1")});
}

QTEST_GUILESS_MAIN(tst_QmlLifetime)
#include "tst_qml_lifetime.moc"
