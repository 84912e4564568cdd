#define _GNU_SOURCE
#include "bare.h"
#include "report.h"
#include "stages.h"

#include <errno.h>
#include <fcntl.h>
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

static void add(const struct plan *plan, struct text *line) {
  /* A path may hold anything, but must not look like a line of its own. */
  for (size_t i = 0; i < line->length; i++)
    if ((unsigned char)line->bytes[i] < ' ' || line->bytes[i] == 0x7f) line->bytes[i] = '?';
  line->bytes[line->length++] = '\n'; /* in the place of the zero */
  if (sizeof waiting - waiting_count < line->length) tell_all(plan);
  memcpy(waiting + waiting_count, line->bytes, line->length);
  waiting_count += line->length;
}

void tell_on(const struct plan *plan, const char *layer, const char *detail) {
  char bytes[TOLD_MAX];
  struct text line = TEXT(bytes);
  if (plan->report < 0) return;
  add_text(&line, "layer ");
  add_text(&line, layer);
  add_text(&line, " on ");
  add_text(&line, detail);
  add(plan, &line);
}

void tell_off(const struct plan *plan, const char *layer, int reason, const char *detail) {
  char bytes[TOLD_MAX];
  struct text line = TEXT(bytes);
  if (plan->report < 0) {
    say("rbot-exec: layer ", layer, " is off: ", detail, ": ", reason_text(reason), NULL);
    return;
  }
  add_text(&line, "layer ");
  add_text(&line, layer);
  add_text(&line, " off ");
  add_number(&line, (unsigned)reason);
  add_text(&line, " ");
  add_text(&line, detail);
  add(plan, &line);
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
  char bytes[64];
  struct text line = TEXT(bytes);
  if (plan->report < 0) {
    say("rbot-exec: ", stage, ": ", plan->command[0], ": ", reason_text(reason), NULL);
    return;
  }
  add_text(&line, stage);
  add_text(&line, " ");
  add_number(&line, (unsigned)reason);
  add(plan, &line);
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
