// The request context travels with the call, also to another thread, and never leaks back.
#include <Synchronaut/Synchronaut>

#include <QtCore/QCoreApplication>
#include <QtCore/QTextStream>

using namespace Synchronaut;

namespace {

void printUser(const char *where)
{
    QTextStream(stdout) << where << ", userId: "
                        << requestContext().value(QStringLiteral("userId")).toInt() << Qt::endl;
}

} // namespace

int main(int argc, char *argv[])
{
    const QCoreApplication app(argc, argv);
    const QString userId = QStringLiteral("userId");

    setRequestContext({{userId, 42}});
    printUser("Global"); // 42
    {
        const RequestContextScope scope({{userId, 99}});
        printUser("Inside block"); // 99
    }
    printUser("Global again"); // 42

    spawnThread(printUser, "Inside thread").waitForFinished(); // 42
    return 0;
}
