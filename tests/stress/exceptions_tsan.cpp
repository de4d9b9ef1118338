// Linked into the tests of the tsan build only, beside qt_tsan.cpp: shows ThreadSanitizer the counts of
// exceptions that threads share.
//
// std::exception_ptr counts inside libstdc++, which is not instrumented: the last of two threads that
// hold an exception would seem to race with the other one's use of it. So the two functions that let go
// of one are replaced: exception_ptr's by the same in the open, the end of a handler by one whose last
// reference is an exception_ptr's.
//
// Compiled without instrumentation. It knows libstdc++'s header of an exception: Itanium C++ ABI,
// "Exception Handling", with libstdc++'s count before it.

#include <cxxabi.h>
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>
#include <unwind.h>

#include <exception>
#include <typeinfo>

namespace {

struct Header // of the exception object that follows it
{
    int count;
    struct alignas(16)
    {
        std::type_info *type;
        void (*destroy)(void *);
        void (*handlers[2])();
        void *next;
        int handlerCount;
        int switchValue;
        const void *places[4];
        _Unwind_Exception unwinding;
    } exception;
};
static_assert(sizeof(void *) != 8 || sizeof(Header) == 128);

} // namespace

extern "C" void __cxa_free_exception(void *) noexcept;

// std::exception_ptr::_M_release(): self is what the pointer holds.
extern "C" void _ZNSt15__exception_ptr13exception_ptr10_M_releaseEv(void **self)
{
    void *const object = *self;
    if (!object)
        return;
    __tsan_release(object);
    Header *const header = static_cast<Header *>(object) - 1;
    if (__atomic_sub_fetch(&header->count, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    __tsan_acquire(object);
    if (header->exception.destroy)
        header->exception.destroy(object);
    __cxa_free_exception(object);
    *self = nullptr;
}

extern "C" void __cxa_end_catch()
{
    static const auto own = reinterpret_cast<void (*)()>(dlsym(RTLD_NEXT, "__cxa_end_catch"));
    const std::exception_ptr keptUntilAfter = std::current_exception();
    own();
}
