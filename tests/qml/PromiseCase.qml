import QtTest

// A test case that can wait for promises.
TestCase {
    property int destroyed: 0
    function noteDestroyed() { ++destroyed; }

    // What becomes of a promise: { value } or { error }.
    function outcomeOf(promise) {
        const outcome = { settled: 0 };
        promise.then(value => { outcome.value = value; ++outcome.settled; },
                     error => { outcome.error = error; ++outcome.settled; });
        tryVerify(() => outcome.settled > 0, 10000, "the promise is never settled");
        compare(outcome.settled, 1);
        return outcome;
    }

    function valueOf(promise) {
        const outcome = outcomeOf(promise);
        verify(outcome.error === undefined, String(outcome.error));
        return outcome.value;
    }

    // Checks that it is rejected with a JavaScript Error of this name whose message has these words.
    function verifyRejected(promise, name, words) {
        const outcome = outcomeOf(promise);
        verify(outcome.error instanceof Error, "rejected with " + outcome.error + ", resolved with " + outcome.value);
        compare(outcome.error.name, name);
        verify(outcome.error.message.includes(words), outcome.error.message);
        return outcome.error;
    }
}
