#include <Synchronaut/errors.h>

#include "logging_p.h"

#include <QtCore/QDebug>

#include <typeinfo>

namespace Synchronaut {

Q_LOGGING_CATEGORY(lcSynchronaut, "synchronaut", QtInfoMsg)

namespace detail {

class CallErrorData : public QSharedData
{
public:
    QString message;
    QByteArray what;
    CallErrorOrigin origin;
};

} // namespace detail

CallError::CallError(const QString &message, const CallErrorOrigin &origin)
    : d(new detail::CallErrorData)
{
    d->message = message;
    d->what = message.toUtf8();
    d->origin = origin;
}

CallError::CallError(const CallError &other) = default;
CallError &CallError::operator=(const CallError &other) = default;
CallError::~CallError() = default;

QString CallError::message() const
{
    return d->message;
}

QString CallError::functionName() const
{
    return d->origin.functionName;
}

std::source_location CallError::where() const
{
    return d->origin.where;
}

QStringList CallError::chain() const
{
    return d->origin.chain;
}

QString CallError::details() const
{
    QString text = d->message;
    if (const auto &where = d->origin.where; where.line() != 0) {
        text += QStringLiteral("\n  called at %1:%2")
                        .arg(QString::fromLocal8Bit(where.file_name()))
                        .arg(where.line());
    }
    for (const QString &caller : d->origin.chain)
        text += QStringLiteral("\n  waited for by %1").arg(caller);
    return text;
}

const char *CallError::what() const noexcept
{
    return d->what.constData();
}

void CallError::raise() const
{
    throw *this;
}

CallError *CallError::clone() const
{
    return new CallError(*this); // QException's contract: the caller owns it
}

CallTimeout::CallTimeout(const QString &message, const CallErrorOrigin &origin,
                         std::chrono::nanoseconds timeout)
    : CallError(message, origin), m_timeout(timeout)
{
}

CallTimeout::~CallTimeout() = default;
CallCanceled::~CallCanceled() = default;
DeadlockError::~DeadlockError() = default;
SenderDestroyed::~SenderDestroyed() = default;
LoopStopped::~LoopStopped() = default;

void CallTimeout::raise() const
{
    throw *this;
}

CallTimeout *CallTimeout::clone() const
{
    return new CallTimeout(*this);
}

void CallCanceled::raise() const
{
    throw *this;
}

CallCanceled *CallCanceled::clone() const
{
    return new CallCanceled(*this);
}

void DeadlockError::raise() const
{
    throw *this;
}

DeadlockError *DeadlockError::clone() const
{
    return new DeadlockError(*this);
}

void SenderDestroyed::raise() const
{
    throw *this;
}

SenderDestroyed *SenderDestroyed::clone() const
{
    return new SenderDestroyed(*this);
}

void LoopStopped::raise() const
{
    throw *this;
}

LoopStopped *LoopStopped::clone() const
{
    return new LoopStopped(*this);
}

QDebug operator<<(QDebug debug, const CallError &error)
{
    const char *type = "CallError";
    if (dynamic_cast<const CallTimeout *>(&error))
        type = "CallTimeout";
    else if (dynamic_cast<const CallCanceled *>(&error))
        type = "CallCanceled";
    else if (dynamic_cast<const DeadlockError *>(&error))
        type = "DeadlockError";
    else if (dynamic_cast<const SenderDestroyed *>(&error))
        type = "SenderDestroyed";
    else if (dynamic_cast<const LoopStopped *>(&error))
        type = "LoopStopped";
    const QDebugStateSaver saver(debug);
    debug.nospace().noquote() << "Synchronaut::" << type << '(' << error.details() << ')';
    return debug;
}

} // namespace Synchronaut
