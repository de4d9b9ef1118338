import QtQml
import Synchronaut
import TestServices

PromiseCase {
    id: testCase
    name: "call"

    Service { id: service }

    QtObject {
        id: scripted
        function twice(x) { return 2 * x }
        function fails() { throw new TypeError("in QML") }
        function failsWithString() { throw "just text" }
        function asks(time) { service.askUser(time); return time }
    }

    function test_plain() {
        compare(valueOf(Synchronaut.call(service, "add", [1, 2])), 3);
        compare(valueOf(Synchronaut.call(service, "add", [1, 2, 3])), 6);
        compare(valueOf(Synchronaut.call(service, "aSlot", [1])), 2);
        compare(valueOf(Synchronaut.call(service, "withDefault", ["ab"])), "abab");
        compare(valueOf(Synchronaut.call(service, "withDefault", ["ab", 1])), "ab");
        compare(valueOf(Synchronaut.call(service, "doNothing")), undefined);
    }

    function test_future() {
        compare(valueOf(Synchronaut.call(service, "load", [42])), "user 42");
        compare(valueOf(Synchronaut.call(service, "finishLater")), undefined);
        const contact = valueOf(Synchronaut.call(service, "loadContact", ["Ada"]));
        compare(contact.name, "Ada");
        compare(contact.age, 30);
        compare(contact.tags.length, 2);
        const contacts = valueOf(Synchronaut.call(service, "loadContacts", [3]));
        verify(Array.isArray(contacts));
        compare(contacts.map(each => each.name).join(), "name 0,name 1,name 2");
    }

    function test_severalResults() {
        compare(valueOf(Synchronaut.call(service, "countTo", [4])), 1);
        compare(valueOf(Synchronaut.call(service, "countTo", [4], { list: true })).join(), "1,2,3,4");
        const items = [];
        const progress = [];
        valueOf(Synchronaut.call(service, "countTo", [4], {
            onItem: item => items.push(item),
            onProgress: (fraction, text) => progress.push(fraction + " " + text)
        }));
        compare(items.join(), "1,2,3,4");
        compare(progress[progress.length - 1], "1 at 4");
    }

    function test_promise() {
        compare(valueOf(service.promised(7)), "user 7");
        compare(valueOf(Synchronaut.call(service, "promised", [7])), "user 7");
    }

    function test_scripted() {
        compare(valueOf(Synchronaut.call(scripted, "twice", [21])), 42);
        verifyRejected(Synchronaut.call(scripted, "fails"), "TypeError", "in QML");
        compare(outcomeOf(Synchronaut.call(scripted, "failsWithString")).error, "just text");
        verifyRejected(Synchronaut.call(scripted, "twice", [1], { offload: true }), "CallError", "cannot be offloaded");
    }

    // Whatever is called may run an event loop, in which the call ends.
    function test_endsInEventLoop() {
        verifyRejected(Synchronaut.call(scripted, "asks", [60], { timeout: 10 }), "CallTimeout", "asks");
        verifyRejected(Synchronaut.call(service, "askUser", [60], { timeout: 10 }), "CallTimeout", "askUser");
        verifyRejected(Synchronaut.call(service, "askAndPromise", [60], { timeout: 10 }), "CallTimeout", "askAndPromise");
        const calls = service.calls;
        const args = { 0: 1, 1: 2, get length() { service.askUser(30); return 2; } };
        verifyRejected(Synchronaut.call(service, "add", args, { timeout: 10 }), "CallTimeout", "add");
        const object = { get a() { service.askUser(30); return 1; } };
        verifyRejected(Synchronaut.call(service, "echo", [object], { timeout: 10 }), "CallTimeout", "echo");
        const options = { timeout: 10, get list() { service.askUser(30); return false; } };
        verifyRejected(Synchronaut.call(service, "add", [1, 2], options), "CallTimeout", "add");
        compare(service.calls, calls);
        compare(valueOf(Synchronaut.call(scripted, "asks", [1])), 1);
    }

    function test_offload() {
        compare(valueOf(Synchronaut.call(service, "slowLength", ["four"])), 4);
        compare(valueOf(Synchronaut.call(service, "runsElsewhere")), true);
        compare(valueOf(Synchronaut.call(service, "runsElsewhere", [], { offload: false })), false);
        compare(valueOf(Synchronaut.call(service, "isElsewhere")), false);
        compare(valueOf(Synchronaut.call(service, "isElsewhere", [], { offload: true })), true);
    }

    function test_otherThread() {
        const other = service.inOtherThread();
        compare(valueOf(Synchronaut.call(other, "add", [20, 22])), 42);
        compare(valueOf(Synchronaut.call(other, "isElsewhere")), false);
        compare(valueOf(Synchronaut.call(other, "load", [5])), "user 5");
        verifyRejected(Synchronaut.call(other, "promised", [5]), "CallError", "does not live in the engine's thread");
        verifyRejected(Synchronaut.call(other, "throwStandard"), "std::invalid_argument", "not this one");
    }

    function test_isRealPromise() {
        const promise = Synchronaut.call(service, "add", [1, 1]);
        verify(promise instanceof Promise);
        compare(typeof promise.finally, "function");
        compare(valueOf(Promise.all([promise, 3])).join(), "2,3");
        compare(valueOf(Promise.resolve(promise)), 2);
    }

    function test_chaining() {
        const seen = [];
        const chain = Synchronaut.call(service, "load", [1])
            .then(first => { seen.push(first); return Synchronaut.call(service, "load", [2]); })
            .then(second => { seen.push(second); throw new RangeError("on purpose"); })
            .then(() => seen.push("never"))
            .catch(error => { seen.push(error.name); return "caught"; })
            .finally(() => { seen.push("finally"); return "ignored"; });
        compare(valueOf(chain), "caught");
        compare(seen.join(), "user 1,user 2,RangeError,finally");
    }

    function test_finallyPassesErrors() {
        let ran = 0;
        verifyRejected(Synchronaut.call(service, "throwStandard").finally(() => { ++ran; }),
                       "std::invalid_argument", "not this one");
        verifyRejected(Synchronaut.call(service, "load", [1]).finally(() => { throw new RangeError("last words"); }),
                       "RangeError", "last words");
        compare(ran, 1);
    }

    function test_neverSettlesAtOnce() {
        let settled = false;
        const promise = Synchronaut.call(service, "add", [1, 2]);
        promise.then(() => { settled = true; });
        verify(!settled);
        valueOf(promise);
        verify(settled);
    }

    function test_manyAtOnce() {
        const calls = [];
        for (let i = 0; i < 200; ++i)
            calls.push(Synchronaut.call(service, i % 2 ? "load" : "slowLength", [i % 2 ? i : "x".repeat(i)]));
        const values = valueOf(Promise.all(calls));
        for (let i = 0; i < 200; ++i)
            compare(values[i], i % 2 ? "user " + i : i);
    }
}
