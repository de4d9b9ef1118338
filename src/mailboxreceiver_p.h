#pragma once

#include "mailbox_p.h"

#include <QtCore/QEvent>
#include <QtCore/QObject>

namespace Synchronaut::detail {

/// The object through which an event loop reaches a mailbox. Lives in the mailbox's thread.
class MailboxReceiver : public QObject
{
    Q_OBJECT
public:
    explicit MailboxReceiver(const RefPtr<Mailbox> &mailbox);
    ~MailboxReceiver() override;

    static QEvent::Type wakeType();
    /// Closes the mailbox when \a thread finishes, while its dispatcher is still there.
    void watch(QThread *thread);
    /// The mailbox has closed: go, now or when the loop comes round.
    void retire();

    bool event(QEvent *event) override;

private:
    void watchDispatcher();

    RefPtr<Mailbox> m_mailbox;
    QMetaObject::Connection m_blocking;
    QMetaObject::Connection m_awake;
    bool m_inEvent = false;
};

} // namespace Synchronaut::detail
