#include <Synchronaut/trace.h>

#include "logging_p.h"
#include "observing_p.h"

#include <Synchronaut/errors.h>

#include <QtCore/QCoreApplication>
#include <QtCore/QFile>
#include <QtCore/QHash>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#if defined(Q_OS_LINUX)
#  include <pthread.h>
#endif

namespace Synchronaut {

namespace {

// Trace Event Format: X a slice, b and e the ends of a call's own track, s and f those of an arrow,
// M a thread's name.
struct Event
{
    char phase;
    bool isReply = false; ///< of an arrow: from the end of a call to who waited
    const void *call = nullptr;
    quint64 number = 0;   ///< the call's
    qint64 at = 0;        ///< ns
    qint64 length = 0;    ///< ns, of a slice
    quintptr thread = 0;
    QString name{};
    const char *outcome = nullptr;
    bool here = false;    ///< of an arrow's end: in the slice around it, not the next one
};

/// ns: length of a slice that only holds the end of an arrow. Not more: slices of a thread must not overlap in part.
constexpr qint64 moment = 1;

/// Of the current thread; never used again, unlike the system's.
quintptr threadNumber() noexcept
{
    static constinit std::atomic<quintptr> last{0};
    thread_local const quintptr mine = ++last;
    return mine;
}

/// Collects events and writes them. Guarded by s_lock.
class Writer
{
public:
    explicit Writer(const QString &fileName) : m_file(fileName)
    {
        // unbuffered: an error shows with the write that it belongs to
        if (!m_file.open(QIODevice::WriteOnly | QIODevice::Truncate | QIODevice::Unbuffered))
            throw CallError(QStringLiteral("Trace cannot write %1: %2").arg(fileName, m_file.errorString()));
        m_events.reserve(atOnce);
    }
    ~Writer()
    {
        flush(QByteArrayLiteral("\n]\n"));
        if (!m_error.isEmpty())
            qCWarning(lcSynchronaut).noquote() << "Trace cannot complete" << m_file.fileName() + QLatin1Char(':') << m_error;
    }
    Writer(const Writer &) = delete;
    Writer &operator=(const Writer &) = delete;

    /// Calls that were begun before the trace are left out.
    void add(Event event)
    {
        if (event.phase == 'b')
            m_calls.insert(event.call, ++m_lastCall); // a new one, perhaps where another was
        const auto call = m_calls.constFind(event.call);
        if (call == m_calls.cend())
            return;
        event.number = *call;
        event.thread = threadNumber();
        if (!m_threads.contains(event.thread)) {
            const int number = int(m_threads.size()) + 1;
            m_threads.insert(event.thread, number);
            Event named{.phase = 'M'};
            named.thread = event.thread;
            named.name = nameOfThread(number);
            m_events.push_back(named);
        }
        m_events.push_back(std::move(event));
        if (m_events.size() >= atOnce)
            flush({});
    }

private:
    static constexpr std::size_t atOnce = 4096;

    static QString nameOfThread(int number)
    {
#if defined(Q_OS_LINUX)
        char name[64] = {};
        if (pthread_getname_np(pthread_self(), name, sizeof name) == 0 && name[0])
            return QString::fromLocal8Bit(name);
#endif
        return QStringLiteral("thread %1").arg(number);
    }

    /// After a failed write nothing more is written: the file ends where it failed.
    void flush(const QByteArray &end)
    {
        QByteArray text;
        for (const Event &event : m_events) {
            text += std::exchange(m_any, true) ? ",\n" : "[\n";
            text += QJsonDocument(jsonOf(event)).toJson(QJsonDocument::Compact);
        }
        m_events.clear();
        text += end.isEmpty() || m_any ? end : "[" + end;
        if (m_error.isEmpty() && m_file.write(text) != text.size())
            m_error = m_file.errorString();
    }

