// An object with signals of all kinds.
#pragma once

#include <QtCore/QObject>
#include <QtCore/QString>

namespace TestSupport {

class Sender : public QObject
{
    Q_OBJECT

public:
    using QObject::QObject;
    void emitPrivate() { Q_EMIT privateNone(QPrivateSignal()); }
    void emitPrivateOne(int i) { Q_EMIT privateOne(i, QPrivateSignal()); }
    void emitPrivateTwo(int i, const QString &s) { Q_EMIT privateTwo(i, s, QPrivateSignal()); }
    void noSignal(int) { }

Q_SIGNALS:
    void none();
    void one(int value);
    void two(int value, const QString &text);
    void constOne(int value) const;
    void overloaded(int value);
    void overloaded(const QString &text);
    void reference(QString &text);
    void privateNone(QPrivateSignal);
    void privateOne(int value, QPrivateSignal);
    void privateTwo(int value, const QString &text, QPrivateSignal);
};

} // namespace TestSupport
