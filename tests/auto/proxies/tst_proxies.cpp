// Typed proxies: every method, property and signal of a service, used from another thread.
#include "../support/waiting.h"
#include "service.h"

#include "bareproxy.h"
#include "baseproxy.h"
#include "serviceproxy.h"

#include <QtCore/QSemaphore>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;
using proxytest::Service;
using proxytest::ServiceProxy;

static_assert(std::is_same_v<decltype(std::declval<const ServiceProxy &>().add(1, 2)), QFuture<int>>);
static_assert(std::is_same_v<decltype(std::declval<const ServiceProxy &>().addSync(1, 2)), int>);
static_assert(std::is_same_v<decltype(std::declval<const ServiceProxy &>().addAsync(1, 2)), Task<int>>);
static_assert(std::is_same_v<decltype(std::declval<const ServiceProxy &>().loadLater(QString())), QFuture<QString>>);
static_assert(std::is_same_v<decltype(std::declval<const ServiceProxy &>().countInFutureAsync(1)), Task<int>>);
static_assert(std::is_same_v<decltype(std::declval<const ServiceProxy &>().waitForever()), QFuture<void>>);

template <typename P>
concept HasLeftOut = requires(const P &proxy, QString text) { proxy.local(text); }
        || requires(const P &proxy) { proxy.notPublic(); } || requires(const P &proxy) { proxy.skippedProperty(); }
        || requires(const P &proxy) { proxy.setConstant(QString()); }
        || requires(const P &proxy) { proxy.setFinished(true); };
static_assert(!HasLeftOut<ServiceProxy>);

namespace {

/// A service in a QThread of its own, and its proxy here.
class InThread
{
public:
    InThread() : service(new Service(5)) { service->moveToThread(thread.thread()); }
    ~InThread()
    {
        service->deleteLater();
        thread.end();
    }
    

    LoopThread thread;
    QPointer<Service> service;
};

/// The same on a Synchronizer.
class OnSynchronizer
{
public:
    Synchronizer io{"service"};
    Synchronized<Service> service = io.make<Service>(5);
};

void addPlaces()
{
    QTest::addColumn<bool>("onSynchronizer");
    QTest::newRow("QThread") << false;
    QTest::newRow("Synchronizer") << true;
}

} // namespace

class TestProxies : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void threeFormsOfEveryMethod_data() { addPlaces(); }
    void threeFormsOfEveryMethod();
    void awaitablesAreFollowed_data() { addPlaces(); }
    void awaitablesAreFollowed();
    void errorsArrive_data() { addPlaces(); }
    void errorsArrive();
    void properties_data() { addPlaces(); }
    void properties();
    void signalsArriveInThisThread_data() { addPlaces(); }
    void signalsArriveInThisThread();
    void optionsHoldForCalls_data() { addPlaces(); }
    void optionsHoldForCalls();
    void cancellingReachesTheMethod_data() { addPlaces(); }
    void cancellingReachesTheMethod();
    void deadObject();
    void endedThread();
    void endedSynchronizer();
    void nullObject();
    void synchronizedIsKept();
    void sameThreadRunsAtOnce();
    void otherClassesOfTheHeader();
};

/// The part of each test that does not care where its service lives.
template <typename Check>
void withBoth(bool onSynchronizer, Check check)
{
    if (onSynchronizer) {
        OnSynchronizer place;
        const ServiceProxy proxy(place.service);
        check(proxy);
    } else {
        InThread place;
        const ServiceProxy proxy(place.service.data());
        check(proxy);
    }
}

void TestProxies::threeFormsOfEveryMethod()
{
    QFETCH(const bool, onSynchronizer);
    withBoth(onSynchronizer, [](const ServiceProxy &proxy) {
        QVERIFY(proxy.isAtHomeSync());
        QCOMPARE(proxy.add(1, 2).result(), 3);
        QCOMPARE(proxy.add(1).result(), 101);
        QCOMPARE(proxy.addSync(2, 3), 5);
        QCOMPARE(proxy.addSync(2), 102);
        QCOMPARE(run(proxy.addAsync(3, 4)), 7);
        const QStringList parts{QStringLiteral("a"), QStringLiteral("b")};
        QCOMPARE(proxy.joinSync(parts, QStringLiteral("-")), QStringLiteral("a-b"));
        QCOMPARE(run(proxy.joinAsync(parts, QStringLiteral("+"))), QStringLiteral("a+b"));
        const QMap<QString, QList<int>> map{{QStringLiteral("x"), {1, 2}}};
        QCOMPARE(proxy.tableSync(map, 3).size(), 2);
        QCOMPARE(proxy.nextRowSync({4}).number, 5);
        QCOMPARE(*proxy.moveOnlySync(6), 6);
        QCOMPARE(*proxy.moveOnly(7).takeResult(), 7);
        QCOMPARE(*run(proxy.moveOnlyAsync(8)), 8);
        QCOMPARE(proxy.otherSync(ServiceProxy::Mode::Slow), Service::Mode::Fast);
        QCOMPARE(proxy.unnamedSync(1, 2), 7);
        QCOMPARE(proxy.fixedSync(4), 8);
        QCOMPARE(proxy.overloadedSync(1), 1);
        QCOMPARE(proxy.overloadedSync(QString()), 2);
        QCOMPARE(proxy.ofBaseSync(), 10);
        QCOMPARE(proxy.overriddenSync(), 2);
    });
}

