#include "contactservice.h"

#include <Synchronaut/Promise>
#include <Synchronaut/Synchronaut>

#include <QtCore/QThread>

using namespace std::chrono_literals;
using namespace Synchronaut;

std::atomic<int> ContactService::s_canceled{0};

namespace {

/// Counts a search that does not reach its end.
class SearchGuard
{
public:
    SearchGuard() = default;
    ~SearchGuard()
    {
        if (!finished)
            ++ContactService::s_canceled;
    }
    SearchGuard(const SearchGuard &) = delete;
    SearchGuard &operator=(const SearchGuard &) = delete;

    bool finished = false;
};

AsyncGenerator<Contact> matches(QList<Contact> contacts, QString text, bool offline)
{
    SearchGuard guard;
    co_await sleepFor(60ms); // the way to the server
    if (offline) {
        guard.finished = true;
        throw CallError(QStringLiteral("The server cannot be reached."));
    }
    for (const Contact &contact : contacts) {
        if (!contact.name.contains(text, Qt::CaseInsensitive))
            continue;
        co_yield Contact(contact);
        co_await sleepFor(4ms);
    }
    guard.finished = true;
}

Task<QString> company(QString name)
{
    co_await sleepFor(5s);
    co_return name + QStringLiteral(" & Co.");
}

} // namespace

ContactService::ContactService(QObject *parent) : QObject(parent)
{
    const QStringList first{QStringLiteral("Ada"), QStringLiteral("Alan"), QStringLiteral("Barbara"),
                            QStringLiteral("Edsger"), QStringLiteral("Grace"), QStringLiteral("John")};
    const QStringList last{QStringLiteral("Lovelace"), QStringLiteral("Turing"), QStringLiteral("Liskov"),
                           QStringLiteral("Dijkstra"), QStringLiteral("Hopper")};
    const QStringList cities{QStringLiteral("London"), QStringLiteral("Boston"), QStringLiteral("Austin")};
    for (const QString &front : first) {
        for (const QString &back : last)
            m_contacts += Contact{front + QLatin1Char(' ') + back, cities.at(m_contacts.size() % cities.size())};
    }
}

QFuture<Contact> ContactService::search(const QString &text)
{
    return callAny(matches, m_contacts, text, m_offline);
}

QString ContactService::initials(const QString &name) const
{
    QThread::msleep(10);
    QString letters;
    const QStringList words = name.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    for (const QString &word : words)
        letters += word.front();
    return letters;
}

QJSValue ContactService::count()
{
    const QList<Contact> contacts = m_contacts;
    const auto size = [contacts] {
        QThread::msleep(20);
        return static_cast<int>(contacts.size());
    };
    return promise(this, callAny(size));
}

QFuture<QString> ContactService::companyOf(const QString &name)
{
    return callAny(company, name);
}
