import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Synchronaut
import Contacts

ApplicationWindow {
    id: window

    property int total: 0
    readonly property alias service: service
    readonly property alias query: query
    readonly property alias found: found
    readonly property alias searching: search.running
    readonly property alias errorShown: banner.visible
    readonly property alias details: details

    function find() {
        found.clear();
        search.start(query.text);
    }

    width: 420
    height: 560
    visible: true
    title: qsTr("Contacts")
    Component.onCompleted: {
        service.count().then(count => { window.total = count; });
        find();
    }

    ContactService { id: service }

    ListModel { id: found }

    // Typing starts a search and so cancels the one before; matches come as they are found.
    AsyncCall {
        id: search
        target: service
        method: "search"
        list: true
        timeout: 3000
        onItemArrived: contact => found.append({ name: contact.name, city: contact.city })
    }

    // What is known of the contact that was clicked, from a quick source and a slow one.
    CallScope { id: scope }
    function show(name) {
        scope.spawn(function* () {
            details.text = name;
            const letters = yield scope.call(service, "initials", [name]);
            details.text = name + " (" + letters + ")";
            try {
                const company = yield scope.call(service, "companyOf", [name], { timeout: 300 });
                details.text += ", " + company;
            } catch (error) {
                details.text += qsTr(", company unknown: ") + error.message;
            }
        });
    }

    ColumnLayout {
        anchors.fill: parent
        anchors.margins: 12
        spacing: 8

        RowLayout {
            TextField {
                id: query
                Layout.fillWidth: true
                placeholderText: qsTr("Search %1 contacts").arg(window.total)
                onTextEdited: window.find()
                Accessible.name: qsTr("Search")
            }
            BusyIndicator {
                running: search.running
                Layout.preferredWidth: 36
                Layout.preferredHeight: 36
            }
        }

        Rectangle {
            id: banner
            visible: search.error !== undefined
            color: "#b3261e"
            radius: 4
            Layout.fillWidth: true
            Layout.preferredHeight: 52
            RowLayout {
                anchors.fill: parent
                anchors.margins: 6
                Label {
                    text: search.error ? search.error.message : ""
                    color: "white"
                    elide: Text.ElideRight
                    Layout.fillWidth: true
                }
                Button {
                    text: qsTr("Retry")
                    onClicked: window.find()
                }
            }
        }

        ListView {
            id: list
            clip: true
            model: found
            currentIndex: -1
            onCurrentIndexChanged: {
                if (currentIndex >= 0)
                    window.show(found.get(currentIndex).name);
            }
            Layout.fillWidth: true
            Layout.fillHeight: true
            delegate: ItemDelegate {
                id: line
                required property int index
                required property string name
                required property string city
                width: ListView.view.width
                text: line.name + ", " + line.city
                onClicked: ListView.view.currentIndex = line.index
            }
            ScrollBar.vertical: ScrollBar { }
        }

        Label {
            id: details
            text: qsTr("%1 found").arg(found.count)
            wrapMode: Text.Wrap
            Layout.fillWidth: true
        }
    }
}
