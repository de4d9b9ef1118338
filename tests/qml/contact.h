#pragma once

#include <QtCore/QDateTime>
#include <QtCore/QList>
#include <QtCore/QObject>
#include <QtCore/QString>

#include <vector>

/// A value that QML reads by its properties.
class Contact
{
    Q_GADGET
    Q_PROPERTY(QString name MEMBER name)
    Q_PROPERTY(int age MEMBER age)
    Q_PROPERTY(QStringList tags MEMBER tags)
    Q_PROPERTY(QString readOnly READ readOnly)

public:
    QString readOnly() const { return QStringLiteral("fixed"); }

    QString name;
    int age = 0;
    QStringList tags;
};

/// A value that nothing outside of C++ can read.
struct Opaque
{
    int secret = 7;
};

/// A container that nothing can be added to.
template <typename T>
class Frozen
{
public:
    using value_type = T;
    using const_iterator = typename std::vector<T>::const_iterator;
    const_iterator begin() const { return m_items.begin(); }
    const_iterator end() const { return m_items.end(); }

private:
    std::vector<T> m_items;
};
Q_DECLARE_SEQUENTIAL_CONTAINER_METATYPE(Frozen)

enum class Tiny : quint8 { One = 1 };
enum class Wide : quint32 { One = 1 };
enum class Huge : qint64 { One = 1 };

/// Nobody registers futures of these.
struct Unregistered
{
    int value = 1;
};
