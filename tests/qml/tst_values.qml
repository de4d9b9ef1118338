import QtQml
import Synchronaut
import TestServices

PromiseCase {
    id: testCase
    name: "values"

    Service { id: service }

    function echo(method, value) {
        return valueOf(Synchronaut.call(service, method, [value]));
    }

    function test_scalars() {
        compare(echo("echoInt", 5), 5);
        compare(echo("echoInt", -2147483648), -2147483648);
        compare(echo("echoInt", "12"), 12);
        compare(echo("echoByte", 255), 255);
        compare(echo("echoDouble", 1.5), 1.5);
        compare(echo("echoDouble", 3), 3);
        verify(isNaN(echo("echoDouble", NaN)));
        compare(echo("echoLong", 9007199254740991), 9007199254740991);
        compare(echo("echoLong", -1), -1);
        compare(echo("echoBool", true), true);
        compare(echo("echoString", "Grüße, 世界 🚀"), "Grüße, 世界 🚀");
        compare(echo("echoString", 5), "5");
        compare(echo("echoColor", Service.Blue), Service.Blue);
        compare(echo("echoColor", "Green"), Service.Green);
        compare(String(echo("echoUrl", "https://a.example/b")), "https://a.example/b");
    }

    function test_textOfIntegers() {
        compare(echo("echoInt", "-2147483648"), -2147483648);
        compare(echo("echoByte", "255"), 255);
        compare(echo("echoUnsigned", "4294967295"), 4294967295);
        compare(echo("echoLong", "-9007199254740991"), -9007199254740991);
        compare(echo("echoUnsignedLong", "9223372036854775808"), 9223372036854775808);
    }

    function test_enumerationsOfAnySize() {
        compare(echo("echoTiny", 255), 255);
        compare(echo("echoWide", 4294967295), 4294967295);
        compare(echo("echoHuge", 1099511627776), 1099511627776);
        compare(echo("echoHuge", -1), -1);
    }

    function test_any() {
        compare(echo("echo", 5), 5);
        compare(echo("echo", 1.5), 1.5);
        compare(echo("echo", "a"), "a");
        compare(echo("echo", false), false);
        compare(echo("echo", undefined), undefined);
        compare(echo("echo", null), null);
        compare(echo("typeOf", 5), "int");
        compare(echo("typeOf", 5.5), "double");
        compare(echo("typeOf", [1]), "QVariantList");
        compare(echo("typeOf", { a: 1 }), "QVariantMap");
        compare(echo("typeOf", new Date()), "QDateTime");
        compare(echo("typeOf", new ArrayBuffer(2)), "QByteArray");
    }

    function test_containers() {
        const strings = echo("echoStrings", ["a", "b"]);
        verify(Array.isArray(strings));
        compare(strings.join(), "a,b");
        compare(echo("echoInts", [1, 2, 3]).map(x => x * 2).join(), "2,4,6");
        compare(echo("echoInts", []).length, 0);
        compare(JSON.stringify(echo("echoList", [1, "a", [true, null], { x: [1.5] }])), '[1,"a",[true,null],{"x":[1.5]}]');
        compare(JSON.stringify(echo("echoMap", { a: 1, b: { c: ["d"] } })), '{"a":1,"b":{"c":["d"]}}');
        compare(JSON.stringify(echo("echoCounts", { a: 1, b: 2 })), '{"a":1,"b":2}');
        compare(JSON.stringify(echo("echoJson", { a: 1, b: [true, "x"] })), '{"a":1,"b":[true,"x"]}');
    }

    function test_gadgets() {
        const contact = echo("echoContact", { name: "Ada", age: 36, tags: ["x", "y"] });
        compare(contact.name, "Ada");
        compare(contact.age, 36);
        compare(contact.tags[1], "y");
        compare(contact.readOnly, "fixed");
        compare(echo("echoContact", contact).name, "Ada");
        compare(echo("echo", contact).name, "Ada");
        const contacts = echo("echoContacts", [contact, { name: "Bob" }]);
        compare(contacts.map(each => each.name).join(), "Ada,Bob");
    }

    property list<QtObject> objectList: [testCase, service]

    function test_objectLists() {
        compare(echo("typeOf", testCase.objectList), "QVariantList");
        compare(echo("echo", testCase.objectList)[1], service);
        compare(echo("countObjects", testCase.objectList), 2);
        compare(echo("countObjects", [testCase, null]), 2);
    }

    function test_objects() {
        compare(echo("echoObject", testCase), testCase);
        compare(echo("echoObject", null), null);
        compare(echo("echoService", service), service);
        compare(echo("echo", service), service);
        compare(echo("echoMap", { who: service }).who, service);
    }

    function test_dates() {
        const date = new Date(2026, 10, 21, 12, 34, 56, 789);
        compare(echo("echoDate", date).getTime(), date.getTime());
        compare(echo("echo", date).getTime(), date.getTime());
    }

    function test_bytes() {
        const bytes = new Uint8Array([0, 255, 7]);
        const back = new Uint8Array(echo("echoBytes", bytes.buffer));
        compare(Array.from(back).join(), "0,255,7");
        compare(Array.from(new Uint8Array(echo("echoBytes", bytes))).join(), "0,255,7");
        compare(Array.from(new Uint8Array(echo("echoBytes", bytes.subarray(1)))).join(), "255,7");
        compare(echo("echoBytes", "text").byteLength, 4);
    }

    function test_scriptValues() {
        const value = { f: () => 5 };
        compare(echo("echoScript", value).f(), 5);
        compare(echo("echoScript", Promise.resolve(6)), 6); // followed
    }

    function test_derivedArrays() {
        const list = Object.create(Object.getPrototypeOf([]));
        list[0] = 1;
        list[1] = 2;
        Object.defineProperty(list, "length", { value: 2 });
        compare(echo("echoInts", list).join(), "1,2");
    }

    function test_classInstances() {
        function Point() { this.x = 1; this.y = 2; } // what `class` makes; the linter of Qt 6.11 crashes at one
        compare(JSON.stringify(echo("echoMap", new Point())), '{"x":1,"y":2}');
        const derived = Object.create({ b: 2 });
        derived.a = 1;
        compare(echo("typeOf", derived), "QVariantMap");
        compare(JSON.stringify(echo("echoMap", derived)), '{"a":1}');
    }

    function test_overloads() {
        compare(echo("overloaded", 5), "int");
        compare(echo("overloaded", "5"), "string");
        compare(echo("overloaded", true), "bool");
        compare(echo("overloaded", [5]), "list");
        compare(echo("overloaded", 1.5), "string");
        compare(echo("intOrAny", 5), "int");
        compare(echo("intOrAny", [5]), "any");
        compare(echo("textOrScript", "a"), "text");
        compare(echo("textOrScript", { }), "script");
        compare(echo("serviceOrObject", service), "service");
        compare(echo("serviceOrObject", testCase), "object");
        compare(echo("serviceOrObject", "a"), "any");
        const outcome = outcomeOf(Synchronaut.call(service, "overloaded", [null]));
        compare(outcome.error.name, "CallError");
    }
}
