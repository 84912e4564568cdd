/* Loaded before the C library: a disk that takes nothing while the file that RBOT_TEST_HOLD names is there. A write
 * that waits for it is in the file's cache, as on a machine, and not yet on the disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void hold(void) {
  const char *path = getenv("RBOT_TEST_HOLD");
  while (path && access(path, F_OK) == 0) usleep(2000);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
  hold();
  return real(fd);
}

int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = dlsym(RTLD_NEXT, "fsync");
  hold();
  return real(fd);
}
