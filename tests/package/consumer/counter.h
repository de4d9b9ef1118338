#pragma once

#include <QtCore/QObject>

class Counter : public QObject
{
    Q_OBJECT

public:
    Q_INVOKABLE int increment(int by = 1) { return m_count += by; }

private:
    int m_count = 0;
};
