// What src/doc/qml.md shows, run.
import QtQml
import QtQuick
import QtQuick.Controls
import Synchronaut
import TestServices

PromiseCase {
    id: testCase
    name: "docs"
    when: windowShown

    UserService { id: service }
    Text { id: userName }
    QtObject {
        id: banner
        property string shown
        function show(text) { shown = text; }
    }

    Item {
        //! [qml-asynccall]
        AsyncCall {
            id: load
            target: service
            method: "load"
            timeout: 1000
            onResolved: user => userName.text = user
            onRejected: error => banner.show(error.message)
        }
        Button {
            id: button
            text: qsTr("Load")
            enabled: !load.running
            onClicked: load.start(42)
        }
        //! [qml-asynccall]
    }

    Component {
        id: pageMaker
        UserPage { }
    }

    function init() {
        userName.text = "";
        banner.shown = "";
    }

    function test_asyncCall() {
        compare(button.enabled, true);
        button.clicked();
        compare(button.enabled, false);
        tryCompare(userName, "text", "user 42");
        compare(button.enabled, true);
        compare(banner.shown, "");
    }

    function test_asyncCallFails() {
        load.start(); // lacks its argument
        tryVerify(() => banner.shown.includes("load"));
        compare(userName.text, "");
    }

    function test_call() {
        let finished = false;
        function done() { finished = true; }
        //! [qml-call]
        Synchronaut.call(service, "load", [42], { timeout: 1000 })
            .then(user => userName.text = user)
            .catch(error => banner.show(error.message))
            .finally(done);
        //! [qml-call]
        tryVerify(() => finished);
        compare(userName.text, "user 42");
        compare(banner.shown, "");
    }

    function test_spawn() {
        //! [qml-spawn]
        const work = Synchronaut.spawn(function* () {
            const user = yield Synchronaut.call(service, "load", [42]);
            yield Synchronaut.sleep(10);
            const [first, second] = yield Synchronaut.all([
                Synchronaut.call(service, "load", [1]),
                Synchronaut.call(service, "load", [2])
            ]);
            userName.text = user + ", " + first + ", " + second;
        });
        //! [qml-spawn]
        valueOf(work);
        compare(userName.text, "user 42, user 1, user 2");
    }

    function test_methods() {
        compare(valueOf(Synchronaut.call(service, "greet", ["Ada"])), "Hello, Ada");
        compare(valueOf(Synchronaut.call(service, "find", [1])), "user 1");
        compare(valueOf(service.promised(2)), "user 2");
    }

    function test_scope() {
        const page = pageMaker.createObject(testCase, { service: service }) as UserPage;
        verify(page);
        valueOf(page.open(7));
        compare(page.user, "user 7");
        let settled = false;
        page.open(8).finally(() => settled = true);
        page.destroy();
        wait(200);
        verify(!settled); // its call went with the page
    }
}
