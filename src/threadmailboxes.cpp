#include "mailbox_p.h"

#include "forked_p.h"
#include "immortal_p.h"
#include "mailboxreceiver_p.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QHash>
#include <QtCore/QThread>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace Synchronaut::detail {

// Which thread has which mailbox: made on first use, closed with the thread.

namespace {

/// The mailboxes by thread, until the QThread is destroyed or started anew: while it ends, posting
/// has to find the closed one. Never destroyed itself: threads may outlive static destruction.
struct Directory
{
    std::mutex lock;
    QHash<const QObject *, RefPtr<Mailbox>> byThread;

    /// This thread's or another's; made now if there is none. Not under the lock.
    RefPtr<Mailbox> find(QThread *thread, bool replaceClosed);
    void forget(const QObject *thread, bool onlyClosed);
};

Directory &directory()
{
    return immortal<Directory>();
}

RefPtr<Mailbox> Directory::find(QThread *thread, bool replaceClosed)
{
    RefPtr<Mailbox> mailbox;
    RefPtr<Mailbox> old;
    {
        const std::lock_guard guard(lock);
        RefPtr<Mailbox> &entry = byThread[thread];
        if (entry && !(replaceClosed && entry->isClosed()))
            return entry;
        old = std::exchange(entry, RefPtr<Mailbox>(new Mailbox)); // owned by count
        mailbox = entry;
    }
    if (old)
        return mailbox; // the thread is known
    // captureless: they may run in that thread, which has seen nothing of ours so far
    QObject::connect(thread, &QThread::started, thread,
                     [] { directory().forget(QThread::currentThread(), true); },
                     Qt::DirectConnection);
    QObject::connect(thread, &QObject::destroyed, thread,
                     [](QObject *gone) { directory().forget(gone, false); }, Qt::DirectConnection);
    return mailbox;
}

void Directory::forget(const QObject *thread, bool onlyClosed)
{
    RefPtr<Mailbox> gone;
    const std::lock_guard guard(lock);
    const auto it = byThread.find(thread);
    if (it != byThread.end() && (!onlyClosed || (*it)->isClosed())) {
        gone = std::move(*it);
        byThread.erase(it);
    }
}

struct MailboxReaper
{
    ~MailboxReaper()
    {
        ThreadBlock &block = threadBlock();
        if (Mailbox *const mailbox = block.mailbox; mailbox && !processWasForked()) {
            mailbox->close();
            block.mailbox = nullptr;
            block.dead = true;
            mailbox->deref();
        }
    }
    void arm() noexcept { }
};

thread_local MailboxReaper t_reaper;

} // namespace

Mailbox &Mailbox::current()
{
    ThreadBlock &block = threadBlock();
    if (!block.mailbox)
        directory().find(QThread::currentThread(), true)->adopt();
    return *block.mailbox;
}

void Mailbox::adopt()
{
    ThreadBlock &block = threadBlock();
    if (block.mailbox)
        return;
    ref();
    block.mailbox = this;
    t_reaper.arm();
}

RefPtr<Mailbox> Mailbox::of(QThread *thread)
{
    if (!thread || thread->isFinished()) // not yet started is fine
        return {};
    if (thread == QThread::currentThread())
        return RefPtr<Mailbox>(&current());
    RefPtr<Mailbox> mailbox = directory().find(thread, false);
    {
        const std::lock_guard lock(mailbox->m_receiverLock);
        if (mailbox->m_receiver || mailbox->isClosed())
            return mailbox;
    }
    // the thread has not met us yet: its event loop will, when it gets the receiver's first event
    auto receiver = std::make_unique<MailboxReceiver>(mailbox);
    receiver->watch(thread);
    receiver->moveToThread(thread);
    const std::lock_guard lock(mailbox->m_receiverLock);
    if (mailbox->m_receiver) {
        receiver.release()->deleteLater(); // in its thread; somebody was faster
        return mailbox;
    }
    mailbox->m_receiver = receiver.release();
    QCoreApplication::postEvent(mailbox->m_receiver, new QEvent(MailboxReceiver::wakeType()));
    return mailbox;
}

std::vector<RefPtr<Mailbox>> Mailbox::all()
{
    Directory &dir = directory();
    const std::lock_guard lock(dir.lock);
    std::vector<RefPtr<Mailbox>> result;
    for (const RefPtr<Mailbox> &mailbox : std::as_const(dir.byThread)) {
        if (!mailbox->isClosed())
            result.push_back(mailbox);
    }
    return result;
}

} // namespace Synchronaut::detail
