#include "backendcanceler.h"

#include "connection.h"
#include "databaseerror.h"

#include <Synchronaut/Cancellation>
#include <Synchronaut/CancellationShield>
#include <Synchronaut/Synchronizer>

using namespace Synchronaut;

BackendCanceler::BackendCanceler(const ConnectionSettings &settings) : m_settings(settings) { }

BackendCanceler::~BackendCanceler() = default;

void BackendCanceler::cancel(int pid, std::shared_ptr<QSemaphore> ended)
{
    constexpr int pause = 50; // ms
    for (int waited = 0; waited < 1000; waited += pause) {
        try {
            if (!m_connection)
                m_connection = std::make_unique<Connection>(m_settings);
            m_connection->query(QStringLiteral("SELECT pg_cancel_backend(%1)").arg(pid));
        } catch (const DatabaseError &) {
            m_connection.reset(); // the server has gone: the query ends by itself
        }
        if (ended->tryAcquire(1, pause))
            return;
    }
}

BackendQuery::BackendQuery(const Synchronized<BackendCanceler> &canceler, int pid)
{
    if (!canceler || pid == 0) // not connected yet
        return;
    m_ended = std::make_shared<QSemaphore>();
    m_callback.emplace(currentStopToken(), [this, canceler, pid] {
        const CancellationShield shield; // not part of what is being cancelled
        m_request = canceler.call(&BackendCanceler::cancel, pid, m_ended);
    });
}

BackendQuery::~BackendQuery()
{
    if (!m_callback)
        return;
    m_ended->release();
    m_callback.reset(); // waits for a callback that runs just now
    m_request.waitForFinished();
}
