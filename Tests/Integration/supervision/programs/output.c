/* Steps that print: much, and what is no text. */
#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void put(const char *bytes, size_t left) {
  while (left > 0) {
    ssize_t count = write(1, bytes, left);
    if (count < 0 && errno != EINTR) _exit(96);
    if (count < 0) continue;
    bytes += count;
    left -= (size_t)count;
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* So many megabytes, in lines of 100 bytes, at no more than 100 MB/s; then says how long it took. It beats. */
void step_flood(const char *value) {
  static char block[100000];
  memset(block, 'x', sizeof block);
  for (size_t i = 99; i < sizeof block; i += 100) block[i] = '\n';
  double began = now(), beaten = 0;
  for (long i = 0; i < atol(value) * 10; i++) {
    put(block, sizeof block);
    double due = began + (double)(i + 1) / 1000;
    if (now() < due) nap((long)((due - now()) * 1000) + 1);
    if (now() - beaten < 0.1) continue;
    beaten = now();
    say("{\"jsonrpc\":\"2.0\",\"method\":\"heartbeat\",\"params\":{\"progress\":1}}\n");
  }
  int took = (int)((now() - began) * 1000);
  nap(1200); /* the limit holds a second's worth: what we say next has room again */
  char line[160];
  snprintf(line, sizeof line,
           "{\"jsonrpc\":\"2.0\",\"method\":\"log\",\"params\":{\"level\":\"info\",\"message\":\"flooded in %d ms\"}}\n",
           took);
  say(line);
}

/* What a terminal or a text file would choke on. */
void step_odd_lines(const char *value) {
  size_t megabytes = (size_t)atol(value);
  char *line = malloc(megabytes << 20);
  if (line == NULL) _exit(97);
  memset(line, 'L', megabytes << 20);
  put(line, megabytes << 20);
  free(line);
  static const char odd[] = "\nnul \0 end\nbad \xff\xc3\x28 end\n\x1b[31mred\x1b[0m end\n"
                            "\xe2\x80\xaeturned end\nbell \a back \b end\ncarriage\r over end\nlast without its feed";
  put(odd, sizeof odd - 1);
}
