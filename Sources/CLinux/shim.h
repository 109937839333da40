// Linux functions that glibc's headers declare only with _GNU_SOURCE, which Swift does not define.
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>
int unshare(int flags);
int setns(int descriptor, int kind);
int ppoll(struct pollfd *files, nfds_t count, const struct timespec *timeout, const void *signals);
int pthread_setname_np(pthread_t thread, const char *name);
int pipe2(int descriptors[2], int flags);
int memfd_create(const char *name, unsigned flags);
// The limit of a user's processes and threads, for getrlimit.
enum { atelier_process_limit = 6 };
// fcntl's F_ADD_SEALS and F_GET_SEALS, the seal against truncation, and memfd_create's flags.
enum {
  atelier_add_seals = 1033,
  atelier_get_seals = 1034,
  atelier_seal_shrink = 2,
  atelier_close_on_exec = 1,
  atelier_may_seal = 2
};

// The program and the libraries that the loader has mapped, as a linked list.
static inline const struct link_map *atelier_loaded_objects(void) { return _r_debug.r_map; }
