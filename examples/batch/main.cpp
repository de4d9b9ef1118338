// Several calls at once, each with its own limit, and what became of each. The three examples of
// synchronaut's parallel_map.
#include <Synchronaut/Synchronaut>

#include <QtCore/QCoreApplication>
#include <QtCore/QStringList>
#include <QtCore/QTextStream>
#include <QtCore/QThread>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

// --- printing ---
QString text(int value)
{
    return QString::number(value);
}

QString text(const QString &value)
{
    return QStringLiteral("'%1'").arg(value);
}

template <typename T>
QString text(const Outcome<T> &outcome)
{
    try {
        return text(outcome.value());
    } catch (const CallTimeout &e) {
        return QStringLiteral("CallTimeout('%1')").arg(e.message());
    } catch (const CallError &e) {
        return QStringLiteral("CallError('%1')").arg(e.message());
    }
}

void print(const QStringList &results)
{
    QTextStream(stdout) << '[' << results.join(QStringLiteral(", ")) << ']' << Qt::endl;
}

template <typename... T>
void print(const std::tuple<Outcome<T>...> &results)
{
    std::apply([](const auto &...outcome) { print(QStringList{text(outcome)...}); }, results);
}

// --- 1: plain functions, from sync code ---
QString syncGreet(const QString &name)
{
    return QStringLiteral("Hello, %1!").arg(name);
}

int syncAdd(int a, int b)
{
    return a + b;
}

QString syncSleepAndReturn(int seconds)
{
    for (int i = 0; i < seconds * 100 && !isCanceled(); ++i)
        QThread::msleep(10);
    return QStringLiteral("Slept %1s").arg(seconds);
}

void plainFunctions()
{
    auto results = parallelMap(
            returnExceptions,
            call(syncGreet, QStringLiteral("Alice")),
            call(syncAdd, 2, 3).within(1s),
            call(SYNCHRONAUT_FN(syncSleepAndReturn), 2).within(1s)); // this one is too slow
    print(results.result());
}

// --- 2: plain and async ones together, from a coroutine ---
Task<QString> asyncHello(QString name)
{
    co_await sleepFor(100ms);
    co_return QStringLiteral("Hi, %1!").arg(name);
}

int syncDouble(int x)
{
    return x * 2;
}

Task<> mixed()
{
    auto results = parallelMap(
            returnExceptions,
            call(asyncHello, QStringLiteral("Charlie")).within(500ms),
            call(syncDouble, 21),
            call(SYNCHRONAUT_FN(asyncHello), QStringLiteral("TooSlow")).within(10ms));
    print(co_await results);
}

// --- 3: as many as there are, all of one type ---
Task<int> asyncSquare(int n)
{
    co_await sleepFor(50ms);
    co_return n * n;
}

int syncSubtract(int a, int b)
{
    return a - b;
}

Task<> list()
{
    QList<Call<int>> calls;
    calls << call(asyncSquare, 5).within(1s) << call(syncSubtract, 10, 3)
          << call(SYNCHRONAUT_FN(asyncSquare), 10).within(10ms);

    QStringList results;
    const QList<Outcome<int>> outcomes = co_await parallelMap(calls, returnExceptions);
    for (const Outcome<int> &outcome : outcomes)
        results += text(outcome);
    print(results);
}

} // namespace

int main(int argc, char *argv[])
{
    const QCoreApplication app(argc, argv);

    plainFunctions();
    run(mixed());
    run(list());
    return 0;
}
