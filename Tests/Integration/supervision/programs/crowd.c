/* Steps that start processes. All of them end by an alarm at last, whatever becomes of the test. */
#define _GNU_SOURCE
#include "worker.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

const char *program;

static void linger(void) {
  alarm(120);
  for (;;) pause();
}

/* In our group and session, deaf to SIGTERM. */
void step_child(const char *value) {
  (void)value;
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGTERM, SIG_IGN);
    linger();
  }
  record("child", pid);
}

/* A grandchild in a session of its own whose parent has ended; it keeps standard output open. */
void step_detach(const char *value) {
  (void)value;
  pid_t pid = fork();
  if (pid == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    record("detached", getpid());
    linger();
  }
  waitpid(pid, NULL, 0);
}

/* The same without the environment by which it could be recognised. */
void step_bare_detach(const char *value) {
  (void)value;
  pid_t pid = fork();
  if (pid == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    signal(SIGTERM, SIG_IGN);
    record("bare", getpid());
    char *nothing[] = {NULL};
    execle(program, program, "sleep:120000", (char *)NULL, nothing);
    _exit(94);
  }
  waitpid(pid, NULL, 0);
}

/* So many children whose parent ends before they do. */
void step_orphans(const char *value) {
  int count = atoi(value);
  pid_t pid = fork();
  if (pid == 0) {
    for (int i = 0; i < count; i++) {
      pid_t child = fork();
      if (child == 0) {
        nap(100);
        _exit(i % 256);
      }
      record("orphan", child);
    }
    _exit(0);
  }
  waitpid(pid, NULL, 0);
}

/* Children that end as soon as they are there, a new one every moment: pids come and go. */
void step_churn(const char *value) {
  int side_by_side = atoi(value);
  for (int i = 0; i < side_by_side; i++) {
    if (fork() != 0) continue;
    alarm(60);
    for (;;) {
      pid_t pid = fork();
      if (pid == 0) _exit(0);
      if (pid > 0) waitpid(pid, NULL, 0);
      else nap(1);
    }
  }
}

struct tally {
  atomic_int living;
  atomic_int ever;
};

/* Never more than `living_max` at once, nor more than `ever_max` in all, nor longer than 20 seconds. */
static void breed(struct tally *tally, int living_max, int ever_max) {
  alarm(20);
  for (int round = 0; round < 40; round++) {
    if (atomic_fetch_add(&tally->living, 1) < living_max && atomic_fetch_add(&tally->ever, 1) < ever_max) {
      pid_t pid = fork();
      if (pid == 0) {
        signal(SIGCHLD, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
        setsid();
        breed(tally, living_max, ever_max);
        atomic_fetch_sub(&tally->living, 1);
        _exit(0);
      }
      if (pid < 0) atomic_fetch_sub(&tally->living, 1);
    } else {
      atomic_fetch_sub(&tally->living, 1);
    }
    nap(50);
  }
}

/* A fork bomb on a leash, beside us. */
void step_bomb(const char *value) {
  struct tally *tally =
      mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (tally == MAP_FAILED) _exit(95);
  if (fork() != 0) return;
  signal(SIGCHLD, SIG_IGN);
  alarm(20);
  for (;;) breed(tally, atoi(value), 8000);
}
