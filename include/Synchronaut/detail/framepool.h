#pragma once

#include <Synchronaut/export.h>

#include <QtCore/qcompilerdetection.h>

#include <array>
#include <cstddef>
#include <new>

// Recycled frames would hide use after free from AddressSanitizer. Elsewhere than on ELF platforms a
// thread-local variable cannot be shared between libraries.
#if !defined(Q_OS_UNIX) || defined(Q_OS_DARWIN) || defined(__SANITIZE_ADDRESS__)
#  define SYNCHRONAUT_FRAME_POOL_INLINE 0
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer)
#    define SYNCHRONAUT_FRAME_POOL_INLINE 0
#  endif
#endif
#if !defined(SYNCHRONAUT_FRAME_POOL_INLINE)
#  define SYNCHRONAUT_FRAME_POOL_INLINE 1
#endif

namespace Synchronaut::detail {

constexpr std::size_t frameClassSize = 64; ///< bytes; larger blocks than 16 of these are not kept
constexpr std::size_t frameClassCount = 16;

struct FreeFrame
{
    FreeFrame *next;
};

/// A thread's free blocks of one size class.
struct FrameList
{
    FreeFrame *head;
    std::ptrdiff_t room; ///< how many more it takes before it is counted, see frameFreeClass()
};

/// Takes and gives back a block of (index + 1) * frameClassSize bytes.
SYNCHRONAUT_EXPORT void *frameAllocateClass(std::size_t index);
SYNCHRONAUT_EXPORT void frameFreeClass(void *block, std::size_t index) noexcept;

#if SYNCHRONAUT_FRAME_POOL_INLINE
/// In the headers, because a call into the library costs as much as all the rest. Trivial, so that it
/// can still be reached by destructors that run after the thread's reaper has emptied it.
[[gnu::tls_model("initial-exec"), gnu::visibility("default")]]
inline constinit thread_local std::array<FrameList, frameClassCount> t_frameLists{};
#endif

/*!
    Memory of coroutine frames and call states: a bounded free list per thread and size class.
    A block may be freed in another thread than the one that took it. Blocks are aligned to
    __STDCPP_DEFAULT_NEW_ALIGNMENT__. Any thread, also while it ends.
*/
inline void *frameAllocate(std::size_t size)
{
    const std::size_t index = (size - 1) / frameClassSize;
    if (index >= frameClassCount)
        return ::operator new(size);
#if SYNCHRONAUT_FRAME_POOL_INLINE
    FrameList &list = t_frameLists[index];
    if (FreeFrame *const block = list.head) [[likely]] {
        list.head = block->next;
        return block;
    }
#endif
    return frameAllocateClass(index);
}

inline void frameFree(void *block, std::size_t size) noexcept
{
    const std::size_t index = (size - 1) / frameClassSize;
    if (index >= frameClassCount) {
        ::operator delete(block);
        return;
    }
#if SYNCHRONAUT_FRAME_POOL_INLINE
    FrameList &list = t_frameLists[index];
    if (list.room > 0) [[likely]] {
        list.head = new (block) FreeFrame{list.head};
        --list.room;
        return;
    }
#endif
    frameFreeClass(block, index);
}

} // namespace Synchronaut::detail
