/* The floor of being on time: a timerfd on the clock of the day and a thread that waits for it, at so many moments.
 *
 *   timer COUNT PERIOD_MS PHASE_MS    prints how late it woke each time, in nanoseconds */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int64_t period = atoll(argv[2]) * 1000000, phase = atoll(argv[3]) * 1000000;
  int timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
  if (timer < 0) return 1;
  int64_t due = now() / period * period + phase;
  for (int i = 0; i < atoi(argv[1]); i++) {
    do due += period;
    while (due <= now());
    struct itimerspec spec = {.it_value = {due / 1000000000, due % 1000000000}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, NULL);
    uint64_t count;
    if (read(timer, &count, sizeof count) != sizeof count) return 1;
    printf("%lld\n", (long long)(now() - due));
  }
}