void TestProxies::awaitablesAreFollowed()
{
    QFETCH(const bool, onSynchronizer);
    withBoth(onSynchronizer, [](const ServiceProxy &proxy) {
        const QString url = QStringLiteral("url");
        QCOMPARE(proxy.loadLater(url).result(), QStringLiteral("url loaded"));
        QCOMPARE(proxy.loadLaterSync(url), QStringLiteral("url loaded"));
        QCOMPARE(run(proxy.loadLaterAsync(url)), QStringLiteral("url loaded"));
        QCOMPARE(proxy.countInFuture(1).result(), 2);
        QCOMPARE(proxy.countInFutureSync(2), 3);
        QCOMPARE(run(proxy.countInFutureAsync(3)), 4);
    });
}

void TestProxies::errorsArrive()
{
    QFETCH(const bool, onSynchronizer);
    withBoth(onSynchronizer, [](const ServiceProxy &proxy) {
        const QByteArray expected("std::exception: service");
        QCOMPARE(thrownBy([&] { proxy.fail().waitForFinished(); }), expected);
        QCOMPARE(thrownBy([&] { proxy.failSync(); }), expected);
        QCOMPARE(thrownBy([&] { run(proxy.failAsync()); }), expected);
    });
}

void TestProxies::properties()
{
    QFETCH(const bool, onSynchronizer);
    withBoth(onSynchronizer, [](const ServiceProxy &proxy) {
        QCOMPARE(proxy.level().result(), 5);
        QCOMPARE(proxy.levelSync(), 5);
        proxy.setLevelSync(6);
        QCOMPARE(run(proxy.levelAsync()), 6);
        run(proxy.setLevelAsync(7));
        QCOMPARE(proxy.levelSync(), 7);
        QCOMPARE(proxy.titleSync(), QStringLiteral("title"));
        proxy.setTitle(QStringLiteral("new")).waitForFinished();
        QCOMPARE(proxy.constantSync(), QStringLiteral("new"));
        QCOMPARE(proxy.modeSync(), Service::Mode::Slow);
        proxy.setModeSync(Service::Mode::Fast);
        QCOMPARE(proxy.modeSync(), Service::Mode::Fast);
        QVERIFY(proxy.isFinishedSync());
    });
}

void TestProxies::signalsArriveInThisThread()
{
    QFETCH(const bool, onSynchronizer);
    withBoth(onSynchronizer, [](const ServiceProxy &proxy) {
        QSignalSpy level(&proxy, &ServiceProxy::levelChanged);
        QSignalSpy mode(&proxy, &ServiceProxy::modeChanged);
        QSignalSpy finished(&proxy, &ServiceProxy::finished);
        QSignalSpy named(&proxy, &ServiceProxy::named);
        QSignalSpy twiceNumber(&proxy, qOverload<int>(&ServiceProxy::twice));
        QSignalSpy twiceText(&proxy, qOverload<QString>(&ServiceProxy::twice));
        QSignalSpy base(&proxy, &ServiceProxy::baseSignal);
        QThread *emittedIn = nullptr;
        connect(&proxy, &ServiceProxy::levelChanged, &proxy, [&] { emittedIn = QThread::currentThread(); },
                Qt::DirectConnection);
        proxy.setLevelSync(9);
        QCOMPARE(level.count(), 0); // it is in our event loop's queue
        proxy.setModeSync(Service::Mode::Fast);
        proxy.emitAllSync();
        QTRY_COMPARE(base.count(), 1); // the last one
        QCOMPARE(level.count(), 1);
        QCOMPARE(level.first().first().toInt(), 9);
        QCOMPARE(emittedIn, QThread::currentThread());
        QCOMPARE(mode.count(), 1);
        QCOMPARE(finished.count(), 1);
        QCOMPARE(named.count(), 1);
        QCOMPARE(named.first().at(1).value<QList<int>>(), (QList<int>{1, 2}));
        QCOMPARE(twiceNumber.count(), 1);
        QCOMPARE(twiceText.count(), 1);
        QCOMPARE(base.first().first().toInt(), 3);
    });
}

