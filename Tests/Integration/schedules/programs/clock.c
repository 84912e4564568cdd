/* Loaded before the C library: another time of day for one process, as a person or NTP sets it.
 *
 * RBOT_TEST_CLOCK names a file with two numbers of 64 bits, in nanoseconds: what the clock of the day is ahead of the
 * real one, and what the machine has slept. The kernel's part is played here too: a timer on the clock of the day that
 * was set with TFD_TIMER_CANCEL_ON_SET wakes who waits when either changes, and read() says ECANCELED once. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { TIMERS = 1024 };
static const int64_t second = 1000000000;

static volatile int64_t *offsets;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* By descriptor: on the clock of the day, what it was set to, and whether its owner must hear of a change. */
static struct timer {
  int is_ours, is_cancelled;
  int64_t due;
} timers[TIMERS];

static int (*real_gettime)(clockid_t, struct timespec *);
static int (*real_settime)(int, int, const struct itimerspec *, struct itimerspec *);
static int (*real_create)(int, int);
static ssize_t (*real_read)(int, void *, size_t);

static int64_t ahead(void) { return offsets ? offsets[0] : 0; }
static int64_t slept(void) { return offsets ? offsets[1] : 0; }

static struct timespec as_spec(int64_t ns) {
  if (ns < 1) ns = 1;
  return (struct timespec){.tv_sec = ns / second, .tv_nsec = ns % second};
}

static void arm(int fd) {
  struct itimerspec spec = {0};
  if (timers[fd].due) spec.it_value = as_spec(timers[fd].due - ahead() - slept());
  real_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void *watch(void *unused) {
  (void)unused;
  int64_t seen[2] = {offsets[0], offsets[1]};
  for (;;) {
    usleep(2000);
    if (offsets[0] == seen[0] && offsets[1] == seen[1]) continue;
    pthread_mutex_lock(&lock);
    seen[0] = offsets[0];
    seen[1] = offsets[1];
    for (int fd = 0; fd < TIMERS; fd++) {
      if (!timers[fd].is_ours) continue;
      timers[fd].is_cancelled = 1;
      struct itimerspec now = {.it_value = {.tv_nsec = 1}};
      real_settime(fd, TFD_TIMER_ABSTIME, &now, NULL);
    }
    pthread_mutex_unlock(&lock);
  }
  return NULL;
}

__attribute__((constructor)) static void begin(void) {
  real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  real_settime = dlsym(RTLD_NEXT, "timerfd_settime");
  real_create = dlsym(RTLD_NEXT, "timerfd_create");
  real_read = dlsym(RTLD_NEXT, "read");
  const char *path = getenv("RBOT_TEST_CLOCK");
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void *map = mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (map == MAP_FAILED) return;
  offsets = map;
  /* No signal is this thread's. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  pthread_create(&thread, NULL, watch, NULL);
  pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  if (!real_gettime) real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real_gettime(clock, time);
  int64_t more = clock == CLOCK_REALTIME ? ahead() + slept() : clock == CLOCK_BOOTTIME ? slept() : 0;
  if (result == 0 && more) {
    int64_t ns = (int64_t)time->tv_sec * second + time->tv_nsec + more;
    time->tv_sec = ns / second;
    time->tv_nsec = ns % second;
  }
  return result;
}

int timerfd_create(int clock, int flags) {
  int fd = real_create(clock, flags);
  if (fd >= 0 && fd < TIMERS) {
    pthread_mutex_lock(&lock);
    timers[fd] = (struct timer){.is_ours = offsets && clock == CLOCK_REALTIME};
    pthread_mutex_unlock(&lock);
  }
  return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *set, struct itimerspec *old) {
  if (fd < 0 || fd >= TIMERS || !timers[fd].is_ours) return real_settime(fd, flags, set, old);
  pthread_mutex_lock(&lock);
  timers[fd].due = (int64_t)set->it_value.tv_sec * second + set->it_value.tv_nsec;
  /* One that must still be heard of stays readable. */
  if (!timers[fd].is_cancelled) arm(fd);
  pthread_mutex_unlock(&lock);
  return 0;
}

ssize_t read(int fd, void *bytes, size_t size) {
  if (!real_read) real_read = dlsym(RTLD_NEXT, "read");
  if (fd < 0 || fd >= TIMERS || !timers[fd].is_ours) return real_read(fd, bytes, size);
  pthread_mutex_lock(&lock);
  ssize_t count = real_read(fd, bytes, size);
  int code = errno;
  if (timers[fd].is_cancelled) {
    timers[fd].is_cancelled = 0;
    arm(fd);
    count = -1;
    code = ECANCELED;
  }
  pthread_mutex_unlock(&lock);
  errno = code;
  return count;
}
