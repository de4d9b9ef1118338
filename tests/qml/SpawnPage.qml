import QtQml
import Synchronaut

// A page with a coroutine that ends with it.
QtObject {
    id: page
    property int steps: 0
    property int settled: 0
    readonly property CallScope scope: CallScope { }

    function work(target) {
        scope.spawn(function* () {
            ++page.steps;
            yield Synchronaut.call(target, "never");
            ++page.steps;
        }).finally(() => { ++page.settled; });
    }
}
