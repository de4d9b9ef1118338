// Linked into the tests of the tsan build only: tells ThreadSanitizer what synchronises inside Qt.
//
// The distribution's libQt6Core is not instrumented, and its QMutex is a futex, which TSan does not
// see: every lambda that travels in an event, and every QFuture, would be reported as a race. To
// suppress those by name would hide real races, because nearly all stacks of a Qt thread hold a
// function of Qt. So the functions of Qt that hand data from thread to thread are replaced here by
// ones that tell TSan about the hand-over, object by object, and then call Qt's own.
//
// Not seen: a QRunnable is handed to its pool without any sign. Ours claim their call by an atomic
// operation first thing, which is sign enough; QtConcurrent's have an entry in tsan.supp.
//
// This file itself is compiled without instrumentation. It knows the Itanium C++ ABI (the first
// parameter is `this`) and the slot objects of Qt before 6.6.

#include <QtCore/QCoreApplication>
#include <QtCore/QDeadlineTimer>
#include <QtCore/QMutex>
#include <QtCore/QObject>

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <sanitizer/tsan_interface.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <utility>

namespace {

// Hand-overs that cannot be told apart here: the receivers of a signal, and the end of threads.
char queuedSignals;
char threadEnds;

void handOver(void *key)
{
    __tsan_acquire(key);
    __tsan_release(key);
}

// Called before each delivery of an event, on the receiver's thread.
bool beforeEvent(void **data)
{
    __tsan_acquire(data[0]);
    __tsan_acquire(data[1]); // the event itself, where Qt made it: see operator new
    __tsan_acquire(&queuedSignals);
    return false;
}

const bool registered = QInternal::registerCallback(QInternal::EventNotifyCallback, beforeEvent);

// How many emissions this thread is in: what Qt allocates there are the arguments of queued slots.
thread_local int t_emitting = 0;

// What the handle to a future that is being destroyed here shares with the others.
thread_local void *t_endingFuture = nullptr;

// QFutureInterfaceBase: a pointer to the virtual table, then the one to what all copies share.
void *sharedOf(const void *futureInterface)
{
    return static_cast<void *const *>(futureInterface)[1];
}

} // namespace

#define QT_OWN(name) reinterpret_cast<decltype(&name)>(dlsym(RTLD_NEXT, #name))

// What is done before and after the call of Qt's own function; `self` is the first parameter.
// Aligned, because the lowest bit of a pointer to a member function says that it is virtual.
#define REPLACE(before, after, result, name, parameters, arguments) \
  extern "C" [[gnu::aligned(16)]] result name parameters \
  { \
    static const auto own = QT_OWN(name); \
    before; \
    struct After \
    { \
      void *self; \
      ~After() { after; } \
    } const runsLast{const_cast<void *>(static_cast<const void *>(self))}; \
    return own arguments; \
  }

#define POSTS(result, name, parameters, arguments) \
  REPLACE(__tsan_release(self), (void)self, result, name, parameters, arguments)
#define EMITS(name, parameters, arguments) \
  REPLACE(__tsan_release(&queuedSignals); ++t_emitting, --t_emitting; (void)self, void, name, \
          parameters, arguments)
#define WAITS(result, name, parameters, arguments) \
  REPLACE((void)self, __tsan_acquire(self), result, name, parameters, arguments)
// The shared part may be gone after the call, but it serves as a number only.
#define FUTURE(result, name, parameters, arguments) \
  REPLACE(void *const shared = sharedOf(self); \
          handOver(shared), (void)self, result, name, parameters, arguments)
// Another handle may go between our sign and Qt's own count: operator delete looks once more.
#define FUTURE_ENDS(name) \
  REPLACE(handOver(t_endingFuture = sharedOf(self)), t_endingFuture = nullptr, void, name, \
          (void *self), (self))
#define FUTURE_WAITS(result, name, parameters, arguments) \
  REPLACE((void)self, __tsan_acquire(sharedOf(self)), result, name, parameters, arguments)

