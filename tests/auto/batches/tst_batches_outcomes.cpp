// Outcome: a value or an error.
#include "../support/waiting.h"

#include <QtTest/QTest>

#include <memory>

using namespace Synchronaut;
using namespace TestSupport;

static_assert(std::is_copy_constructible_v<Outcome<QString>>);
static_assert(std::is_copy_constructible_v<Outcome<void>>);
static_assert(!std::is_copy_constructible_v<Outcome<std::unique_ptr<int>>>);
static_assert(std::is_move_constructible_v<Outcome<std::unique_ptr<int>>>);

class TestBatchesOutcomes : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void value();
    void error();
    void kinds();
    void ofVoid();
    void ofMoveOnly();
    void ofAnError();
};

void TestBatchesOutcomes::value()
{
    const Outcome<int> outcome(7);
    QVERIFY(outcome.hasValue());
    QVERIFY(outcome);
    QCOMPARE(outcome.value(), 7);
    QVERIFY(!outcome.error());
    QVERIFY(!outcome.isTimeout());
    QVERIFY(!outcome.isCanceled());
    QCOMPARE(Outcome<int>(outcome).value(), 7);
}

void TestBatchesOutcomes::error()
{
    const auto outcome = Outcome<int>::failed(std::make_exception_ptr(42));
    QVERIFY(!outcome.hasValue());
    QVERIFY(outcome.error());
    for (int i = 0; i < 2; ++i) // as often as one likes
        QCOMPARE(thrownBy([&] { static_cast<void>(outcome.value()); }), "int 42");
    QCOMPARE(thrownBy([&] { static_cast<void>(Outcome<int>(outcome).value()); }), "int 42");
}

void TestBatchesOutcomes::kinds()
{
    const CallErrorOrigin origin;
    const auto timeout = Outcome<int>::failed(
            std::make_exception_ptr(CallTimeout(QStringLiteral("late"), origin, {})));
    QVERIFY(timeout.isTimeout());
    QVERIFY(!timeout.isCanceled());
    const auto canceled =
            Outcome<int>::failed(std::make_exception_ptr(CallCanceled(QStringLiteral("no"))));
    QVERIFY(!canceled.isTimeout());
    QVERIFY(canceled.isCanceled());
}

void TestBatchesOutcomes::ofVoid()
{
    const Outcome<void> good{std::monostate()};
    QVERIFY(good.hasValue());
    good.value();
    const auto bad = Outcome<void>::failed(std::make_exception_ptr(1));
    QCOMPARE(thrownBy([&] { bad.value(); }), "int 1");
}

void TestBatchesOutcomes::ofMoveOnly()
{
    Outcome<std::unique_ptr<int>> outcome(std::make_unique<int>(3));
    QCOMPARE(*outcome.value(), 3);
    const std::unique_ptr<int> taken = std::move(outcome).value();
    QCOMPARE(*taken, 3);
}

// A value that happens to be an error is a value.
void TestBatchesOutcomes::ofAnError()
{
    const Outcome<std::exception_ptr> outcome(std::make_exception_ptr(1));
    QVERIFY(outcome.hasValue());
    QVERIFY(outcome.value());
    QVERIFY(!outcome.error());
}

QTEST_GUILESS_MAIN(TestBatchesOutcomes)
#include "tst_batches_outcomes.moc"
