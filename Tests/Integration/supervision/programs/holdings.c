/* What no folder and no limit of a single process shows. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker.h"

/* So many megabytes of shared memory, every page touched. */
void step_share(const char *value) {
  size_t size = (size_t)atol(value) << 20;
  char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) _exit(94);
  memset(pages, 1, size);
}

/* A child that holds so many megabytes of its own. */
void step_holder(const char *value) {
  if (fork() != 0) return;
  size_t size = (size_t)atol(value) << 20;
  char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) _exit(94);
  memset(pages, 1, size);
  for (;;) pause();
}

static int take(const char *name, size_t size) {
  char path[512];
  const char *folder = getenv("RBOT_STATE_DIR");
  snprintf(path, sizeof path, "%s/%s", folder ? folder : ".", name);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || posix_fallocate(fd, 0, (off_t)size) != 0) _exit(95);
  return fd;
}

/* A file of so many megabytes, which has no name any more. */
void step_deleted(const char *value) {
  int fd = take("deleted", (size_t)atol(value) << 20);
  char path[512];
  const char *folder = getenv("RBOT_STATE_DIR");
  snprintf(path, sizeof path, "%s/deleted", folder ? folder : ".");
  if (fd < 0 || unlink(path) != 0) _exit(96);
}

/* A file of so many megabytes. */
void step_fill(const char *value) {
  char name[64];
  snprintf(name, sizeof name, "filled-%d", (int)getpid());
  close(take(name, (size_t)atol(value) << 20));
}