    QJsonObject jsonOf(const Event &event) const
    {
        QJsonObject json{{QStringLiteral("ph"), QString(QLatin1Char(event.phase))},
                         {QStringLiteral("pid"), QCoreApplication::applicationPid()},
                         {QStringLiteral("tid"), m_threads.value(event.thread)}};
        if (event.phase == 'M') {
            json.insert(QStringLiteral("name"), QStringLiteral("thread_name"));
            json.insert(QStringLiteral("args"), QJsonObject{{QStringLiteral("name"), event.name}});
            return json;
        }
        json.insert(QStringLiteral("ts"), double(event.at) / 1000); // us
        json.insert(QStringLiteral("name"), event.name);
        if (event.phase == 'X') {
            json.insert(QStringLiteral("cat"), QStringLiteral("slice"));
            json.insert(QStringLiteral("dur"), double(event.length) / 1000);
            return json;
        }
        json.insert(QStringLiteral("id"), QString::number(event.number));
        const bool isArrow = event.phase == 's' || event.phase == 'f';
        json.insert(QStringLiteral("cat"), isArrow ? (event.isReply ? QStringLiteral("reply") : QStringLiteral("start"))
                                                   : QStringLiteral("call"));
        if (event.here)
            json.insert(QStringLiteral("bp"), QStringLiteral("e"));
        if (event.outcome)
            json.insert(QStringLiteral("args"), QJsonObject{{QStringLiteral("outcome"), QString::fromLatin1(event.outcome)}});
        return json;
    }

    QFile m_file;
    std::vector<Event> m_events;
    QHash<quintptr, int> m_threads;
    QHash<const void *, quint64> m_calls; ///< by address, of which there are no more than calls at a time
    quint64 m_lastCall = 0;
    QString m_error;
    bool m_any = false;
};

constinit std::mutex s_lock;
constinit Writer *s_writer = nullptr; // under s_lock

/// Completes the file if nobody else has when the process exits, while threads may still run calls.
struct OwnedWriter
{
    ~OwnedWriter() { end(); }
    void end()
    {
        detail::Observing::turn(detail::Observing::Tracing, false);
        const std::lock_guard lock(s_lock);
        s_writer = nullptr;
        writer.reset();
    }
    std::unique_ptr<Writer> writer; // under s_lock
};
OwnedWriter s_owned;

} // namespace

Trace::Trace(const QString &fileName)
{
    const std::lock_guard lock(s_lock);
    if (s_writer)
        throw CallError(QStringLiteral("Trace cannot write %1: there is another Trace").arg(fileName));
    s_owned.writer = std::make_unique<Writer>(fileName);
    s_writer = s_owned.writer.get();
    detail::Observing::turn(detail::Observing::Tracing, true);
}

Trace::~Trace()
{
    s_owned.end();
}

namespace detail {

namespace {

/// Adds \a events of \a call, of this moment.
void trace(const CallState &call, std::initializer_list<Event> events)
{
    const QString name = call.displayName();
    const std::lock_guard lock(s_lock);
    if (!s_writer)
        return;
    for (Event event : events) {
        event.call = &call;
        event.name = event.name + name;
        s_writer->add(std::move(event));
    }
}

} // namespace

void Observing::traceBegun(CallState &call)
{
    const std::int64_t now = steadyNow();
    trace(call, {{.phase = 'b', .at = now},
                 {.phase = 'X', .at = now, .length = moment, .name = QStringLiteral("call ")},
                 {.phase = 's', .at = now}});
}

void Observing::traceSettled(CallState &call, CallState::Outcome outcome)
{
    const std::int64_t now = steadyNow();
    trace(call, {{.phase = 'X', .at = now, .length = moment, .name = QStringLiteral("end ")},
                 {.phase = 's', .isReply = true, .at = now},
                 {.phase = 'e', .at = now, .outcome = textOf(outcome)}});
}

void Observing::traceArrow(CallState &call, Arrow end)
{
    trace(call, {{.phase = 'f',
                  .isReply = end != Arrow::Start,
                  .at = steadyNow(),
                  .here = end != Arrow::Resumption}});
}

void Observing::Slice::begin(CallState *call, bool waits) noexcept
{
    m_call = call;
    m_waits = waits;
    m_since = steadyNow();
}

void Observing::Slice::end() noexcept
{
    const std::int64_t now = steadyNow();
    trace(*m_call, {{.phase = 'X',
                     .at = m_since,
                     .length = now - m_since,
                     .name = m_waits ? QStringLiteral("wait for ") : QString()}});
}

} // namespace detail
} // namespace Synchronaut
