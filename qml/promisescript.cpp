#include "promisescript_p.h"

namespace Synchronaut::detail {

// ECMAScript 7 only, as Qt 6.4 has it: no async functions, no Promise.prototype.finally.
QString promiseScript()
{
    return QString::fromUtf8(R"js((function (host) {
    "use strict";
    const nativeThen = Promise.prototype.then;
    const callNumber = Symbol("call"); // of a promise: which call settles it (WeakMap crashes in Qt 6.4)

    // Gives a promise what the engine's own lack: finally(), the number of its call, and a look at
    // errors that nobody handles, which would be lost without a word.
    function dressed(promise, number) {
        let observed = false;
        Object.defineProperty(promise, callNumber, { value: number });
        Object.defineProperties(promise, {
            then: { value: function (fulfilled, rejected) {
                observed = true;
                return dressed(nativeThen.call(promise, fulfilled, rejected), number);
            } },
            catch: { value: function (rejected) { return promise.then(undefined, rejected); } },
            finally: { value: function (last) {
                if (typeof last !== "function")
                    return promise.then(last, last);
                return promise.then(
                    value => Promise.resolve(last()).then(() => value),
                    error => Promise.resolve(last()).then(() => { throw error; }));
            } }
        });
        nativeThen.call(promise, undefined, error => {
            if (!observed)
                host.reportUnobserved(error);
        });
        return promise;
    }

    function cancel(promise) {
        const number = promise !== null && typeof promise === "object" ? promise[callNumber] : undefined;
        return number !== undefined && host.cancelCall(number);
    }

    function cancelAll(promises) {
        promises.forEach(each => { cancel(each); });
    }

    function arrayOf(list, verb) {
        if (list === null || typeof list !== "object" || typeof list.length !== "number")
            throw new TypeError("Synchronaut." + verb + "() takes an array of promises");
        return Array.from(list);
    }

    return {
        cancel: cancel,

        make: function (number) {
            let resolve;
            let reject;
            const promise = new Promise((fulfil, fail) => { resolve = fulfil; reject = fail; });
            return [dressed(promise, number), resolve, reject];
        },

        // By definition, not assignment: Error.prototype.name is read-only in QML.
        makeError: function (name, message, details) {
            const error = new Error(message);
            details.name = name;
            Object.keys(details).forEach(key => {
                Object.defineProperty(error, key, { value: details[key], writable: true, configurable: true });
            });
            return error;
        },

        follow: function (thenable, number) {
            Promise.resolve(thenable).then(value => { host.fulfilCall(number, value); },
                                           error => { host.failCall(number, error); });
        },

        // As a promise, so that what the function throws is told from what it returns.
        invoke: function (target, name, args) {
            return new Promise(resolve => { resolve(target[name].apply(target, args)); });
        },

        // Drives a generator function: what it yields is awaited. stop() without an error leaves it
        // where it is, with an error throws that in. start() comes last: it runs the first step, in which
        // anything may happen, stop() too.
        drive: function (body) {
            let iterator;
            let awaited;
            let turn = 0;
            let running = false;
            let done = false;
            let silent = false;
            let thrownIn;
            let resolve;
            let reject;
            const promise = new Promise((fulfil, fail) => { resolve = fulfil; reject = fail; });

            function step(way, value) {
                if (silent || done)
                    return;
                let result;
                running = true;
                try {
                    result = iterator[way](value);
                } catch (error) {
                    done = true;
                    reject(error);
                    return;
                } finally {
                    running = false;
                }
                if (result.done) {
                    done = true;
                    resolve(result.value);
                    return;
                }
                const mine = ++turn;
                if (silent) { // dropped while it ran
                    cancel(result.value);
                    return;
                }
                if (thrownIn) { // stopped by itself while it ran
                    const error = thrownIn;
                    thrownIn = undefined;
                    cancel(result.value);
                    step("throw", error);
                    return;
                }
                awaited = result.value;
                Promise.resolve(awaited).then(
                    next => { if (mine === turn) step("next", next); },
                    error => { if (mine === turn) step("throw", error); });
            }

            function begin() {
                iterator = typeof body === "function" ? body() : body;
                if (silent || thrownIn) { // stopped while the function ran: it is not begun
                    cancel(iterator);
                    throw thrownIn;
                }
                const isIterator = iterator !== null && typeof iterator === "object"
                        && typeof iterator.next === "function" && typeof iterator.throw === "function";
                if (!isIterator && typeof body !== "function")
                    throw new TypeError("Synchronaut.spawn() takes a generator function: function* () { … }");
                return isIterator;
            }

            function start() {
                let isIterator;
                running = true;
                try {
                    isIterator = begin();
                } catch (error) {
                    done = true;
                    reject(error);
                    return;
                } finally {
                    running = false;
                }
                if (isIterator) {
                    step("next");
                } else { // no generator: its value, or its promise
                    done = true;
                    resolve(iterator);
                }
            }

            function stop(error) {
                if (done)
                    return;
                if (error === undefined) {
                    silent = true;
                    cancel(awaited);
                } else if (running) {
                    thrownIn = error;
                } else {
                    ++turn; // what it waits for now does not resume it any more
                    cancel(awaited);
                    step("throw", error);
                }
            }

            return [promise, stop, start];
        },

        all: function (list) {
            const promises = arrayOf(list, "all");
            const stop = function () { cancelAll(promises); };
            return [Promise.all(promises).then(values => values, error => { stop(); throw error; }), stop];
        },

        race: function (list) {
            const promises = arrayOf(list, "race");
            if (promises.length === 0)
                throw new TypeError("Synchronaut.race() of an empty list would never end");
            const stop = function () { cancelAll(promises); };
            return [Promise.race(promises).then(value => { stop(); return value; },
                                                error => { stop(); throw error; }), stop];
        },

        // What an object is, where C++ cannot tell.
        kind: function (value) {
            if (value instanceof ArrayBuffer)
                return "buffer";
            if (ArrayBuffer.isView(value))
                return "view";
            if (value instanceof Promise)
                return "Promise";
            if (value instanceof Map)
                return "Map";
            if (value instanceof Set)
                return "Set";
            if (value instanceof Error)
                return "error";
            const tag = Object.prototype.toString.call(value);
            if (tag === "[object V4Sequence]" || tag === "[object Sequence]")
                return "sequence";
            if (value instanceof Array)
                return "array";
            const prototype = Object.getPrototypeOf(value);
            if (prototype === Object.prototype || prototype === null)
                return "plain";
            // An instance of a class of the script has a constructor of its own; what C++ has made has Object.
            return value.constructor !== Object ? "plain" : "native";
        },

        bytes: function (view) {
            return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
        }
    };
}))js");
}

} // namespace Synchronaut::detail
