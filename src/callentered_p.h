#pragma once

#include "observing_p.h"

#include <Synchronaut/detail/callstate.h>

namespace Synchronaut::detail {

/// Makes a call the one whose code runs on this thread, until the scope ends.
class CallState::Entered
{
public:
    Entered(CallState *call, bool asTask) : m_block(threadBlock()), m_saved(m_block), m_slice(call)
    {
        m_block.current = call;
        m_block.guard = nullptr;
        m_block.isTask = asTask;
        ++m_block.depth;
    }
    ~Entered()
    {
        m_block.current = m_saved.current;
        m_block.guard = m_saved.guard;
        m_block.isTask = m_saved.isTask;
        m_block.depth = m_saved.depth;
    }
    Entered(const Entered &) = delete;
    Entered &operator=(const Entered &) = delete;

private:
    ThreadBlock &m_block; // the thread does not change inside: nothing suspends
    ThreadBlock m_saved;
    Observing::Slice m_slice;
};

} // namespace Synchronaut::detail
