import QtQml
import Synchronaut
import TestServices

PromiseCase {
    id: testCase
    name: "errors"

    Service { id: service }

    Component { id: serviceMaker; Service { } }

    function test_target_data() {
        return [
            { tag: "null", target: null, words: "target of the call is null" },
            { tag: "undefined", target: undefined, words: "target of the call is undefined" },
            { tag: "number", target: 5, words: "target of the call is 5" },
            { tag: "object", target: { add: () => 1 }, words: "is an object that is no QObject" }
        ];
    }
    function test_target(data) {
        verifyRejected(Synchronaut.call(data.target, "add", [1, 2]), "CallError", data.words);
    }

    function test_deletedTarget() {
        const gone = serviceMaker.createObject(testCase) as Service;
        gone.deleteNow();
        verifyRejected(Synchronaut.call(gone, "add", [1, 2]), "CallError", "target of the call");
    }

    function test_method_data() {
        return [
            { tag: "unknown", method: "ad", args: [1, 2], words: "no public invokable method or slot ad" },
            { tag: "names others", method: "ad", args: [1, 2], words: "add, " },
            { tag: "signal", method: "aSignal", args: [1], words: "no public invokable method or slot aSignal" },
            { tag: "not invokable", method: "privateMethod", args: [], words: "no public invokable" },
            { tag: "undefined", method: undefined, args: [], words: "The method is undefined" },
            { tag: "number", method: 3, args: [], words: "The method is 3" },
            { tag: "too few", method: "add", args: [1], words: "takes 2 or 3 arguments, not 1" },
            { tag: "too many", method: "add", args: [1, 2, 3, 4], words: "takes 2 or 3 arguments, not 4" },
            { tag: "no array", method: "add", args: 5, words: "an array of them is needed" },
            { tag: "null array", method: "add", args: null, words: "an array of them is needed" },
            { tag: "wrong type", method: "add", args: [1, "two"], words: 'Argument 2 of Service::add(int,int): the string "two" does not fit a int' },
            { tag: "object for int", method: "echoInt", args: [{ }], words: "an object does not fit a int" },
            { tag: "array for int", method: "echoInt", args: [[1]], words: "an array does not fit a int" },
            { tag: "array for string", method: "echoString", args: [["a"]], words: "an array does not fit a QString" },
            { tag: "fraction for int", method: "echoInt", args: [1.5], words: "the number 1.5 does not fit a int" },
            { tag: "too large", method: "echoInt", args: [1e12], words: "does not fit a int" },
            { tag: "byte", method: "echoByte", args: [256], words: "the number 256 does not fit a uchar" },
            { tag: "large text", method: "echoInt", args: ["4294967301"], words: 'the string "4294967301" does not fit a int' },
            { tag: "huge text", method: "echoUnsigned", args: ["18446744073709551615"], words: "does not fit a uint" },
            { tag: "text for byte", method: "echoByte", args: ["300"], words: 'the string "300" does not fit a uchar' },
            { tag: "negative text", method: "echoByte", args: ["-1"], words: "does not fit a uchar" },
            { tag: "enumerator of a byte", method: "echoTiny", args: [300], words: "the number 300 does not fit a Tiny" },
            { tag: "unsigned enumerator", method: "echoWide", args: [-1], words: "the number -1 does not fit a Wide" },
            { tag: "frozen container", method: "takeFrozen", args: [[1]], words: "nothing can be added to a Frozen<int>" },
            { tag: "NaN", method: "echoInt", args: [NaN], words: "the number nan does not fit a int" },
            { tag: "undefined for int", method: "echoInt", args: [undefined], words: "undefined does not fit a int" },
            { tag: "null for string", method: "echoString", args: [null], words: "null does not fit a QString" },
            { tag: "number for bool", method: "echoBool", args: [2], words: "the number 2 does not fit a bool" },
            { tag: "function", method: "echo", args: [() => 1], words: "a function cannot be passed to C++" },
            { tag: "symbol", method: "echo", args: [Symbol("s")], words: "a symbol cannot be passed to C++" },
            { tag: "nested symbol", method: "echo", args: [{ a: [Symbol("s")] }], words: "a symbol cannot be passed to C++" },
            { tag: "promise", method: "echo", args: [Promise.resolve(1)], words: "a Promise cannot be passed to C++" },
            { tag: "map", method: "echo", args: [new Map()], words: "a Map cannot be passed to C++" },
            { tag: "object of another class", method: "echoService", args: [testCase], words: "is no Service" },
            { tag: "no object", method: "echoService", args: [5], words: "the number 5 does not fit a Service*" },
            { tag: "unknown gadget property", method: "echoContact", args: [{ nme: "x" }], words: "Contact has no property nme" },
            { tag: "read-only gadget property", method: "echoContact", args: [{ readOnly: "x" }], words: "Contact has no property readOnly" },
            { tag: "wrong gadget property", method: "echoContact", args: [{ age: "old" }], words: 'the string "old" does not fit a int' },
            { tag: "wrong item", method: "echoInts", args: [[1, "b"]], words: 'the string "b" does not fit a int' },
            { tag: "unknown enumerator", method: "echoColor", args: ["Pink"], words: "Pink" },
            { tag: "opaque result", method: "opaque", args: [], words: "QML cannot read a Opaque" },
            { tag: "opaque results", method: "opaques", args: [], words: "QML cannot read a QList<Opaque>" },
            { tag: "object of another thread", method: "foreignObject", args: [], words: "lives in another thread" },
            { tag: "unregistered future", method: "unregistered", args: [], words: "call Synchronaut::registerFuture<Unregistered>()" },
            { tag: "empty future", method: "empty", args: [], words: "without a result" }
        ];
    }
    function test_method(data) {
        verifyRejected(Synchronaut.call(service, data.method, data.args), "CallError", data.words);
    }

    function test_functionsInDerivedObjects() {
        const object = Object.create({ b: 2 });
        object.f = () => 1;
        verifyRejected(Synchronaut.call(service, "echo", [object]), "CallError", "a function cannot be passed to C++");
        verifyRejected(Synchronaut.call(service, "echo", [object], { offload: true }), "CallError", "a function cannot");
        delete object.f;
        object.deep = testCase;
        verifyRejected(Synchronaut.call(service, "echo", [object], { offload: true }), "CallError", "another thread");
    }

    function test_selfContaining() {
        const value = { };
        value.self = value;
        verifyRejected(Synchronaut.call(service, "echo", [value]), "CallError", "nested too deep, or holds itself");
    }

    function test_unregisteredIsNotCalled() {
        const before = service.calls;
        verifyRejected(Synchronaut.call(service, "unregistered"), "CallError", "registerFuture");
        compare(service.calls, before);
    }

    function test_objectsForOtherThreads() {
        verifyRejected(Synchronaut.call(service.inOtherThread(), "echoObject", [testCase]), "CallError",
                       "lives in another thread than the one the method runs in");
        verifyRejected(Synchronaut.call(service, "echo", [{ deep: testCase }], { offload: true }), "CallError",
                       "lives in another thread than the one the method runs in");
    }

    function test_thrown() {
        verifyRejected(Synchronaut.call(service, "throwStandard"), "std::invalid_argument", "not this one");
        verifyRejected(Synchronaut.call(service, "throwStandard", [], { offload: true }), "std::invalid_argument", "not this one");
        verifyRejected(Synchronaut.call(service, "throwCallError"), "CallError", "of the service");
        verifyRejected(Synchronaut.call(service, "throwNumber"), "Error", "no std::exception");
        verifyRejected(Synchronaut.call(service, "failLater", ["later"]), "std::runtime_error", "later");
        verifyRejected(Synchronaut.call(service, "countAndFail", [2], { list: true }), "std::runtime_error", "after the last");
        verifyRejected(Synchronaut.call(service, "scriptThrow"), "RangeError", "out of the script's range");
        // nothing is left behind
        compare(valueOf(Synchronaut.call(service, "add", [1, 1])), 2);
    }

    function test_itemsBeforeFailure() {
        const items = [];
        verifyRejected(Synchronaut.call(service, "countAndFail", [3], { onItem: item => items.push(item) }),
                       "std::runtime_error", "after the last");
        verify(items.length <= 3);
    }

    function test_timeout() {
        const before = service.cancels;
        const error = verifyRejected(Synchronaut.call(service, "never", [], { timeout: 30 }), "CallTimeout",
                                     "Function never timed out after 0.03s");
        compare(error.timeout, 30);
        compare(error.functionName, "never");
        tryCompare(service, "cancels", before + 1);
        verifyRejected(Synchronaut.call(service, "never", [], { timeout: 0 }), "CallTimeout", "never timed out after 0.0s");
        verifyRejected(Synchronaut.call(service, "neverPromised", [], { timeout: 20 }), "CallTimeout", "neverPromised");
        verifyRejected(Synchronaut.sleep(100000, { timeout: 20 }), "CallTimeout", "sleep timed out after 0.02s");
        compare(valueOf(Synchronaut.call(service, "load", [3], { timeout: 10000 })), "user 3");
    }

    function test_timeoutOfOffloaded() {
        const before = service.cancels;
        verifyRejected(Synchronaut.call(service, "waitForCancel", [], { timeout: 400 }), "CallTimeout", "waitForCancel");
        tryCompare(service, "cancels", before + 1);
    }

    function test_options_data() {
        return [
            { tag: "unknown", options: { timeot: 5 }, words: "no option timeot" },
            { tag: "no object", options: 5, words: "The options are 5" },
            { tag: "negative timeout", options: { timeout: -1 }, words: "timeout is negative" },
            { tag: "text timeout", options: { timeout: "soon" }, words: "The option timeout is soon" },
            { tag: "context", options: { context: { } }, words: "The option context" },
            { tag: "onItem", options: { onItem: 5 }, words: "onItem is no function" }
        ];
    }
    function test_options(data) {
        const before = service.calls;
        verifyRejected(Synchronaut.call(service, "add", [1, 2], data.options), "CallError", data.words);
        compare(service.calls, before);
    }

    function test_cancel() {
        const before = service.cancels;
        const promise = Synchronaut.call(service, "never");
        verify(Synchronaut.cancel(promise));
        verifyRejected(promise, "CallCanceled", "Function never was cancelled");
        tryCompare(service, "cancels", before + 1);
        verify(!Synchronaut.cancel(promise));
        verify(!Synchronaut.cancel(null));
        verify(!Synchronaut.cancel(Promise.resolve(1)));
    }

    function test_cancelDerived() {
        const derived = Synchronaut.call(service, "never").then(() => 1);
        verify(Synchronaut.cancel(derived));
        verifyRejected(derived, "CallCanceled", "never");
    }

    function test_targetDeletedDuringCall() {
        // its future goes on
        let target = serviceMaker.createObject(testCase) as Service;
        const loading = Synchronaut.call(target, "load", [8]);
        target.deleteNow();
        compare(valueOf(loading), "user 8");

        // promise(this, …) is bound to its object
        target = serviceMaker.createObject(testCase) as Service;
        const promised = target.neverPromised();
        const before = service.cancels;
        target.deleteNow();
        verifyRejected(promised, "SenderDestroyed", "was destroyed");
        tryCompare(service, "cancels", before + 1);

        // a method that is offloaded and waited for by the destructor
        target = serviceMaker.createObject(testCase) as Service;
        const offloaded = Synchronaut.call(target, "waitForCancel");
        target.deleteNow();
        const outcome = outcomeOf(offloaded);
        verify(outcome.error === undefined || /^(CallCanceled|SenderDestroyed)$/.test(outcome.error.name));

        // one that deletes itself
        target = serviceMaker.createObject(testCase) as Service;
        compare(valueOf(Synchronaut.call(target, "deleteItself")), 1);
    }
}