// Events
POSTS(void, _ZN16QCoreApplication9postEventEP7QObjectP6QEventi,
      (void *self, void *event, int priority), (self, event, priority))
POSTS(void, _ZN7QObject11deleteLaterEv, (void *self), (self))
EMITS(_ZN11QMetaObject8activateEP7QObjectPKS_iPPv,
      (void *self, void *meta, int signal, void **arguments), (self, meta, signal, arguments))
EMITS(_ZN11QMetaObject8activateEP7QObjectiiPPv,
      (void *self, int offset, int signal, void **arguments), (self, offset, signal, arguments))

// Semaphores
POSTS(void, _ZN10QSemaphore7releaseEi, (void *self, int n), (self, n))
WAITS(void, _ZN10QSemaphore7acquireEi, (void *self, int n), (self, n))
WAITS(bool, _ZN10QSemaphore10tryAcquireEi, (void *self, int n), (self, n))
WAITS(bool, _ZN10QSemaphore10tryAcquireEii, (void *self, int n, int time), (self, n, time))

// Futures and promises
FUTURE(void, _ZN20QFutureInterfaceBase13reportStartedEv, (void *self), (self))
FUTURE(void, _ZN20QFutureInterfaceBase14reportFinishedEv, (void *self), (self))
// the last handle, whoever has it, destroys what the others have used
FUTURE_ENDS(_ZN20QFutureInterfaceBaseD1Ev)
FUTURE_ENDS(_ZN20QFutureInterfaceBaseD2Ev)
FUTURE(void, _ZN20QFutureInterfaceBase14reportCanceledEv, (void *self), (self))
FUTURE(void, _ZN20QFutureInterfaceBase15reportExceptionERK10QException, (void *self, const void *e),
       (self, e))
FUTURE(void, _ZN20QFutureInterfaceBase15reportExceptionENSt15__exception_ptr13exception_ptrE,
       (void *self, void *e), (self, e))
FUTURE(void, _ZN20QFutureInterfaceBase18reportResultsReadyEii, (void *self, int begin, int end),
       (self, begin, end))
FUTURE(void, _ZN20QFutureInterfaceBase11setRunnableEP9QRunnable, (void *self, void *r), (self, r))
FUTURE(void, _ZN20QFutureInterfaceBase6cancelEv, (void *self), (self))
FUTURE(void, _ZN20QFutureInterfaceBase6cancelENS_10CancelModeE, (void *self, int m), (self, m))
FUTURE(void, _ZN20QFutureInterfaceBase15setContinuationESt8functionIFvRKS_EE, (void *self, void *f),
       (self, f))
FUTURE(void,
       _ZN20QFutureInterfaceBase15setContinuationESt8functionIFvRKS_EEP27QFutureInterfaceBasePrivate,
       (void *self, void *f, void *next), (self, f, next))
FUTURE_WAITS(void, _ZN20QFutureInterfaceBase13waitForResultEi, (void *self, int i), (self, i))
FUTURE_WAITS(void, _ZN20QFutureInterfaceBase15waitForFinishedEv, (void *self), (self))
FUTURE_WAITS(bool, _ZN20QFutureInterfaceBase17waitForNextResultEv, (void *self), (self))
FUTURE_WAITS(bool, _ZNK20QFutureInterfaceBase10queryStateENS_5StateE, (const void *self, int s),
             (self, s))
FUTURE_WAITS(bool, _ZNK20QFutureInterfaceBase10isCanceledEv, (const void *self), (self))
FUTURE_WAITS(bool, _ZNK20QFutureInterfaceBase10isFinishedEv, (const void *self), (self))
FUTURE_WAITS(bool, _ZNK20QFutureInterfaceBase9isRunningEv, (const void *self), (self))
FUTURE_WAITS(bool, _ZNK20QFutureInterfaceBase9isStartedEv, (const void *self), (self))
FUTURE_WAITS(bool, _ZNK20QFutureInterfaceBase15isResultReadyAtEi, (const void *self, int i),
             (self, i))
