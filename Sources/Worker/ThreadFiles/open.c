/* libdispatch, on which Swift's concurrency runs, now and then reads /proc/TID/stat of its own threads, and traps
 * where it cannot. A worker sees nothing of /proc but its own folder, because the rest tells about other processes;
 * there the same file is called /proc/self/task/TID/stat.
 *
 * This `open` takes the place of the C library's in every program that is linked with StrategyKit, and asks for the
 * second where the first was asked for. Everything else it passes on as it is. */
#define _GNU_SOURCE
#include "ThreadFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The length of the number in "/proc/NUMBER/stat", 0 for any other path. */
static int thread_digits(const char *path) {
  if (strncmp(path, "/proc/", 6) != 0) return 0;
  size_t count = strspn(path + 6, "0123456789");
  return count > 0 && count < 11 && strcmp(path + 6 + count, "/stat") == 0 ? (int)count : 0;
}

int open(const char *path, int flags, ...) {
  int mode = 0;
  if (flags & (O_CREAT | __O_TMPFILE)) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, int);
    va_end(arguments);
  }
  int digits = thread_digits(path);
  if (digits > 0) {
    char own[48];
    snprintf(own, sizeof own, "/proc/self/task/%.*s/stat", digits, path + 6);
    int fd = openat(AT_FDCWD, own, flags);
    /* No thread of ours: then it is a process that was meant. */
    if (fd >= 0 || errno != ENOENT) return fd;
  }
  return openat(AT_FDCWD, path, flags, mode);
}
