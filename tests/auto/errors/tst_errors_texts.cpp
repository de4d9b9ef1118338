// §10: errors keep the name, the call site and the chain of those that waited.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>

using namespace std::chrono_literals;
using namespace Synchronaut;
using namespace TestSupport;

namespace {

int slowAdd(int a, int b)
{
    const QDeadlineTimer limit(20s);
    while (!isCanceled() && !limit.hasExpired())
        QThread::usleep(200);
    return a + b;
}

Task<int> sleeps()
{
    co_await sleepFor(20s);
    co_return 0;
}

/// The CallTimeout that \a function throws.
template <typename F>
std::unique_ptr<CallTimeout> timeoutOf(F function)
{
    try {
        function();
    } catch (const CallTimeout &e) {
        return std::unique_ptr<CallTimeout>(e.clone());
    }
    return nullptr;
}

} // namespace

class TestErrorsTexts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void timeoutSentence();
    void callSite();
    void chain();
    void chainAcrossTasks();
    void whatAndMessage();
    void debugOutput();
    void cloneAndRaise();
    void anonymousFunctionsByType();
    void copiesShare();
};

void TestErrorsTexts::timeoutSentence()
{
    const auto error = timeoutOf([] { callSync({.timeout = 50ms, .name = "slowAdd"}, slowAdd, 1, 2); });
    QVERIFY(error);
    QCOMPARE(error->message(), QStringLiteral("Function slowAdd timed out after 0.05s"));
    QCOMPARE(error->functionName(), QStringLiteral("slowAdd"));
    QVERIFY(error->timeout() == 50ms);

    const auto half = timeoutOf([] { callSync({.timeout = 500ms}, SYNCHRONAUT_FN(slowAdd), 1, 2); });
    QVERIFY(half);
    QCOMPARE(half->message(), QStringLiteral("Function slowAdd timed out after 0.5s"));
    const auto none = timeoutOf([] { callSync({.timeout = 0ns}, SYNCHRONAUT_FN(slowAdd), 1, 2); });
    QVERIFY(none);
    QVERIFY(none->timeout() == 0ns);

    // of an absolute deadline: what was left of it
    const QDeadlineTimer deadline(40ms, Qt::PreciseTimer);
    const auto absolute = timeoutOf([&] { callSync({.deadline = deadline}, sleeps); });
    QVERIFY(absolute);
    QVERIFY(absolute->timeout() > 10ms && absolute->timeout() <= 40ms);
}

void TestErrorsTexts::callSite()
{
    const auto check = [](const std::unique_ptr<CallTimeout> &error, std::uint_least32_t line) {
        QVERIFY(error);
        QCOMPARE(error->where().line(), line);
        QVERIFY(QByteArray(error->where().file_name()).endsWith("tst_errors_texts.cpp"));
        QVERIFY(error->details().contains(QStringLiteral("tst_errors_texts.cpp:%1").arg(line)));
    };
    auto line = std::source_location::current().line() + 1;
    check(timeoutOf([] { callSync({.timeout = 1ms}, sleeps); }), line);
    line = std::source_location::current().line() + 1;
    check(timeoutOf([] { callAny({.timeout = 1ms}, sleeps).waitForFinished(); }), line);
    line = std::source_location::current().line() + 1;
    check(timeoutOf([] { run(callAsync({.timeout = 1ms}, sleeps)); }), line);
    line = std::source_location::current().line() + 1;
    check(timeoutOf([] { run(withTimeout(sleeps(), 1ms)); }), line);

    // without options the place is unknown, and said to be
    const auto canceled = [] {
        try {
            callSync(std::function<int()>());
        } catch (const CallError &e) {
            return e.where().line();
        }
        return std::uint_least32_t(1);
    };
    QCOMPARE(canceled(), std::uint_least32_t(0));
}

void TestErrorsTexts::chain()
{
    const auto inner = [] { return callSync({.timeout = 5ms, .name = "inner"}, sleeps); };
    const auto middle = [&] { return callSync({.forceOffload = true, .name = "middle"}, inner); };
    const auto error = timeoutOf([&] { callSync({.forceOffload = true, .name = "outer"}, middle); });
    QVERIFY(error);
    QCOMPARE(error->functionName(), QStringLiteral("inner"));
    QCOMPARE(error->chain().size(), 2);
    QVERIFY(error->chain().at(0).startsWith(QStringLiteral("middle (")));
    QVERIFY(error->chain().at(1).startsWith(QStringLiteral("outer (")));
    QVERIFY(error->chain().at(0).contains(QStringLiteral("tst_errors_texts.cpp:")));
    QVERIFY(error->details().contains(QStringLiteral("waited for by middle")));
    QVERIFY(error->details().contains(QStringLiteral("waited for by outer")));
}

