#define _GNU_SOURCE
#include "report.h"
#include "stages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char waiting[8 * TOLD_MAX];
static size_t waiting_count;

/* The spawn had to clear close-on-exec to hand the descriptor over; with it set again, a successful exec is
 * what closes the report. */
int stage_report(const struct plan *plan) {
  return plan->report < 0 ? 0 : fcntl(plan->report, F_SETFD, FD_CLOEXEC);
}

static void add(const struct plan *plan, char *line, int length) {
  if (length < 0) return;
  if (length >= TOLD_MAX) length = TOLD_MAX - 1;
  /* A path may hold anything, but must not look like a line of its own. */
  for (int i = 0; i < length; i++)
    if ((unsigned char)line[i] < ' ' || line[i] == 0x7f) line[i] = '?';
  line[length++] = '\n';
  if (sizeof waiting - waiting_count < (size_t)length) tell_all(plan);
  memcpy(waiting + waiting_count, line, (size_t)length);
  waiting_count += (size_t)length;
}

void tell_on(const struct plan *plan, const char *layer, const char *detail) {
  char line[TOLD_MAX];
  if (plan->report < 0) return;
  add(plan, line, snprintf(line, sizeof line, "layer %s on %s", layer, detail));
}

void tell_off(const struct plan *plan, const char *layer, int reason, const char *detail) {
  char line[TOLD_MAX];
  if (plan->report < 0)
    fprintf(stderr, "rbot-exec: layer %s is off: %s: %s\n", layer, detail, strerror(reason));
  else
    add(plan, line, snprintf(line, sizeof line, "layer %s off %d %s", layer, reason, detail));
}

int tell_all(const struct plan *plan) {
  size_t sent = 0, count = waiting_count;
  waiting_count = 0;
  while (sent < count) {
    ssize_t written = write(plan->report, waiting + sent, count - sent);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -1;
    sent += (size_t)written;
  }
  return 0;
}

/* Where nobody listens any more, the exit status is all that is left to say. */
void tell_failure(const struct plan *plan, const char *stage, int reason) {
  char line[64];
  if (plan->report < 0) {
    fprintf(stderr, "rbot-exec: %s: %s: %s\n", stage, plan->command[0], strerror(reason));
    return;
  }
  add(plan, line, snprintf(line, sizeof line, "%s %d", stage, reason));
  tell_all(plan);
}

bool can_send_listener(const struct plan *plan) {
  int domain = 0;
  socklen_t size = sizeof domain;
  return plan->report >= 0 && getsockopt(plan->report, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
         domain == AF_UNIX;
}

int send_listener(const struct plan *plan, int listener) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof listener)];
  } control = {.header = {.cmsg_len = CMSG_LEN(sizeof listener), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  memcpy(CMSG_DATA(&control.header), &listener, sizeof listener);
  static char first[] = "listener\n";
  struct iovec parts[] = {{first, sizeof first - 1}, {waiting, waiting_count}};
  struct msghdr message = {
      .msg_iov = parts, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t sent;
  do sent = sendmsg(plan->report, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < (ssize_t)parts[0].iov_len) return -1;
  /* The rest of what did not fit, in the ordinary way. */
  size_t told = (size_t)sent - parts[0].iov_len;
  waiting_count -= told;
  memmove(waiting, waiting + told, waiting_count);
  return tell_all(plan);
}