void TestProxies::optionsHoldForCalls()
{
    QFETCH(const bool, onSynchronizer);
    withBoth(onSynchronizer, [](const ServiceProxy &given) {
        auto &proxy = const_cast<ServiceProxy &>(given);
        try {
            proxy.setCallOptions({.timeout = 20ms});
            proxy.waitForeverSync();
            QFAIL("no timeout");
        } catch (const CallTimeout &e) {
            QCOMPARE(e.functionName(), QStringLiteral("proxytest::Service::waitForever"));
        }
        QCOMPARE(thrownBy([&] { proxy.waitForever().waitForFinished(); }), QByteArray("CallTimeout"));
        QCOMPARE(thrownBy([&] { run(proxy.waitForeverAsync()); }), QByteArray("CallTimeout"));
    });
}

void TestProxies::cancellingReachesTheMethod()
{
    QFETCH(const bool, onSynchronizer);
    OnSynchronizer synchronizer;
    InThread thread;
    Service *const service = onSynchronizer
            ? synchronizer.service.sync([](Service &object) { return &object; })
            : thread.service.data();
    const auto check = [&](const ServiceProxy &proxy) {
        QFuture<void> future = proxy.waitForever();
        QVERIFY(eventually([&] { return service->waiting == 1; }));
        future.cancel();
        QVERIFY(eventually([&] { return service->waiting == 0; }));

        QFuture<void> task = spawn(proxy.waitForeverAsync());
        QVERIFY(eventually([&] { return service->waiting == 1; }));
        task.cancel();
        QTRY_VERIFY(service->waiting == 0);
    };
    if (onSynchronizer)
        check(ServiceProxy(synchronizer.service));
    else
        check(ServiceProxy(service));
}

void TestProxies::deadObject()
{
    LoopThread thread;
    auto *const service = new Service;
    service->moveToThread(thread.thread());
    const ServiceProxy proxy(service);
    QSemaphore go;
    QFuture<void> gone = callOn(thread.object(), [&] {
        go.acquire();
        delete service;
    });
    QFuture<int> late = proxy.add(1, 2); // alive now, but not when its turn comes
    go.release();
    QVERIFY(finishes(gone));
    QCOMPARE(thrownBy([&] { late.waitForFinished(); }), QByteArray("SenderDestroyed"));
    QCOMPARE(thrownBy([&] { proxy.addSync(1, 2); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([&] { run(proxy.addAsync(1, 2)); }), QByteArray("CallError"));
}

void TestProxies::endedThread()
{
    LoopThread thread;
    Service service;
    service.moveToThread(thread.thread());
    const ServiceProxy proxy(&service);
    QCOMPARE(proxy.addSync(1, 2), 3);
    thread.end();
    QCOMPARE(thrownBy([&] { proxy.addSync(1, 2); }), QByteArray("LoopStopped"));
    QCOMPARE(thrownBy([&] { run(proxy.addAsync(1, 2)); }), QByteArray("LoopStopped"));
}

void TestProxies::endedSynchronizer()
{
    auto io = std::make_unique<Synchronizer>("service");
    const ServiceProxy proxy(io->make<Service>());
    QCOMPARE(proxy.addSync(1, 2), 3);
    io.reset();
    QCOMPARE(thrownBy([&] { proxy.addSync(1, 2); }), QByteArray("LoopStopped"));
    QCOMPARE(thrownBy([&] { proxy.add(1, 2).waitForFinished(); }), QByteArray("LoopStopped"));
}

void TestProxies::nullObject()
{
    const ServiceProxy proxy(static_cast<Service *>(nullptr));
    QCOMPARE(thrownBy([&] { proxy.addSync(1, 2); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([&] { proxy.add(1, 2).waitForFinished(); }), QByteArray("CallError"));
    QCOMPARE(thrownBy([&] { run(proxy.addAsync(1, 2)); }), QByteArray("CallError"));
    const ServiceProxy empty{Synchronized<Service>()};
    QCOMPARE(thrownBy([&] { empty.addSync(1, 2); }), QByteArray("CallError"));
}

void TestProxies::synchronizedIsKept()
{
    Synchronizer io("service");
    Synchronized<Service> service = io.make<Service>(5);
    const QPointer<Service> object = service.sync([](Service &s) { return QPointer<Service>(&s); });
    auto proxy = std::make_unique<ServiceProxy>(service);
    service = {};
    QCOMPARE(proxy->levelSync(), 5);
    proxy.reset();
    QVERIFY(eventually([&] { return object.isNull(); }));
}

void TestProxies::sameThreadRunsAtOnce()
{
    Service service(5);
    const ServiceProxy proxy(&service);
    QSignalSpy level(&proxy, &ServiceProxy::levelChanged);
    QFuture<void> future = proxy.setLevel(6);
    QVERIFY(future.isFinished());
    QCOMPARE(level.count(), 1);
    QCOMPARE(proxy.levelSync(), 6);
}

void TestProxies::otherClassesOfTheHeader()
{
    Service service;
    const proxytest::BaseProxy base(&service);
    QCOMPARE(base.overriddenSync(), 2);
    Bare bare;
    const BareProxy proxy(&bare);
    QCOMPARE(proxy.metaObject()->className(), "BareProxy");
}

QTEST_GUILESS_MAIN(TestProxies)
#include "tst_proxies.moc"
