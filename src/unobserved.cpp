#include "unobserved_p.h"

#include "immortal_p.h"
#include "logging_p.h"

#include <Synchronaut/lifecycle.h>

#include <QtCore/QDebug>
#include <QtCore/QSet>

#include <atomic>
#include <memory>
#include <mutex>

namespace Synchronaut {

namespace {

/// Handlers are replaced under the lock and called without it.
struct Handlers
{
    std::mutex lock;
    std::shared_ptr<const std::function<void(const UnobservedError &)>> unobserved;
    std::shared_ptr<const std::function<void(const CallErrorOrigin &)>> guiBlock;
    QSet<QString> warnedSites;
};

Handlers &handlers()
{
    return detail::immortal<Handlers>();
}

constinit std::atomic<qint64> s_guiBlockWarning{100};

QString describe(const std::exception_ptr &error)
{
    try {
        std::rethrow_exception(error);
    } catch (const CallError &e) {
        return e.message();
    } catch (const std::exception &e) {
        return QString::fromLocal8Bit(e.what());
    } catch (...) {
        return QStringLiteral("an exception of a type that is no std::exception");
    }
}

QString place(const CallErrorOrigin &origin)
{
    if (origin.where.line() == 0)
        return QStringLiteral("(call site unknown: give CallOptions)");
    return QStringLiteral("called at %1:%2")
            .arg(QString::fromLocal8Bit(origin.where.file_name()))
            .arg(origin.where.line());
}

} // namespace

namespace detail {

void reportUnobserved(const std::exception_ptr &error, const CallErrorOrigin &origin,
                      const char *advice) noexcept
{
    try {
        Handlers &all = handlers();
        std::unique_lock lock(all.lock);
        const auto handler = all.unobserved;
        lock.unlock();
        if (handler) {
            (*handler)({error, origin});
            return;
        }
        qCWarning(lcSynchronaut).noquote().nospace()
                << "Unobserved error of " << origin.functionName << ": " << describe(error) << ", "
                << place(origin) << "; " << advice << ", or set onUnobservedError()";
    } catch (...) {
        qCWarning(lcSynchronaut) << "The handler given to onUnobservedError() has thrown";
    }
}

void reportGuiBlock(const CallErrorOrigin &origin) noexcept
{
    try {
        Handlers &all = handlers();
        std::unique_lock lock(all.lock);
        const QString site = origin.functionName + place(origin);
        if (all.warnedSites.contains(site))
            return;
        all.warnedSites.insert(site);
        const auto handler = all.guiBlock;
        lock.unlock();
        if (handler) {
            (*handler)(origin);
            return;
        }
        qCWarning(lcSynchronaut).noquote().nospace()
                << "callSync() of " << origin.functionName << " keeps the GUI thread waiting, "
                << place(origin) << "; use callAny(), co_await or WaitMode::ProcessEvents";
    } catch (...) {
        qCWarning(lcSynchronaut) << "The handler given to onGuiBlock() has thrown";
    }
}

} // namespace detail

void onUnobservedError(std::function<void(const UnobservedError &)> handler)
{
    auto held = handler
            ? std::make_shared<const std::function<void(const UnobservedError &)>>(std::move(handler))
            : nullptr;
    const std::lock_guard lock(handlers().lock);
    handlers().unobserved.swap(held);
}

void onGuiBlock(std::function<void(const CallErrorOrigin &)> handler)
{
    auto held = handler
            ? std::make_shared<const std::function<void(const CallErrorOrigin &)>>(std::move(handler))
            : nullptr;
    const std::lock_guard lock(handlers().lock);
    handlers().guiBlock.swap(held);
}

std::chrono::milliseconds guiBlockWarning()
{
    return std::chrono::milliseconds(s_guiBlockWarning.load());
}

void setGuiBlockWarning(std::chrono::milliseconds limit)
{
    s_guiBlockWarning = limit.count();
}

} // namespace Synchronaut
