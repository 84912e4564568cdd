/* The program that every supervisor of the comparison runs: it says when its main began, and then lives on.
 *
 *   worker NAME PIPE
 *
 * To the named pipe it writes "NAME PID NANOSECONDS" (CLOCK_MONOTONIC), one line in one write. Where it finds a
 * control channel (RBOT_SUPERVISOR_FD) it also speaks as much of rbotd's protocol as keeps it alive. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void say(int fd, const char *line) {
  if (write(fd, line, strlen(line)) < 0) _exit(1);
}

static void converse(int fd) {
  char line[65536];
  say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":{\"protocol\":[1,1],\"sdk\":\"bench\"}}\n");
  if (read(fd, line, sizeof line) <= 0) _exit(1);
  say(fd, "{\"jsonrpc\":\"2.0\",\"method\":\"ready\",\"params\":{}}\n");
  for (unsigned beat = 1;; beat++) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, 2500) > 0) {
      ssize_t count = read(fd, line, sizeof line - 1);
      if (count <= 0) return;
      line[count] = 0;
      if (strstr(line, "\"stop\"")) return;
    } else {
      snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"method\":\"heartbeat\",\"params\":{\"progress\":%u}}\n", beat);
      say(fd, line);
    }
  }
}

int main(int argc, char **argv) {
  struct timespec now;
  char line[256];
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (argc != 3) return 2;
  int length = snprintf(line, sizeof line, "%s %d %lld\n", argv[1], getpid(),
                        now.tv_sec * 1000000000LL + now.tv_nsec);
  int pipe = open(argv[2], O_WRONLY | O_CLOEXEC);
  if (pipe < 0 || write(pipe, line, length) != length) return 3;
  const char *channel = getenv("RBOT_SUPERVISOR_FD");
  if (channel) {
    converse(atoi(channel));
    return 0;
  }
  for (;;) pause();
}
