// What the tests of calls and of their arguments call.
#pragma once

#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>

namespace TestSupport {

using namespace std::chrono_literals;
using namespace Synchronaut;

inline QThread *here()
{
    return QThread::currentThread();
}

/// A plain class that notes on which thread what happens to it.
class Account
{
public:
    explicit Account(int balance = 0) : m_balance(balance) { ++alive; }
    ~Account()
    {
        --alive;
        goneIn = here();
        if (here() != m_madeIn)
            ++strayed;
    }
    Account(const Account &) = delete;
    Account &operator=(const Account &) = delete;

    int deposit(int amount)
    {
        noteThread();
        m_balance += amount;
        return m_balance;
    }
    int balance() const { return m_balance; }
    QThread *madeIn() const { return m_madeIn; }
    void fail() { throw 13; }
    const QString &owner() const { return m_owner; }
    void setOwner(const QString &owner) { m_owner = owner; }
    std::unique_ptr<int> takeUnique(std::unique_ptr<int> given) { return given; }

    Task<int> depositLater(int amount)
    {
        noteThread();
        co_await sleepFor(2ms);
        co_await callAsync([] { QThread::msleep(1); });
        co_return deposit(amount);
    }
    QFuture<int> depositInFuture(int amount)
    {
        return callAny([amount] { return amount + 1; });
    }
    Task<QString> ownerLater(const QString &suffix)
    {
        co_await sleepFor(1ms);
        co_return m_owner + suffix;
    }
    Task<> failLater()
    {
        co_await sleepFor(1ms);
        throw 14;
    }
    void report(QPromise<int> &promise, int count) const
    {
        for (int i = 0; i < count; ++i)
            promise.addResult(i);
    }
    void transferTo(Account &other, int amount)
    {
        m_balance -= amount;
        other.m_balance += amount;
    }
    int compare(const Account &other, int factor) const { return factor * (m_balance - other.m_balance); }
    bool isHandle(const Synchronized<Account> &other) const { return !other.isNull(); }

    int value = 7;

    inline static std::atomic<int> alive{0};
    inline static std::atomic<int> strayed{0}; ///< used or destroyed in another thread
    inline static std::atomic<QThread *> goneIn{nullptr};

private:
    void noteThread()
    {
        if (here() != m_madeIn)
            ++strayed;
    }

    QThread *m_madeIn = here();
    int m_balance;
    QString m_owner = QStringLiteral("nobody");
};

class Derived : public Account
{
public:
    using Account::Account;
};

inline int freeFunction(Account &account, int amount)
{
    return account.deposit(amount);
}

} // namespace TestSupport
