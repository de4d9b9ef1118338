#include <Synchronaut/detail/framepool.h>

#include <cstdint>
#include <utility>

namespace Synchronaut::detail {

#if SYNCHRONAUT_FRAME_POOL_INLINE

// Some 16 KiB of free blocks a class and thread. Taking a block counts nothing; a list that has been
// given as many as it had room for is counted, and what is more than half of that freed. A list has no room
// until the thread has a reaper, nor after that has run: blocks then go straight back to the heap.
namespace {

constexpr std::size_t bytesKept = 16 * 1024;

enum class Reaper : std::uint8_t { None, Armed, Gone };
constinit thread_local Reaper t_state = Reaper::None;

std::ptrdiff_t mostBlocks(std::size_t index) noexcept
{
    return static_cast<std::ptrdiff_t>(bytesKept / ((index + 1) * frameClassSize));
}

void freeAll(FreeFrame *frame) noexcept
{
    while (frame) {
        FreeFrame *const next = frame->next;
        ::operator delete(frame);
        frame = next;
    }
}

struct FrameReaper
{
    ~FrameReaper()
    {
        t_state = Reaper::Gone;
        for (FrameList &list : t_frameLists) {
            list.room = 0;
            freeAll(std::exchange(list.head, nullptr));
        }
    }
    void arm() noexcept { t_state = Reaper::Armed; }
};

thread_local FrameReaper t_reaper;

} // namespace

void *frameAllocateClass(std::size_t index)
{
    return ::operator new((index + 1) * frameClassSize);
}

void frameFreeClass(void *block, std::size_t index) noexcept
{
    if (t_state == Reaper::None)
        t_reaper.arm();
    if (t_state == Reaper::Gone) {
        ::operator delete(block);
        return;
    }
    FrameList &list = t_frameLists[index];
    std::ptrdiff_t room = mostBlocks(index);
    FreeFrame **end = &list.head;
    for (const std::ptrdiff_t half = room / 2; *end && room > half; --room)
        end = &(*end)->next;
    freeAll(std::exchange(*end, nullptr)); // no more than half stays, so that counting is rare
    list.head = new (block) FreeFrame{list.head}; // who takes and gives in turn never allocates
    list.room = room - 1;
}

#else

void *frameAllocateClass(std::size_t index)
{
    return ::operator new((index + 1) * frameClassSize);
}

void frameFreeClass(void *block, std::size_t) noexcept
{
    ::operator delete(block);
}

#endif

} // namespace Synchronaut::detail
