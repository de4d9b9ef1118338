#pragma once

namespace Synchronaut::detail {

/// The one T of the process, made on first use and never destroyed: threads may outlive static
/// destruction.
template <typename T>
T &immortal()
{
    union Storage {
        T value;
        Storage() : value() { }
        ~Storage() { }
    };
    static Storage storage;
    return storage.value;
}

} // namespace Synchronaut::detail
