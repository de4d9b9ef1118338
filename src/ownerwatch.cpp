#include "ownerwatch_p.h"

#include "functionmessage_p.h"
#include "immortal_p.h"

#include <Synchronaut/detail/owner.h>

#include <QtCore/QObject>
#include <QtCore/QThread>

#include <mutex>
#include <unordered_map>
#include <vector>

namespace Synchronaut::detail {

namespace {

struct Watched
{
    struct Entry
    {
        CallState *call; ///< a counted reference
        OwnerWatch::Then then;
    };
    QMetaObject::Connection connection;
    std::vector<Entry> calls;
};

/// Never destroyed: objects may die after static destruction began. User code never runs under
/// the lock.
struct Watches
{
    std::mutex lock;
    std::unordered_map<QObject *, Watched> byOwner;
    std::unordered_map<CallState *, QObject *> byCall;
};

Watches &watches()
{
    return immortal<Watches>();
}

void destroyAtHome(CallState *call)
{
    const auto destroy = [held = RefPtr<CallState>(call)](Delivery how) {
        if (how == Delivery::Run)
            held->destroyNow(CallState::Outcome::Canceled);
    };
    Mailbox *const home = call->home();
    if (!home || home->isCurrent())
        destroy(Delivery::Run);
    else
        postFunction(*home, call->chain, destroy); // the owner was moved away, against the rule
}

void onOwnerGone(QObject *owner)
{
    std::vector<Watched::Entry> calls;
    {
        Watches &all = watches();
        const std::lock_guard lock(all.lock);
        const auto it = all.byOwner.find(owner);
        if (it == all.byOwner.end())
            return;
        calls = std::move(it->second.calls);
        for (const Watched::Entry &entry : calls)
            all.byCall.erase(entry.call);
        all.byOwner.erase(it);
    }
    for (const Watched::Entry &entry : calls) {
        const auto call = RefPtr<CallState>::adopt(entry.call);
        if (entry.then == OwnerWatch::Then::Destroy)
            destroyAtHome(call.get());
        else
            call->requestStop(StopReason::Canceled);
    }
}

} // namespace

void OwnerWatch::watch(CallState *call, QObject *owner, Then then)
{
    call->m_watched = true;
    call->ref();
    Watches &all = watches();
    const std::lock_guard lock(all.lock);
    all.byCall.emplace(call, owner);
    Watched &watched = all.byOwner[owner];
    watched.calls.push_back({call, then});
    if (!watched.connection) {
        watched.connection = QObject::connect(owner, &QObject::destroyed, owner, &onOwnerGone,
                                              Qt::DirectConnection);
    }
}

void OwnerWatch::unwatch(CallState *call)
{
    QMetaObject::Connection stale;
    {
        Watches &all = watches();
        const std::lock_guard lock(all.lock);
        const auto it = all.byCall.find(call);
        if (it == all.byCall.end())
            return; // the owner went first
        const auto owner = all.byOwner.find(it->second);
        std::erase_if(owner->second.calls,
                      [call](const Watched::Entry &entry) { return entry.call == call; });
        if (owner->second.calls.empty()) {
            stale = owner->second.connection;
            all.byOwner.erase(owner);
        }
        all.byCall.erase(it);
    }
    QObject::disconnect(stale);
    call->deref();
}

void setOwner(CallState *call, QObject *owner)
{
    if (!owner)
        call->reject(QStringLiteral("spawn() was given a null owner; pass a living object, or none"));
    else if (owner->thread() != QThread::currentThread())
        call->reject(QStringLiteral("The owner of a coroutine lives in another thread than the one that "
                                    "starts it; start it there, for example with callOn(owner, ...)"));
    else
        OwnerWatch::watch(call, owner, OwnerWatch::Then::Destroy);
}

} // namespace Synchronaut::detail
