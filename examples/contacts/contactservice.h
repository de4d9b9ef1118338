#pragma once

#include "contact.h"

#include <QtCore/QFuture>
#include <QtCore/QList>
#include <QtCore/QObject>
#include <QtQml/QJSValue>
#include <QtQml/qqml.h>

#include <atomic>

/// An address book that takes its time, as those over a network do.
class ContactService : public QObject
{
    Q_OBJECT
    QML_ELEMENT
    Q_CLASSINFO("synchronaut.threadsafe", "initials")
    /// The next searches fail, as without a network.
    Q_PROPERTY(bool offline MEMBER m_offline NOTIFY offlineChanged)

public:
    explicit ContactService(QObject *parent = nullptr);

    /// The matches, one after the other: a future with many results.
    Q_INVOKABLE QFuture<Contact> search(const QString &text);
    /// Blocks, and is therefore called on the pool.
    Q_INVOKABLE QString initials(const QString &name) const;
    /// A promise, for `then` in QML.
    Q_INVOKABLE QJSValue count();
    /// A source that answers too late.
    Q_INVOKABLE QFuture<QString> companyOf(const QString &name);

    /// How many searches have been cancelled.
    static int canceledSearches() { return s_canceled; }
    static std::atomic<int> s_canceled;

Q_SIGNALS:
    void offlineChanged();

private:
    QList<Contact> m_contacts;
    bool m_offline = false;
};
