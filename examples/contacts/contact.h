#pragma once

#include <QtCore/QMetaType>
#include <QtCore/QString>

/// One line of the list.
class Contact
{
    Q_GADGET
    Q_PROPERTY(QString name MEMBER name)
    Q_PROPERTY(QString city MEMBER city)

public:
    QString name;
    QString city;
};
