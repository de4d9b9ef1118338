#pragma once

#include <QtCore/QDateTime>
#include <QtCore/QList>
#include <QtCore/QObject>
#include <QtCore/QString>

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

/// Nobody registers futures of these.
struct Unregistered
{
    int value = 1;
};
