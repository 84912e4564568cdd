/* A strategy whose behaviour is its command line: each argument is a step, and they are done in order.
 *
 *   worker hello ready serve                  a good one
 *   worker ignore-term hello ready deaf       one that only SIGKILL ends
 *
 * It speaks the control protocol on descriptor 3 and needs nothing but the C library. Whom it starts is written to
 * $RBOT_STATE_DIR/pids as lines "ROLE PID", so that a test knows whom to look for. */
#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void say(const char *line) {
  size_t left = strlen(line);
  while (left > 0) {
    ssize_t count = write(3, line, left);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;
    line += count;
    left -= (size_t)count;
  }
}

void nap(long milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  while (nanosleep(&time, &time) < 0 && errno == EINTR) continue;
}

void record(const char *role, pid_t pid) {
  char path[512], line[96];
  const char *folder = getenv("RBOT_STATE_DIR");
  snprintf(path, sizeof path, "%s/pids", folder ? folder : ".");
  int length = snprintf(line, sizeof line, "%s %d\n", role, (int)pid);
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, line, (size_t)length) != length) _exit(90);
  close(fd);
}

/* One message; false when rbotd is gone. */
static bool hear(char *line, size_t size) {
  size_t length = 0;
  while (length + 1 < size) {
    ssize_t count = read(3, line + length, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    if (line[length++] == '\n') break;
  }
  line[length] = 0;
  return true;
}

static void step_hello(const char *value) {
  (void)value;
  char line[8192];
  say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":"
      "{\"protocol\":[1,1],\"sdk\":\"c\",\"pid\":1}}\n");
  if (!hear(line, sizeof line)) _exit(91);
}

static void step_ready(const char *value) {
  (void)value;
  say("{\"jsonrpc\":\"2.0\",\"method\":\"ready\",\"params\":{}}\n");
}

static void step_say(const char *value) {
  say(value);
  say("\n");
}

/* Beats, and answers a stop in its way. */
static void attend(const char *on_stop, long milliseconds) {
  struct pollfd channel = {.fd = 3, .events = POLLIN};
  char line[8192];
  for (long passed = 0; milliseconds < 0 || passed < milliseconds; passed += 50) {
    say("{\"jsonrpc\":\"2.0\",\"method\":\"heartbeat\",\"params\":{\"progress\":1}}\n");
    if (poll(&channel, 1, 50) <= 0) continue;
    if (!hear(line, sizeof line)) {
      if (on_stop == NULL) _exit(92);
      for (;;) pause(); /* the deaf outlive even their channel */
    }
    if (strstr(line, "\"stop\"") == NULL) continue;
    if (on_stop == NULL) _exit(0);
    if (*on_stop) step_say(on_stop);
  }
}

/* Until a stop, then exits 0. */
static void step_serve(const char *value) { attend(NULL, value ? atol(value) : -1); }

/* Goes on after a stop; `deaf:TEXT` says TEXT then. */
static void step_deaf(const char *value) { attend(value ? value : "", -1); }

static void step_hang(const char *value) {
  (void)value;
  for (;;) pause();
}

static void step_sleep(const char *value) { nap(atol(value)); }

static void step_exit(const char *value) { _exit(atoi(value)); }

static void step_signal(const char *value) {
  signal(atoi(value), SIG_DFL);
  kill(getpid(), atoi(value));
  for (;;) pause();
}

static void step_ignore_term(const char *value) {
  (void)value;
  signal(SIGTERM, SIG_IGN);
}

/* Until the file is there: how a test times a step. */
static void step_await(const char *value) {
  while (access(value, F_OK) < 0) nap(20);
}

/* Fails at its first run, which leaves a file behind; goes on at the next. */
static void step_fail_once(const char *value) {
  char path[512];
  const char *folder = getenv("RBOT_STATE_DIR");
  snprintf(path, sizeof path, "%s/failed", folder ? folder : ".");
  if (access(path, F_OK) == 0) return;
  close(open(path, O_WRONLY | O_CREAT, 0600));
  _exit(atoi(value));
}

static void step_print(const char *value) {
  printf("%s\n", value);
  fflush(stdout);
}

/* What it was given of signals: the mask and those that are ignored. */
static void step_signals(const char *value) {
  (void)value;
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (strncmp(line, "Sig", 3) == 0) fputs(line, stdout);
  fflush(stdout);
}

/* Takes every descriptor that it may have. */
static void step_descriptors(const char *value) {
  (void)value;
  int count = 0;
  while (dup(0) >= 0) count++;
  printf("took %d descriptors: %s\n", count, strerror(errno));
  fflush(stdout);
}

/* Beats, and adds to a file all the while. */
static void step_append(const char *value) {
  for (;;) {
    say("{\"jsonrpc\":\"2.0\",\"method\":\"heartbeat\",\"params\":{\"progress\":1}}\n");
    int fd = open(value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "line\n", 5) != 5) _exit(94);
    close(fd);
    nap(50);
  }
}

static const struct step {
  const char *name;
  void (*run)(const char *value);
} steps[] = {
    {"hello", step_hello},
    {"ready", step_ready},
    {"say", step_say},
    {"serve", step_serve},
    {"deaf", step_deaf},
    {"hang", step_hang},
    {"sleep", step_sleep},
    {"exit", step_exit},
    {"signal", step_signal},
    {"ignore-term", step_ignore_term},
    {"await", step_await},
    {"fail-once", step_fail_once},
    {"print", step_print},
    {"signals", step_signals},
    {"descriptors", step_descriptors},
    {"child", step_child},
    {"detach", step_detach},
    {"bare-detach", step_bare_detach},
    {"orphans", step_orphans},
    {"churn", step_churn},
    {"bomb", step_bomb},
    {"flood", step_flood},
    {"odd-lines", step_odd_lines},
    {"share", step_share},
    {"holder", step_holder},
    {"deleted", step_deleted},
    {"fill", step_fill},
    {"append", step_append},
};

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);
  program = arguments[0];
  for (int i = 1; i < count; i++) {
    char *value = strchr(arguments[i], ':');
    size_t length = value ? (size_t)(value - arguments[i]) : strlen(arguments[i]);
    size_t s = 0;
    while (s < sizeof steps / sizeof *steps &&
           (strlen(steps[s].name) != length || strncmp(steps[s].name, arguments[i], length) != 0))
      s++;
    if (s == sizeof steps / sizeof *steps) return 93;
    steps[s].run(value ? value + 1 : NULL);
  }
  return 0;
}
