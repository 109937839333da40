// System calls of Linux that glibc's headers show only with _GNU_SOURCE, which Swift does not define.
#include <poll.h>
#include <time.h>
int unshare(int flags);
int setns(int descriptor, int kind);
int ppoll(struct pollfd *files, nfds_t count, const struct timespec *timeout, const void *signals);
