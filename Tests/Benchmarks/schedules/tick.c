/* A job that says when it came to run: the clock of the day in nanoseconds, and for which slot. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  char path[4096];
  const char *folder = getenv("RBOT_STATE_DIR"), *slot = getenv("RBOT_SLOT");
  snprintf(path, sizeof path, "%s/ticks", folder ? folder : ".");
  FILE *file = fopen(path, "a");
  if (!file) return 1;
  fprintf(file, "%s %lld\n", slot ? slot : "-", time.tv_sec * 1000000000LL + time.tv_nsec);
  return fclose(file) ? 1 : 0;
}
