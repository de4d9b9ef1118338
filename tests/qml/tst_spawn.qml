import QtQml
import Synchronaut
import TestServices

PromiseCase {
    id: testCase
    name: "spawn"

    Service { id: service }

    Component { id: page; SpawnPage { } }

    function test_awaits() {
        const value = valueOf(Synchronaut.spawn(function* () {
            const first = yield Synchronaut.call(service, "load", [1]);
            const second = yield service.promised(2);
            const plain = yield 5;
            yield Synchronaut.sleep(1);
            const thenable = yield { then: resolve => resolve("thenable") };
            return [first, second, plain, thenable].join();
        }));
        compare(value, "user 1,user 2,5,thenable");
    }

    function test_errors() {
        verifyRejected(Synchronaut.spawn(function* () { yield Synchronaut.call(service, "throwStandard"); }),
                       "std::invalid_argument", "not this one");
        verifyRejected(Synchronaut.spawn(function* () { throw new RangeError("at once"); }), "RangeError", "at once");
        verifyRejected(Synchronaut.spawn(function* () { yield 1; throw new RangeError("later"); }), "RangeError", "later");
        verifyRejected(Synchronaut.spawn(5), "TypeError", "takes a generator function");
        verifyRejected(Synchronaut.spawn(), "TypeError", "takes a generator function");
        const caught = valueOf(Synchronaut.spawn(function* () {
            try {
                yield Synchronaut.call(service, "failLater", ["down"]);
            } catch (error) {
                return "caught " + error.message;
            }
            return "not reached";
        }));
        compare(caught, "caught down");
    }

    function test_plainFunctions() {
        compare(valueOf(Synchronaut.spawn(() => 5)), 5);
        compare(valueOf(Synchronaut.spawn(() => Synchronaut.call(service, "load", [5]))), "user 5");
        verifyRejected(Synchronaut.spawn(() => { throw new RangeError("plain"); }), "RangeError", "plain");
    }

    function test_nested() {
        function* inner(id) { return yield Synchronaut.call(service, "load", [id]); }
        const value = valueOf(Synchronaut.spawn(function* () {
            const direct = yield* inner(1);
            return direct + "," + (yield Synchronaut.spawn(inner(2)));
        }));
        compare(value, "user 1,user 2");
    }

    function test_cancel() {
        const before = service.cancels;
        const seen = [];
        const promise = Synchronaut.spawn(function* () {
            try {
                yield Synchronaut.call(service, "never");
                seen.push("not reached");
            } catch (error) {
                seen.push(error.name);
                yield Synchronaut.sleep(1); // cleanup may wait
                seen.push("clean");
            } finally {
                seen.push("finally");
            }
        });
        verify(Synchronaut.cancel(promise));
        verifyRejected(promise, "CallCanceled", "spawn");
        tryVerify(() => seen.length === 3);
        compare(seen.join(), "CallCanceled,clean,finally");
        tryCompare(service, "cancels", before + 1);
    }

    function test_cancelFromInside() {
        let promise;
        const seen = [];
        promise = Synchronaut.spawn(function* () {
            yield Synchronaut.sleep(1);
            seen.push(Synchronaut.cancel(promise));
            try {
                yield Synchronaut.sleep(100000);
            } catch (error) {
                seen.push(error.name);
            }
        });
        verifyRejected(promise, "CallCanceled", "spawn");
        tryVerify(() => seen.length === 2);
        compare(seen.join(), "true,CallCanceled");
    }

    function test_timeout() {
        const before = service.cancels;
        const promise = Synchronaut.spawn(function* () { yield Synchronaut.call(service, "never"); }, { timeout: 20 });
        verifyRejected(promise, "CallTimeout", "spawn timed out after 0.02s");
        tryCompare(service, "cancels", before + 1);
    }

    function test_pageDestroyed() {
        const before = service.cancels;
        const content = page.createObject(testCase) as SpawnPage;
        content.work(service);
        compare(content.steps, 1);
        content.destroy();
        // its own call has no context, but is what the page's coroutine waits for
        tryCompare(service, "cancels", before + 1);
        wait(0);
    }

    // Scripts may run event loops, in which their call ends; what they wait for later ends with it.
    function test_endsInItsFirstStep() {
        const before = service.cancels;
        const seen = [];
        verifyRejected(Synchronaut.spawn(function* () {
            service.askUser(60);
            try {
                yield Synchronaut.call(service, "never");
            } catch (error) {
                seen.push(error.name);
            }
        }, { timeout: 10 }), "CallTimeout", "spawn");
        tryCompare(service, "cancels", before + 1);
        tryVerify(() => seen.length === 1);
        compare(seen[0], "CallCanceled");
        verifyRejected(Synchronaut.spawn(() => {
            service.askUser(60);
            return Synchronaut.call(service, "never");
        }, { timeout: 10 }), "CallTimeout", "spawn");
        tryCompare(service, "cancels", before + 2);
    }

    function test_pageDestroyedInFirstStep_data() {
        return [{ tag: "at once", time: -1 }, { tag: "and gone", time: 20 }];
    }
    function test_pageDestroyedInFirstStep(data) {
        const before = service.cancels;
        const context = page.createObject(testCase);
        let goesOn = false;
        Synchronaut.spawn(function* () {
            service.deleteOther(context);
            if (data.time >= 0)
                service.askUser(data.time);
            try {
                yield Synchronaut.call(service, "never");
            } finally {
                goesOn = true;
            }
        }, { context: context }).finally(() => { goesOn = true; });
        tryCompare(service, "cancels", before + 1);
        valueOf(Synchronaut.sleep(20));
        verify(!goesOn);
    }

    function test_endsWhileListIsRead() {
        const before = service.cancels;
        const list = {
            0: Synchronaut.call(service, "never"),
            get length() { service.askUser(30); return 1; }
        };
        verifyRejected(Synchronaut.all(list, { timeout: 10 }), "CallTimeout", "all");
        tryCompare(service, "cancels", before + 1);
        list[0] = Synchronaut.call(service, "never");
        verifyRejected(Synchronaut.race(list, { timeout: 10 }), "CallTimeout", "race");
        tryCompare(service, "cancels", before + 2);
    }

    function test_contextOption() {
        const before = service.cancels;
        const context = page.createObject(testCase);
        let settled = false;
        Synchronaut.call(service, "never", [], { context: context }).then(() => { settled = true; }, () => { settled = true; });
        let later = false;
        Synchronaut.call(service, "load", [1], { context: context }).then(() => { later = true; }, () => { later = true; });
        context.destroy();
        tryCompare(service, "cancels", before + 1);
        valueOf(Synchronaut.sleep(30));
        verify(!settled);
        verify(!later);
    }

    function test_all() {
        compare(valueOf(Synchronaut.all([Synchronaut.call(service, "load", [1]), 2, Synchronaut.sleep(1)])).length, 3);
        compare(valueOf(Synchronaut.all([])).length, 0);
        const before = service.cancels;
        verifyRejected(Synchronaut.all([Synchronaut.call(service, "never"), Synchronaut.call(service, "throwStandard")]),
                       "std::invalid_argument", "not this one");
        tryCompare(service, "cancels", before + 1);
        verifyRejected(Synchronaut.all(5), "TypeError", "takes an array of promises");
        verifyRejected(Synchronaut.all(), "TypeError", "takes an array of promises");
    }

    function test_race() {
        const before = service.cancels;
        compare(valueOf(Synchronaut.race([Synchronaut.call(service, "never"), Synchronaut.call(service, "load", [4])])), "user 4");
        tryCompare(service, "cancels", before + 1);
        verifyRejected(Synchronaut.race([Synchronaut.call(service, "never"), Synchronaut.call(service, "throwStandard")]),
                       "std::invalid_argument", "not this one");
        tryCompare(service, "cancels", before + 2);
        verifyRejected(Synchronaut.race([]), "TypeError", "never end");
        verifyRejected(Synchronaut.race([Synchronaut.call(service, "never"), Synchronaut.call(service, "never")], { timeout: 10 }),
                       "CallTimeout", "race");
        tryCompare(service, "cancels", before + 4);
    }

    function test_sleep() {
        const start = Date.now();
        valueOf(Synchronaut.sleep(40));
        verify(Date.now() - start >= 39);
        valueOf(Synchronaut.sleep(0));
        verifyRejected(Synchronaut.sleep(NaN), "CallError", "no number");
        verifyRejected(Synchronaut.sleep("long"), "CallError", "no number");
        verifyRejected(Synchronaut.sleep(), "CallError", "no number");
        const sleeping = Synchronaut.sleep(100000);
        verify(Synchronaut.cancel(sleeping));
        verifyRejected(sleeping, "CallCanceled", "sleep");
    }
}
