/* Tells the thread sanitizer what it cannot see of Swift's `Mutex` on Linux, so that nothing of ours has to be suppressed: loaded before
 * the tests by deploy/sanitize.
 *
 * `Mutex` takes and gives back a free lock by atomic operations that are inlined into the caller, and seen. When two threads contend, both are
 * left to functions of libswiftSynchronization.so, which is not instrumented and asks the kernel (FUTEX_LOCK_PI): what one thread does before
 * the other seems unordered. These take the place of those functions, call them, and add the order that they make. (`withLockIfAvailable`,
 * which nobody uses here, has a third one.) Should another version of Swift name them otherwise, the false reports are back: none is lost. */

#include <dlfcn.h>
#include <stdint.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

/* Weak, for all the programs on the way to the tests that have no sanitizer. */
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

SWIFT void lock(uint32_t thread, SELF mutex) __asm__(LOCK);
SWIFT void unlock(SELF mutex) __asm__(UNLOCK);

SWIFT void lock(uint32_t thread, SELF mutex) {
  ((SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, LOCK))(thread, mutex);
  if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlock(SELF mutex) {
  if (__tsan_release) __tsan_release(mutex);
  ((SWIFT void (*)(SELF))dlsym(RTLD_NEXT, UNLOCK))(mutex);
}