void TestErrorsTexts::chainAcrossTasks()
{
    const auto body = []() -> Task<int> {
        const CallOptions options{.timeout = 5ms, .name = "leaf"};
        co_return co_await callAny(options, sleeps);
    };
    const auto error = timeoutOf([&] { callSync({.name = "root"}, body); });
    QVERIFY(error);
    QCOMPARE(error->functionName(), QStringLiteral("leaf"));
    QCOMPARE(error->chain().size(), 1);
    QVERIFY(error->chain().constFirst().startsWith(QStringLiteral("root (")));
}

void TestErrorsTexts::whatAndMessage()
{
    const CallError error(QStringLiteral("Grüße"), {QStringLiteral("f"), {}, {}});
    QCOMPARE(QByteArray(error.what()), QStringLiteral("Grüße").toUtf8());
    QCOMPARE(error.message(), QStringLiteral("Grüße"));
    QCOMPARE(error.functionName(), QStringLiteral("f"));
    QCOMPARE(error.where().line(), std::uint_least32_t(0));
    QVERIFY(error.chain().isEmpty());
    QCOMPARE(error.details(), error.message());
}

void TestErrorsTexts::debugOutput()
{
    const auto error = timeoutOf([] { callSync({.timeout = 1ms, .name = "sleeps"}, sleeps); });
    QVERIFY(error);
    QString text;
    QDebug(&text) << *error;
    QVERIFY2(text.contains(QStringLiteral("Synchronaut::CallTimeout(")), qPrintable(text));
    QVERIFY2(text.contains(QStringLiteral("Function sleeps timed out after 0.001s")), qPrintable(text));
    QVERIFY2(text.contains(QStringLiteral("tst_errors_texts.cpp:")), qPrintable(text));
    QString plain;
    QDebug(&plain) << 1 << CallCanceled(QStringLiteral("gone")) << 2; // leaves the stream as it was
    QVERIFY2(plain.startsWith(QStringLiteral("1 ")), qPrintable(plain));
    QVERIFY2(plain.contains(QStringLiteral("CallCanceled(gone)")), qPrintable(plain));
    QVERIFY2(plain.trimmed().endsWith(QStringLiteral(" 2")), qPrintable(plain));
}

void TestErrorsTexts::cloneAndRaise()
{
    const auto check = [](const auto &error, const char *type) {
        const std::unique_ptr<QException> clone(static_cast<const QException &>(error).clone());
        const QException &copy = *clone;
        QVERIFY(typeid(copy) == typeid(error));
        QCOMPARE(QByteArray(clone->what()), QByteArray(error.what()));
        QCOMPARE(thrownBy([&] { clone->raise(); }), QByteArray(type));
        QCOMPARE(thrownBy([&] { static_cast<const QException &>(error).raise(); }), QByteArray(type));
    };
    const QString text = QStringLiteral("text");
    check(CallError(text), "CallError");
    check(CallTimeout(text, {}, 1s), "CallTimeout");
    check(CallCanceled(text), "CallCanceled");
    check(DeadlockError(text), "DeadlockError");
    check(SenderDestroyed(text), "SenderDestroyed");
    check(LoopStopped(text), "LoopStopped");
    const std::unique_ptr<CallTimeout> clone(CallTimeout(text, {}, 7ms).clone());
    QVERIFY(clone->timeout() == 7ms);
}

void TestErrorsTexts::anonymousFunctionsByType()
{
    const auto lambda = []() -> Task<> { co_await sleepFor(20s); };
    const auto error = timeoutOf([&] { callSync({.timeout = 1ms}, lambda); });
    QVERIFY(error);
    QVERIFY2(error->functionName().contains(QStringLiteral("lambda")), qPrintable(error->functionName()));
#ifdef Q_CC_CLANG // names a lambda by its place, GCC by the function around it
    const auto where = QStringLiteral("tst_errors_texts.cpp:");
#else
    const auto where = QStringLiteral("anonymousFunctionsByType");
#endif
    QVERIFY2(error->functionName().contains(where), qPrintable(error->functionName()));
    QVERIFY2(!error->functionName().contains(QStringLiteral("typeText")), qPrintable(error->functionName()));
    const auto function = timeoutOf([] { callSync({.timeout = 1ms}, sleeps); });
    QVERIFY(function);
    QVERIFY2(function->functionName().contains(QStringLiteral("Task<int>")),
             qPrintable(function->functionName()));
}

void TestErrorsTexts::copiesShare()
{
    const auto error = timeoutOf([] { callSync({.timeout = 1ms, .name = "x"}, sleeps); });
    QVERIFY(error);
    CallError copy(QStringLiteral("other"));
    copy = *error;
    QCOMPARE(copy.message(), error->message());
    QCOMPARE(copy.what(), error->what()); // the same text, at the same place
}

QTEST_GUILESS_MAIN(TestErrorsTexts)
#include "tst_errors_texts.moc"
