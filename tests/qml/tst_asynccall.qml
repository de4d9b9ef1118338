import QtQml
import QtTest
import Synchronaut
import TestServices

PromiseCase {
    id: testCase
    name: "AsyncCall"

    Service { id: service }

    AsyncCall {
        id: load
        target: service
        method: "load"
    }
    SignalSpy { id: resolved; target: load; signalName: "resolved" }
    SignalSpy { id: rejected; target: load; signalName: "rejected" }
    SignalSpy { id: canceled; target: load; signalName: "canceled" }
    SignalSpy { id: itemArrived; target: load; signalName: "itemArrived" }
    SignalSpy { id: runningChanged; target: load; signalName: "runningChanged" }

    Component {
        id: callMaker
        AsyncCall {
            property int outcomes: 0
            onResolved: ++outcomes
            onRejected: ++outcomes
        }
    }

    Component {
        id: closer
        AsyncCall {
            property PromiseCase owner
            Component.onDestruction: owner.noteDestroyed()
            onResolved: destroy()
            onRunningChanged: {
                if (!running && method === "never")
                    destroy();
            }
        }
    }

    Component {
        id: asker
        AsyncCall {
            property PromiseCase owner
            onCanceled: owner.noteDestroyed()
            onRunningChanged: {
                if (!running)
                    return;
                cancel();
                (target as Service).askUser(20);
            }
        }
    }

    function init() {
        load.cancel();
        load.target = service;
        load.method = "load";
        load.timeout = -1;
        load.list = false;
        load.offload = false;
        for (const spy of [resolved, rejected, canceled, itemArrived, runningChanged])
            spy.clear();
    }

    function test_resolved() {
        compare(load.running, false);
        load.start(42);
        compare(load.running, true);
        compare(resolved.count, 0);
        tryCompare(resolved, "count", 1);
        compare(load.running, false);
        compare(load.result, "user 42");
        compare(load.error, undefined);
        compare(resolved.signalArguments[0][0], "user 42");
        compare(rejected.count, 0);
        compare(runningChanged.count, 2);
    }

    function test_numbersOfArguments() {
        load.method = "add";
        load.start(1, 2);
        tryCompare(load, "result", 3);
        load.start(1, 2, 3);
        tryCompare(load, "result", 6);
        load.startWith([4, 5]);
        tryCompare(load, "result", 9);
        load.startWith(5);
        tryCompare(rejected, "count", 1);
        compare(load.error.name, "CallError");
    }

    function test_rejected() {
        load.method = "throwStandard";
        load.start();
        compare(rejected.count, 0); // not before start() has returned
        compare(load.running, true);
        tryCompare(rejected, "count", 1);
        compare(load.running, false);
        compare(load.error.name, "std::invalid_argument");
        compare(load.error.message, "not this one");
        compare(resolved.count, 0);
        load.method = "load";
        load.start(1);
        compare(load.error, undefined);
        tryCompare(resolved, "count", 1);
    }

    function test_badSettings() {
        load.target = null;
        load.start(1);
        tryCompare(rejected, "count", 1);
        load.target = service;
        load.method = "";
        load.start(1);
        tryCompare(rejected, "count", 2);
        verify(load.error.message.includes("no public invokable"));
    }

    function test_timeout() {
        load.method = "never";
        load.timeout = 20;
        load.start();
        tryCompare(rejected, "count", 1);
        compare(load.error.name, "CallTimeout");
    }

    function test_cancel() {
        const before = service.cancels;
        load.method = "never";
        load.start();
        verify(load.cancel());
        compare(load.running, false);
        compare(canceled.count, 1);
        verify(!load.cancel());
        tryCompare(service, "cancels", before + 1);
        compare(rejected.count + resolved.count, 0);
    }

    function test_canceledWhileItStarts() {
        const before = service.calls;
        destroyed = 0;
        const call = asker.createObject(testCase, { owner: testCase, target: service, method: "load" }) as AsyncCall;
        call.start(1);
        compare(destroyed, 1);
        call.startWith(5);
        compare(destroyed, 2);
        wait(10);
        compare(service.calls, before);
        compare(call.running, false);
        compare(call.error, undefined);
        call.destroy();
    }

    function test_startCancelsTheOneBefore() {
        const before = service.cancels;
        load.method = "never";
        load.start();
        load.start();
        load.method = "load";
        load.start(3);
        tryCompare(resolved, "count", 1);
        compare(load.result, "user 3");
        tryCompare(service, "cancels", before + 2);
        compare(rejected.count + canceled.count, 0);
        compare(runningChanged.count, 2);
    }

    function test_itemsAndProgress() {
        load.method = "countTo";
        load.list = true;
        compare(load.progress, -1);
        load.start(5);
        tryCompare(resolved, "count", 1);
        compare(load.result.join(), "1,2,3,4,5");
        compare(itemArrived.count, 5);
        compare(itemArrived.signalArguments[4][0], 5);
        compare(load.progress, 1);
        compare(load.progressText, "at 5");
        load.start(1);
        compare(load.progress, -1);
        tryCompare(resolved, "count", 2);
    }

    function test_offload() {
        load.method = "isElsewhere";
        load.offload = true;
        load.start();
        tryCompare(load, "result", true);
    }

    function test_destroyedWhileRunning() {
        const before = service.cancels;
        const call = callMaker.createObject(testCase, { target: service, method: "never" }) as AsyncCall;
        call.start();
        call.destroy();
        tryCompare(service, "cancels", before + 1);
    }

    function test_destroysItself() {
        destroyed = 0;
        let call = closer.createObject(testCase, { owner: testCase, target: service, method: "load" }) as AsyncCall;
        call.start(1);
        tryCompare(testCase, "destroyed", 1);
        call = closer.createObject(testCase, { owner: testCase, target: service, method: "never", timeout: 5 }) as AsyncCall;
        call.start();
        tryCompare(testCase, "destroyed", 2);
        call = closer.createObject(testCase, { owner: testCase, target: service, method: "never" }) as AsyncCall;
        call.start();
        call.cancel();
        tryCompare(testCase, "destroyed", 3);
    }
}