FUTURE_WAITS(int, _ZNK20QFutureInterfaceBase11resultCountEv, (const void *self), (self))
FUTURE(bool, _ZNK20QFutureInterfaceBase4refTEv, (const void *self), (self))
REPLACE(handOver(sharedOf(self)), __tsan_acquire(sharedOf(self)), bool,
        _ZNK20QFutureInterfaceBase6derefTEv, (const void *self), (self))
FUTURE_WAITS(void *, _ZN20QFutureInterfaceBase15resultStoreBaseEv, (void *self), (self))
FUTURE_WAITS(void *, _ZNK20QFutureInterfaceBase15resultStoreBaseEv, (const void *self), (self))

// A lambda that travels to an object's thread, or is connected to a signal, and is destroyed wherever
namespace {

class Slot : public QtPrivate::QSlotObjectBase
{
public:
    explicit Slot(QSlotObjectBase *inner) : QSlotObjectBase(impl), m_inner(inner) {}

private:
    static void impl(int which, QSlotObjectBase *self, QObject *receiver, void **args, bool *equal)
    {
        __tsan_acquire(self);
        auto *const slot = static_cast<Slot *>(self);
        if (which == Call) {
            slot->m_inner->call(receiver, args);
            __tsan_release(callsKey(self)); // not self: calls are not ordered among each other
            __tsan_release(doneKey(receiver));
        } else if (which == Destroy) {
            __tsan_acquire(callsKey(self));
            slot->m_inner->destroyIfLastRef();
            delete slot;
        } else if (which == Compare) {
            *equal = slot->m_inner->compare(args);
        }
    }

    static void *callsKey(QSlotObjectBase *self) { return reinterpret_cast<char *>(self) + 1; }

    QSlotObjectBase *m_inner;

public:
    // What BlockingQueuedConnection waits for; the object itself stands for the way there.
    static void *doneKey(QObject *receiver) { return reinterpret_cast<char *>(receiver) + 1; }
};

} // namespace

extern "C" bool
_ZN11QMetaObject16invokeMethodImplEP7QObjectPN9QtPrivate15QSlotObjectBaseEN2Qt14ConnectionTypeEPv(
        QObject *receiver, QtPrivate::QSlotObjectBase *slot, Qt::ConnectionType type, void *result)
{
    static const auto own = QT_OWN(
            _ZN11QMetaObject16invokeMethodImplEP7QObjectPN9QtPrivate15QSlotObjectBaseEN2Qt14ConnectionTypeEPv);
    auto *const traced = new Slot(slot);
    __tsan_release(traced);
    const bool done = own(receiver, traced, type, result);
    if (type == Qt::BlockingQueuedConnection)
        __tsan_acquire(Slot::doneKey(receiver));
    return done;
}

// A slot that is a functor; Qt hands it from thread to thread under the lock of its sender.
extern "C" QMetaObject::Connection
_ZN7QObject11connectImplEPKS_PPvS1_S3_PN9QtPrivate15QSlotObjectBaseEN2Qt14ConnectionTypeEPKiPK11QMetaObject(
        const QObject *sender, void **signal, const QObject *receiver, void **slot,
        QtPrivate::QSlotObjectBase *slotObject, Qt::ConnectionType type, const int *types,
        const QMetaObject *metaObject)
{
    static const auto own = QT_OWN(
            _ZN7QObject11connectImplEPKS_PPvS1_S3_PN9QtPrivate15QSlotObjectBaseEN2Qt14ConnectionTypeEPKiPK11QMetaObject);
    auto *const traced = new Slot(slotObject);
    __tsan_release(traced);
    return own(sender, signal, receiver, slot, traced, type, types, metaObject);
}

// Functions in a pool
extern "C" void
_ZN11QThreadPool5startESt8functionIFvvEEi(void *self, std::function<void()> *function, int priority)
{
    static const auto own = QT_OWN(_ZN11QThreadPool5startESt8functionIFvvEEi);
    auto *const inner = new std::function<void()>(std::move(*function));
    __tsan_release(inner);
    std::function<void()> traced = [inner] {
        __tsan_acquire(inner);
        (*inner)();
        delete inner;
    };
    own(self, &traced, priority);
}

