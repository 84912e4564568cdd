/* Opens the stat file of one of its own threads by its number alone, as libdispatch does, and that of process 1. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int tell[2], wait_for[2];

static void *live(void *unused) {
  (void)unused;
  int own = (int)syscall(SYS_gettid);
  char byte;
  if (write(tell[1], &own, sizeof own) < 0 || read(wait_for[0], &byte, 1) < 0) perror("thread");
  return NULL;
}

static void attempt(const char *what, int number) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/stat", number);
  int fd = open(path, O_RDONLY);
  printf("%s %s\n", what, fd < 0 ? strerror(errno) : "opened");
}

int main(void) {
  pthread_t thread;
  int number;
  if (pipe(tell) || pipe(wait_for) || pthread_create(&thread, NULL, live, NULL)) return 1;
  if (read(tell[0], &number, sizeof number) != sizeof number) return 1;
  attempt("own", number);
  attempt("other", 1);
  close(wait_for[1]);
  return pthread_join(thread, NULL);
}
