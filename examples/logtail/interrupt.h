#pragma once

#include <QtCore/QObject>

/// Ctrl-C (SIGINT) and SIGTERM as a Qt signal. One at a time; POSIX only.
class Interrupt : public QObject
{
    Q_OBJECT

public:
    Interrupt();
    ~Interrupt() override;

Q_SIGNALS:
    void requested();
};
