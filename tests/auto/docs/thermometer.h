// The class of src/doc/proxies.md.
#pragma once

#include <Synchronaut/Synchronaut>

#include <QtCore/QObject>

//! [proxies-class]
class Thermometer : public QObject
{
    Q_OBJECT
    Q_PROPERTY(double offset READ offset WRITE setOffset NOTIFY offsetChanged)

public:
    Q_INVOKABLE double measure(const QString &place);                     // may block
    Q_INVOKABLE Synchronaut::Task<double> average(QString place, int count); // or be a coroutine

    double offset() const { return m_offset; }
    void setOffset(double offset);

Q_SIGNALS:
    void offsetChanged(double offset);

private:
    double m_offset = 0;
};
//! [proxies-class]
