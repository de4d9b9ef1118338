import QtQuick
import Synchronaut
import TestServices

//! [qml-scope]
Item {
    id: page
    required property UserService service
    property string user
    CallScope { id: scope }
    function open(number) {
        return scope.call(page.service, "load", [number]).then(user => page.user = user);
    }
}
//! [qml-scope]
