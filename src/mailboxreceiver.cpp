#include "mailboxreceiver_p.h"

#include <QtCore/QAbstractEventDispatcher>
#include <QtCore/QThread>
#include <QtCore/QTimerEvent>

namespace Synchronaut::detail {

MailboxReceiver::MailboxReceiver(const RefPtr<Mailbox> &mailbox) : m_mailbox(mailbox) { }

MailboxReceiver::~MailboxReceiver() = default;

QEvent::Type MailboxReceiver::wakeType()
{
    static const auto type = static_cast<QEvent::Type>(QEvent::registerEventType());
    return type;
}

void MailboxReceiver::watch(QThread *thread)
{
    const auto close = [mailbox = m_mailbox] { mailbox->close(); };
    connect(thread, &QThread::finished, this, close, Qt::DirectConnection);
    connect(thread, &QObject::destroyed, this, close, Qt::DirectConnection); // if it never started
}

void MailboxReceiver::watchDispatcher()
{
    if (m_blocking)
        return;
    if (auto *const dispatcher = QAbstractEventDispatcher::instance()) {
        m_blocking = connect(dispatcher, &QAbstractEventDispatcher::aboutToBlock, this,
                             [this] { m_mailbox->aboutToBlock(); }, Qt::DirectConnection);
        m_awake = connect(dispatcher, &QAbstractEventDispatcher::awake, this,
                          [this] { m_mailbox->awake(); }, Qt::DirectConnection);
    }
}

void MailboxReceiver::retire()
{
    disconnect(m_blocking);
    disconnect(m_awake);
    const bool elsewhere = thread() && thread() != QThread::currentThread();
    if (m_inEvent || (elsewhere && thread()->isRunning()))
        deleteLater();
    else
        delete this;
}

bool MailboxReceiver::event(QEvent *event)
{
    const bool isTimer = event->type() == QEvent::Timer;
    if (!isTimer && event->type() != wakeType())
        return QObject::event(event);
    const RefPtr<Mailbox> mailbox = m_mailbox;
    mailbox->adopt();
    watchDispatcher();
    const bool outer = std::exchange(m_inEvent, true);
    if (isTimer)
        mailbox->onTimer(static_cast<QTimerEvent *>(event)->timerId());
    else
        mailbox->drain();
    m_inEvent = outer;
    return true;
}

} // namespace Synchronaut::detail
