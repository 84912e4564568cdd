/* The floor: a supervisor that does nothing but keep N copies of a program running, with posix_spawn, pidfd and
 * epoll. No isolation, no records, no control.
 *
 *   loop N PROGRAM PIPE [LAUNCHER…]      runs PROGRAM w0 PIPE … PROGRAM w(N-1) PIPE until it is killed, each by
 *                                        LAUNCHER… where one is given */
#define _GNU_SOURCE
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct child {
  char name[16];
  pid_t pid;
  int pidfd;
};

static int start(struct child *child, int poll, unsigned index, char **argv) {
  char *command[256], **next = command;
  for (char **word = argv + 4; *word && next < command + 250; word++) *next++ = *word;
  *next++ = argv[2];
  *next++ = child->name;
  *next++ = argv[3];
  *next = NULL;
  if (posix_spawn(&child->pid, command[0], NULL, NULL, command, environ)) return -1;
  child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
  return child->pidfd < 0 ? -1 : epoll_ctl(poll, EPOLL_CTL_ADD, child->pidfd, &event);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  unsigned count = (unsigned)atoi(argv[1]);
  struct child *children = calloc(count, sizeof *children);
  int poll = epoll_create1(EPOLL_CLOEXEC);
  if (!children || poll < 0) return 1;
  for (unsigned i = 0; i < count; i++) {
    snprintf(children[i].name, sizeof children[i].name, "w%u", i);
    if (start(&children[i], poll, i, argv)) return perror("loop"), 1;
  }
  for (;;) {
    struct epoll_event event;
    if (epoll_wait(poll, &event, 1, -1) != 1) continue;
    struct child *child = &children[event.data.u32];
    waitpid(child->pid, NULL, 0);
    close(child->pidfd);
    if (start(child, poll, event.data.u32, argv)) return perror("loop"), 1;
  }
}