// A wait condition unlocks and locks the mutex inside Qt.
extern "C" bool _ZN14QWaitCondition4waitEP6QMutex14QDeadlineTimer(void *self, QMutex *mutex,
                                                                  QDeadlineTimer deadline)
{
    static const auto own = QT_OWN(_ZN14QWaitCondition4waitEP6QMutex14QDeadlineTimer);
    __tsan_mutex_pre_unlock(mutex, 0);
    __tsan_mutex_post_unlock(mutex, 0);
    const bool woken = own(self, mutex, deadline);
    __tsan_mutex_pre_lock(mutex, 0);
    __tsan_mutex_post_lock(mutex, 0, 0);
    return woken;
}

// Who calls?
namespace {

struct AddressRange
{
    std::uintptr_t begin = 0, end = 0;
};

const AddressRange qtCode = [] {
    AddressRange range;
    dl_iterate_phdr(
            [](dl_phdr_info *info, std::size_t, void *data) {
                if (!std::strstr(info->dlpi_name, "libQt6Core.so"))
                    return 0;
                for (int i = 0; i < info->dlpi_phnum; ++i) {
                    const auto &header = info->dlpi_phdr[i];
                    if (header.p_type == PT_LOAD && (header.p_flags & PF_X)) {
                        const auto begin = info->dlpi_addr + header.p_vaddr;
                        *static_cast<AddressRange *>(data) = {begin, begin + header.p_memsz};
                    }
                }
                return 1;
            },
            &range);
    return range;
}();

bool isQt(void *caller)
{
    const auto address = reinterpret_cast<std::uintptr_t>(caller);
    return address >= qtCode.begin && address < qtCode.end;
}

} // namespace

// QThread and QThreadPool tell those who wait for them by a broadcast, last of all. Qt's own calls
// go past TSan, as called_from_lib in tsan.supp would have it if they came from Qt directly.
extern "C" int pthread_cond_broadcast(pthread_cond_t *condition)
{
    static const auto traced = QT_OWN(pthread_cond_broadcast);
    static const auto plain = reinterpret_cast<decltype(&pthread_cond_broadcast)>(
            dlsym(dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), "pthread_cond_broadcast"));
    if (!isQt(__builtin_return_address(0)))
        return traced(condition);
    __tsan_release(&threadEnds);
    return plain(condition);
}
#define WAITS_FOR_THREAD(name, parameters, arguments) \
  REPLACE((void)self, __tsan_acquire(&threadEnds), bool, name, parameters, arguments)
WAITS_FOR_THREAD(_ZN7QThread4waitE14QDeadlineTimer, (void *self, QDeadlineTimer deadline),
                 (self, deadline))
WAITS_FOR_THREAD(_ZNK7QThread10isFinishedEv, (const void *self), (self))
WAITS_FOR_THREAD(_ZNK7QThread9isRunningEv, (const void *self), (self))
WAITS_FOR_THREAD(_ZN11QThreadPool11waitForDoneEi, (void *self, int time), (self, time))

// What Qt itself allocates in one thread and frees in another, such as its events.
void *operator new(std::size_t size)
{
    void *const memory = std::malloc(size ? size : 1);
    if (!memory)
        throw std::bad_alloc();
    if (isQt(__builtin_return_address(0))) {
        __tsan_release(memory);
        if (t_emitting > 0)
            __tsan_release(&queuedSignals);
    }
    return memory;
}

void operator delete(void *memory) noexcept
{
    if (t_endingFuture)
        __tsan_acquire(t_endingFuture);
    if (memory && isQt(__builtin_return_address(0)))
        __tsan_acquire(memory);
    std::free(memory);
}

void operator delete(void *memory, std::size_t) noexcept
{
    if (t_endingFuture)
        __tsan_acquire(t_endingFuture);
    if (memory && isQt(__builtin_return_address(0)))
        __tsan_acquire(memory);
    std::free(memory);
}
