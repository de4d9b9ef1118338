// Snippets of src/doc/context.md.
#include <Synchronaut/Synchronaut>

#include <QtTest/QTest>

using namespace std::chrono_literals;
using namespace Synchronaut;

namespace {

//! [context-var]
ContextVar<QString> user("user", QStringLiteral("nobody"));

QString greeting()
{
    return QStringLiteral("hello ") + user.get();
}

Task<QString> serve()
{
    user.set(QStringLiteral("ada"));       // for this task and what it calls
    co_return co_await callAsync(greeting); // on a pool thread: "hello ada"
}
//! [context-var]

//! [context-scope]
Task<QString> asRoot()
{
    const ContextVar<QString>::Scope scope(user, QStringLiteral("root"));
    co_await sleepFor(1ms); // a scope may live across an await
    co_return greeting();
}
//! [context-scope]

void login()
{
    user.set(QStringLiteral("grace"));
}

} // namespace

class tst_DocsContext : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void variable()
    {
        QCOMPARE(callSync(serve), QStringLiteral("hello ada"));
        QCOMPARE(user.get(), QStringLiteral("nobody"));
    }
    void scope() { QCOMPARE(run(asRoot()), QStringLiteral("hello root")); }
    void inOut()
    {
        const ContextVar<QString>::Scope keep(user, QStringLiteral("nobody"));
        QStringList seen;
        //! [context-inout]
        callSync(login);
        seen += user.get(); // "nobody": changes do not come back ...
        callSync({.contextFlow = ContextFlow::CopyInOut}, login);
        seen += user.get(); // "grace": ... unless they are asked for
        //! [context-inout]
        QCOMPARE(seen, (QStringList{QStringLiteral("nobody"), QStringLiteral("grace")}));
    }
    void request()
    {
        int inside = 0;
        //! [context-request]
        const QString key = QStringLiteral("userId");
        setRequestContext({{key, 42}});
        {
            const RequestContextScope scope({{key, 99}});
            inside = requestContext().value(key).toInt(); // 99
        }
        const auto read = [key] { return requestContext().value(key).toInt(); };
        const int onThread = spawnThread(read).result(); // 42
        //! [context-request]
        QCOMPARE(inside, 99);
        QCOMPARE(onThread, 42);
    }
    void snapshot()
    {
        QString text;
        //! [context-snapshot]
        std::thread thread;
        {
            const ContextVar<QString>::Scope scope(user, QStringLiteral("alan"));
            thread = std::thread([&text, context = Context::capture()] {
                text = context.run(greeting); // a thread we know nothing of starts with the defaults
            });
        }
        thread.join();
        //! [context-snapshot]
        QCOMPARE(text, QStringLiteral("hello alan"));
    }
};

QTEST_GUILESS_MAIN(tst_DocsContext)
#include "tst_docs_context.moc"
