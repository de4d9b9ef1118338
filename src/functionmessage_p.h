#pragma once

#include "mailbox_p.h"

#include <memory>
#include <utility>

namespace Synchronaut::detail {

/// A function under way to the thread of a mailbox; deletes itself when delivered.
template <typename Function>
struct FunctionMessage : Message
{
    explicit FunctionMessage(Function f) : function(std::move(f))
    {
        deliver = [](Message *message, Delivery how) {
            const std::unique_ptr<FunctionMessage> self(static_cast<FunctionMessage *>(message));
            self->function(how);
        };
    }
    Function function;
};

/// Has \a function called with how it was delivered, for \a chain: a thread that blocks for that
/// chain sees it. False, without a call, when the mailbox has closed.
template <typename Function>
bool postFunction(Mailbox &mailbox, std::uint64_t chain, Function function)
{
    auto message = std::make_unique<FunctionMessage<Function>>(std::move(function));
    message->onBehalf = chain;
    if (!mailbox.post(message.get()))
        return false;
    static_cast<void>(message.release());
    return true;
}

} // namespace Synchronaut::detail
