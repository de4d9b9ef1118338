#pragma once

#include <Synchronaut/asyncgenerator.h>
#include <Synchronaut/detail/emissionqueue.h>

#include <list>
#include <type_traits>
#include <utility>
#include <variant>

namespace Synchronaut {

namespace detail {

/// What an item of a stream of emissions is: signals without arguments give std::monostate.
template <typename Signal>
using EmissionItem = std::conditional_t<std::is_void_v<Emission<Signal>>, std::monostate,
                                        Emission<Signal>>;

template <typename T>
AsyncGenerator<T> emissionsOf(RefPtr<EmissionQueue<T>> queue,
                              [[maybe_unused]] SignalSubscription subscription)
{
    for (;;) {
        std::list<T> items = queue->take();
        if (items.empty()) {
            StepError stopped;
            try {
                if (const RefPtr<EmissionNews> news = queue->news())
                    co_await CallAwaiterSource<void>(news.get());
                else
                    queue->throwEnd();
            } catch (const CallCanceled &) {
                stopped.error = std::current_exception();
            } catch (const CallTimeout &) {
                stopped.error = std::current_exception();
            }
            if (stopped.error) // the consumer has waited long enough for this item, not for the next
                co_yield std::move(stopped);
        }
        while (!items.empty()) {
            co_yield std::move(items.front());
            items.pop_front();
        }
    }
}

} // namespace detail

/*!
    All emissions of \a signal from now on, as a stream: it subscribes when it is called and keeps
    what is emitted, in whatever thread, until it is asked for; nothing is lost between two awaits,
    and nothing bounds what is kept. An item is the argument's value, a std::tuple of several,
    std::monostate for none.

    When the sender dies, or the connection is cut by a disconnect() of others, the stream gives what
    it still has and then throws SenderDestroyed. CallError if \a sender is null or \a signal is no
    signal. Destroying the generator unsubscribes. When the limit of one item passes, or the call that
    awaits it is cancelled, the stream goes on to keep what is emitted and can be asked again. Any
    thread with an event loop.
*/
template <typename Sender, typename Signal>
auto emissions(Sender *sender, Signal signal) -> AsyncGenerator<detail::EmissionItem<Signal>>
{
    using Queue = detail::EmissionQueue<detail::EmissionItem<Signal>>;
    detail::RefPtr<Queue> queue(new Queue); // owned by the references to it
    detail::SignalSubscription subscription;
    if (sender)
        subscription = detail::subscribe<Queue>(sender, signal, queue);
    queue->connected(subscription.isValid());
    if (!sender)
        queue->end(detail::notASignal({}));
    return detail::emissionsOf(std::move(queue), std::move(subscription));
}

} // namespace Synchronaut
