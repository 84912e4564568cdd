#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int rbot_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int rbot_epoll_add(int epoll, int fd, uint64_t token, uint32_t events) {
  struct epoll_event event = {.data.u64 = token};
  if (events & RBOT_EVENT_READ) event.events |= EPOLLIN;
  if (events & RBOT_EVENT_WRITE) event.events |= EPOLLOUT;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int rbot_epoll_remove(int epoll, int fd) { return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL); }

int rbot_epoll_wait(int epoll, struct rbot_event *events, int capacity, int timeout_ms) {
  struct epoll_event seen[64];
  if (capacity > 64) capacity = 64;
  int count = epoll_wait(epoll, seen, capacity, timeout_ms);
  if (count < 0) return errno == EINTR ? 0 : -1;
  for (int i = 0; i < count; i++) {
    events[i].token = seen[i].data.u64;
    events[i].events = 0;
    if (seen[i].events & EPOLLIN) events[i].events |= RBOT_EVENT_READ;
    if (seen[i].events & EPOLLOUT) events[i].events |= RBOT_EVENT_WRITE;
    if (seen[i].events & (EPOLLHUP | EPOLLERR)) events[i].events |= RBOT_EVENT_HANGUP;
  }
  return count;
}

int rbot_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void rbot_eventfd_signal(int fd) {
  uint64_t one = 1;
  /* EAGAIN means that the counter is full, so the reader has been woken already. */
  while (write(fd, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void rbot_eventfd_clear(int fd) {
  uint64_t value;
  while (read(fd, &value, sizeof value) < 0 && errno == EINTR) {
  }
}

int rbot_semaphore(void) { return eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE); }

void rbot_semaphore_wait(int fd) {
  uint64_t one;
  while (read(fd, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

int rbot_timerfd(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK); }

int rbot_timerfd_set(int fd, uint64_t after_ns) {
  struct itimerspec spec = {.it_value = {.tv_sec = (time_t)(after_ns / 1000000000u),
                                         .tv_nsec = (long)(after_ns % 1000000000u)}};
  return timerfd_settime(fd, 0, &spec, NULL);
}

int rbot_walltimer(void) { return timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK); }

int rbot_walltimer_set(int fd, int64_t at_ns) {
  struct itimerspec spec = {.it_value = {.tv_sec = (time_t)(at_ns / 1000000000),
                                         .tv_nsec = (long)(at_ns % 1000000000)}};
  return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL);
}

enum rbot_walltimer_state rbot_walltimer_take(int fd) {
  uint64_t count;
  ssize_t got;
  do got = read(fd, &count, sizeof count);
  while (got < 0 && errno == EINTR);
  if (got == (ssize_t)sizeof count) return RBOT_WALLTIMER_DUE;
  return got < 0 && errno == ECANCELED ? RBOT_WALLTIMER_CLOCK_SET : RBOT_WALLTIMER_NOTHING;
}
