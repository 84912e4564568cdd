// Readers of server-sent events: so many connections on one thread, which count what they are sent.
//
//   sse_readers PORT READERS MS [HEADER]
//
// Says "ready" when each has its answer's head, then reads until nothing has come for MS milliseconds, and prints as
// JSON: deliveries (events, over all readers), seconds from the first to the last byte, the least and the most that one
// reader got, and the times from an event's "ts" to its arrival here, of the last event of each read.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 262144, SAMPLES = 2000000 };

struct reader {
  int fd;
  int has_head;
  long events;
};

static char buffer[ROOM];
static float *samples;
static long sample_count;

static double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int by_value(const void *left, const void *right) {
  float a = *(const float *)left, b = *(const float *)right;
  return (a > b) - (a < b);
}

static double quantile(double share) {
  if (sample_count == 0) return 0;
  long index = (long)((double)(sample_count - 1) * share);
  return (double)samples[index] * 1e3;
}

// Seconds since 1970 of a time such as 2026-11-21T21:37:33.820072Z.
static double moment(const char *text) {
  struct tm parts = {0};
  const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
  if (!rest) return 0;
  return (double)timegm(&parts) + (*rest == '.' ? strtod(rest, NULL) : 0);
}

static void take(struct reader *reader, long length) {
  const char *end = buffer + length, *at = buffer;
  const char *last = NULL;
  while ((at = memmem(at, (size_t)(end - at), "\nid: ", 5))) {
    reader->events++;
    last = at;
    at += 5;
  }
  if (!last || sample_count == SAMPLES) return;
  const char *stamp = memmem(last, (size_t)(end - last), "\"ts\":\"", 6);
  if (stamp && end - stamp > 34)
    samples[sample_count++] = (float)(now(CLOCK_REALTIME) - moment(stamp + 6));
}

int main(int count, char **words) {
  if (count < 4) return 2;
  int port = atoi(words[1]), readers = atoi(words[2]), quiet = atoi(words[3]);
  struct rlimit limit = {(rlim_t)readers + 64, (rlim_t)readers + 64};
  setrlimit(RLIMIT_NOFILE, &limit);
  samples = malloc(sizeof(float) * SAMPLES);
  struct reader *all = calloc((size_t)readers, sizeof *all);
  int poll = epoll_create1(0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  char request[2048];
  snprintf(request, sizeof request, "GET /events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s\r\n", port,
           count > 4 ? words[4] : "");
  for (int i = 0; i < readers; i++) {
    all[i].fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(all[i].fd, (struct sockaddr *)&address, sizeof address)) die("connect");
    if (write(all[i].fd, request, strlen(request)) < 0) die("write");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, all[i].fd, &event);
  }
  int heads = 0;
  double first = 0, last = 0;
  struct epoll_event found[256];
  for (;;) {
    int ready = epoll_wait(poll, found, 256, first > 0 || heads < readers ? quiet : 60000);
    if (ready == 0) {
      if (heads < readers) continue;
      break;
    }
    for (int i = 0; i < ready; i++) {
      struct reader *reader = found[i].data.ptr;
      long length = read(reader->fd, buffer, ROOM);
      if (length <= 0) {
        fprintf(stderr, "a reader was dropped after %ld events\n", reader->events);
        epoll_ctl(poll, EPOLL_CTL_DEL, reader->fd, NULL);
        continue;
      }
      if (!reader->has_head) {
        reader->has_head = 1;
        if (++heads == readers) {
          puts("ready");
          fflush(stdout);
        }
      }
      long before = reader->events;
      take(reader, length);
      if (reader->events > before) {
        last = now(CLOCK_MONOTONIC);
        if (first == 0) first = last;
      }
    }
    if (first > 0 && now(CLOCK_MONOTONIC) - last > quiet / 1e3) break;
  }
  long total = 0, least = all[0].events, most = 0;
  for (int i = 0; i < readers; i++) {
    total += all[i].events;
    if (all[i].events < least) least = all[i].events;
    if (all[i].events > most) most = all[i].events;
  }
  qsort(samples, (size_t)sample_count, sizeof(float), by_value);
  printf("{\"deliveries\":%ld,\"seconds\":%.4f,\"least\":%ld,\"most\":%ld,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
         total, last - first, least, most, quantile(0.5), quantile(0.99));
  return 0;
}
