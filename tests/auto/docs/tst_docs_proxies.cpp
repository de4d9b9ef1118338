// Snippets of src/doc/proxies.md.
#include "thermometer.h"

#include "thermometerproxy.h"

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;

double Thermometer::measure(const QString &place)
{
    return static_cast<double>(place.size()) + m_offset;
}

Task<double> Thermometer::average(QString place, int count)
{
    double sum = 0;
    for (int i = 0; i < count; ++i) {
        co_await sleepFor(1ms);
        sum += measure(place);
    }
    co_return sum / count;
}

void Thermometer::setOffset(double offset)
{
    m_offset = offset;
    Q_EMIT offsetChanged(offset);
}

namespace {

Task<double> useIt(const ThermometerProxy &thermometer, QString place)
{
    //! [proxies-use]
    double now = thermometer.measureSync(place);                  // waits
    QFuture<double> soon = thermometer.measure(place);            // does not
    double mean = co_await thermometer.averageAsync(place, 3);    // in a coroutine
    co_await thermometer.setOffsetAsync(0.5);
    //! [proxies-use]
    const double measured = co_await soon;
    co_return now + mean + measured;
}

} // namespace

class tst_DocsProxies : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void thermometer()
    {
        //! [proxies-make]
        Synchronizer io("sensors");
        ThermometerProxy thermometer(io.make<Thermometer>()); // keeps it
        //! [proxies-make]
        QCOMPARE(run(useIt(thermometer, QStringLiteral("kitchen"))), 21.0);
        QCOMPARE(thermometer.offsetSync(), 0.5);
    }
};

QTEST_GUILESS_MAIN(tst_DocsProxies)
#include "tst_docs_proxies.moc"
