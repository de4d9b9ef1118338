#pragma once

#include <Synchronaut/export.h>

#include <QtCore/QByteArray>
#include <QtCore/QException>
#include <QtCore/QSharedDataPointer>
#include <QtCore/QString>
#include <QtCore/QStringList>

#include <chrono>
#include <source_location>

QT_BEGIN_NAMESPACE
class QDebug;
QT_END_NAMESPACE

namespace Synchronaut {

namespace detail {
class CallErrorData;
}

/// Where an error comes from. All parts may be empty.
struct CallErrorOrigin
{
    QString functionName;       ///< name of the function that was called
    std::source_location where; ///< the call's place; line 0 when unknown
    QStringList chain;          ///< calls that waited for it, innermost first
};

/*!
    Base of all errors that the library itself raises. What user code throws arrives as it was
    thrown and is never wrapped.

    Errors are cheap to copy (implicitly shared) and may be copied and read in any thread.
*/
class SYNCHRONAUT_EXPORT CallError : public QException
{
public:
    /// \a message is one sentence for people; \a origin says where it comes from.
    explicit CallError(const QString &message, const CallErrorOrigin &origin = {});
    CallError(const CallError &other);            ///< shares the data of \a other
    CallError &operator=(const CallError &other); ///< shares the data of \a other
    ~CallError() override;

    /// What happened, in one sentence.
    QString message() const;
    /// Name of the function that was called: the option \c name, SYNCHRONAUT_FN's, or its type.
    QString functionName() const;
    /// Where it was called; \c line() is 0 when the verb was used without options.
    std::source_location where() const;
    /// The calls that waited for this one, innermost first, as "name (file:line)".
    QStringList chain() const;
    /// message(), place and chain in one text of several lines.
    QString details() const;

    const char *what() const noexcept override; ///< message() in UTF-8
    void raise() const override;                ///< throws a copy, for QException
    CallError *clone() const override;          ///< a copy that the caller owns, for QException

private:
    QSharedDataPointer<detail::CallErrorData> d;
};

/// The call's deadline passed. See CallOptions::timeout, withTimeout().
class SYNCHRONAUT_EXPORT CallTimeout : public CallError
{
public:
    /// \a timeout is the time that was granted.
    CallTimeout(const QString &message, const CallErrorOrigin &origin,
                std::chrono::nanoseconds timeout);
    ~CallTimeout() override;

    /// The time that was granted; for an absolute deadline what was left of it at the call.
    std::chrono::nanoseconds timeout() const noexcept { return m_timeout; }

    void raise() const override;         ///< throws a copy, for QException
    CallTimeout *clone() const override; ///< a copy that the caller owns, for QException

private:
    std::chrono::nanoseconds m_timeout;
};

/// The call was cancelled before it finished.
class SYNCHRONAUT_EXPORT CallCanceled : public CallError
{
public:
    using CallError::CallError;
    ~CallCanceled() override;
    void raise() const override;          ///< throws a copy, for QException
    CallCanceled *clone() const override; ///< a copy that the caller owns, for QException
};

/// Waiting would never have ended: the message names the circle.
class SYNCHRONAUT_EXPORT DeadlockError : public CallError
{
public:
    using CallError::CallError;
    ~DeadlockError() override;
    void raise() const override;           ///< throws a copy, for QException
    DeadlockError *clone() const override; ///< a copy that the caller owns, for QException
};

/// The object that was to send a signal or to run a function was destroyed.
class SYNCHRONAUT_EXPORT SenderDestroyed : public CallError
{
public:
    using CallError::CallError;
    ~SenderDestroyed() override;
    void raise() const override;             ///< throws a copy, for QException
    SenderDestroyed *clone() const override; ///< a copy that the caller owns, for QException
};

/// The event loop that was to run the call has ended or is being shut down.
class SYNCHRONAUT_EXPORT LoopStopped : public CallError
{
public:
    using CallError::CallError;
    ~LoopStopped() override;
    void raise() const override;         ///< throws a copy, for QException
    LoopStopped *clone() const override; ///< a copy that the caller owns, for QException
};

/// Prints type and details().
SYNCHRONAUT_EXPORT QDebug operator<<(QDebug debug, const CallError &error);

} // namespace Synchronaut
