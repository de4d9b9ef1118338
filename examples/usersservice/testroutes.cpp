#include "testroutes.h"

#include "requestlog.h"
#include "usersservice.h"

#include <Synchronaut/Synchronaut>

#include <QtCore/QJsonObject>
#include <QtCore/QThread>
#include <QtCore/QUrlQuery>

using namespace Synchronaut;

namespace {

QJsonDocument done()
{
    return QJsonDocument(QJsonObject{{QStringLiteral("slow"), true}});
}

/// A plain function that blocks, and looks whether it still should.
void block(int ms)
{
    qCDebug(usersLog, "blocking for %d ms", ms);
    for (; ms > 0 && !isCanceled(); ms -= 5)
        QThread::msleep(5);
    qCDebug(usersLog, isCanceled() ? "blocking was cancelled" : "blocked");
}

Task<QJsonDocument> slow(int ms)
{
    co_await callAsync(block, ms);
    co_return done();
}

/// Counts to a number that nobody lives to see.
void countForever(Connection &connection)
{
    const QString sql = QStringLiteral("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                                       "SELECT count(*) FROM n");
    try {
        connection.query(sql);
    } catch (...) {
        qCDebug(usersLog, "counting has ended");
        throw;
    }
}

Task<QJsonDocument> slowQuery(ConnectionPool *pool)
{
    const ConnectionLease connection = co_await pool->acquire();
    co_await connection->async(countForever);
    co_return done();
}

Task<QJsonDocument> fail()
{
    co_await yieldNow();
    throw std::runtime_error("the secret password is 1234");
}

} // namespace

void addTestRoutes(UsersService *service)
{
    service->addRoute(QStringLiteral("/slow"), [](const QHttpServerRequest &request) {
        const int ms = request.query().queryItemValue(QStringLiteral("ms")).toInt();
        return [ms] { return slow(ms); };
    });
    service->addRoute(QStringLiteral("/slow-query"), [pool = service->pool()](const QHttpServerRequest &) {
        return [pool] { return slowQuery(pool); };
    });
    service->addRoute(QStringLiteral("/fail"), [](const QHttpServerRequest &) { return fail; });
}
