/* Makes the synchronization of Swift's `Mutex` on Linux visible to the thread sanitizer, so that no report about our own
 * code has to be suppressed. deploy/sanitize preloads this library for the tests.
 *
 * `Mutex` acquires and releases an uncontended lock with atomic operations that are inlined into the caller, where the
 * sanitizer sees them. Under contention it calls functions of libswiftSynchronization.so, which is not instrumented and
 * uses the kernel (FUTEX_LOCK_PI), so accesses that the lock orders seem unordered. The functions below replace those
 * functions, call them, and report the order to the sanitizer. (`withLockIfAvailable`, which this package does not use,
 * calls a third one.) If another version of Swift changes the names, false reports return, but no race is hidden. */

#include <dlfcn.h>
#include <stdint.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

/* Weak, because the library is also loaded into programs without the sanitizer that start the tests. */
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
