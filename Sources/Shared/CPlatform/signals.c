#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

static atomic_int pending[_NSIG];
static atomic_int wake = -1;

/* Only what is safe in a handler: two lock-free stores and a write. */
static void note(int number) {
  int reason = errno;
  atomic_store(&pending[number], 1);
  int fd = atomic_load(&wake);
  if (fd >= 0) rbot_eventfd_signal(fd);
  errno = reason;
}

static int change_mask(int how, const int *signals, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
  int status = pthread_sigmask(how, &set, NULL);
  if (status == 0) return 0;
  errno = status;
  return -1;
}

int rbot_block_signals(const int *signals, int count) { return change_mask(SIG_BLOCK, signals, count); }

int rbot_take_signals(const int *signals, int count) { return change_mask(SIG_UNBLOCK, signals, count); }

int rbot_catch_signals(const int *signals, int count, int eventfd) {
  atomic_store(&wake, eventfd);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = note;
  action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  sigfillset(&action.sa_mask);
  for (int i = 0; i < count; i++)
    if (sigaction(signals[i], &action, NULL) < 0) return -1;
  return 0;
}

bool rbot_take_pending(int number) { return atomic_exchange(&pending[number], 0) != 0; }

int rbot_ignore_signal(int number) { return signal(number, SIG_IGN) == SIG_ERR ? -1 : 0; }
