#pragma once

#include <Synchronaut/export.h>

#include <coroutine>
#include <exception>
#include <utility>

namespace Synchronaut::detail {

class GeneratorOwner;
class GeneratorConsumer;
class StreamCore;

/*!
    What every generator's frame has: its place in a chain of delegation (co_yield std::move(other)).

    The outermost one is the root, which the consumer has; each delegates to the next, and the leaf is
    the one that runs. A step resumes the leaf directly, however deep it is, and ends in the root:
    with an item, with an error, or at the end. The fields after leaf are used in the root only.
    Everything belongs to the thread that consumes.
*/
class GeneratorLink
{
public:
    GeneratorLink() noexcept = default;
    GeneratorLink(const GeneratorLink &) = delete;
    GeneratorLink &operator=(const GeneratorLink &) = delete;

    bool isDone() const noexcept { return frame.done(); }

    /// From now on \a child gives the items.
    void delegateTo(GeneratorLink &child) noexcept
    {
        GeneratorLink *const inner = child.leaf; // not the child, if that delegates already
        for (GeneratorLink *link = inner; link != &child; link = link->parent)
            link->root = root;
        child.leaf = &child;
        child.root = root;
        child.parent = this;
        child.started = true;
        root->leaf = inner;
    }
    /// This frame has ended: the step is over, or its parent goes on.
    void finish() noexcept
    {
        if (parent) {
            root->leaf = parent;
        } else {
            item = nullptr;
            stepDone = true;
        }
    }
    void unhandled_exception() noexcept { error = std::current_exception(); }
    void rethrowError()
    {
        if (error) [[unlikely]]
            std::rethrow_exception(std::exchange(error, {}));
    }

    std::coroutine_handle<> frame;
    GeneratorOwner *owner = nullptr; ///< the object that destroys the frame
    GeneratorLink *parent = nullptr; ///< who delegates to this one
    GeneratorLink *root = this;
    std::exception_ptr error; ///< with which this frame ended
    bool started = false;

    GeneratorLink *leaf = this;
    void *item = nullptr; ///< in the leaf's frame; null: the end
    GeneratorConsumer *consumer = nullptr; ///< who is suspended until the step is over
    bool stepDone = false;
    StreamCore *stream = nullptr; ///< root: whose items these are, if it is the face of a stream
};

/// Owns a generator's frame; moves with the generator object.
class SYNCHRONAUT_EXPORT GeneratorOwner
{
public:
    GeneratorOwner() noexcept = default;
    explicit GeneratorOwner(GeneratorLink *link) noexcept : m_link(link) { m_link->owner = this; }
    GeneratorOwner(GeneratorOwner &&other) noexcept : m_link(std::exchange(other.m_link, nullptr))
    {
        if (m_link)
            m_link->owner = this;
    }
    GeneratorOwner &operator=(GeneratorOwner &&other) noexcept
    {
        GeneratorOwner old(std::move(*this));
        m_link = std::exchange(other.m_link, nullptr);
        if (m_link)
            m_link->owner = this;
        return *this;
    }
    ~GeneratorOwner()
    {
        if (m_link)
            destroyFrames();
    }

    GeneratorLink *link() const noexcept { return m_link; }
    /// Destroys the frame, and before it those it delegates to, innermost first, one by one: a
    /// chain may be longer than the stack is deep.
    void destroyFrames() noexcept;

private:
    GeneratorLink *m_link = nullptr;
};

} // namespace Synchronaut::detail
