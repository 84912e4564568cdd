/* Sends POST requests over so many kept connections, each with one under way, and prints how long they took as one
 * JSON object. The same program loads every server of the comparison.
 *
 *   http_load PORT PATH CONNECTIONS REQUESTS STATUS HEADERS BODY...
 *
 * HEADERS are whole lines that each end in \r\n; the bodies are sent in turn. STATUS is what every answer must have. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct client {
  int fd;
  size_t have;
  double sent;
  char answer[65536];
};

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void fail(const char *what) {
  fprintf(stderr, "http_load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void post(struct client *client, const char *request, size_t size) {
  client->have = 0;
  client->sent = now_us();
  for (size_t done = 0; done < size;) {
    ssize_t n = write(client->fd, request + done, size - done);
    if (n < 0 && errno != EINTR) fail("write");
    if (n > 0) done += n;
  }
}

/* Bytes of the answer that is there whole; 0 while some are missing. */
static size_t whole(struct client *client) {
  client->answer[client->have] = 0;
  char *end = strstr(client->answer, "\r\n\r\n");
  if (!end) return 0;
  char *length = strcasestr(client->answer, "\r\ncontent-length:");
  if (!length || length > end) {
    fprintf(stderr, "http_load: an answer without a length: %s\n", client->answer);
    exit(1);
  }
  size_t size = end + 4 - client->answer + strtoul(length + 17, 0, 10);
  return client->have >= size ? size : 0;
}

int main(int argc, char **argv) {
  if (argc < 8) {
    fprintf(stderr, "usage: http_load PORT PATH CONNECTIONS REQUESTS STATUS HEADERS BODY...\n");
    return 2;
  }
  int connections = atoi(argv[3]), count = atoi(argv[4]), status = atoi(argv[5]), bodies = argc - 7;
  char **requests = calloc(bodies, sizeof *requests);
  size_t *sizes = calloc(bodies, sizeof *sizes);
  struct client *clients = calloc(connections, sizeof *clients);
  double *took = calloc(count + connections, sizeof *took);
  int poll = epoll_create1(EPOLL_CLOEXEC);
  if (!requests || !sizes || !clients || !took || poll < 0) fail("start");
  for (int i = 0; i < bodies; i++) {
    const char *body = argv[7 + i];
    int size = asprintf(&requests[i],
                        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n%s\r\n%s",
                        argv[2], argv[1], strlen(body), argv[6], body);
    if (size < 0) fail("asprintf");
    sizes[i] = size;
  }
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int sent = 0, done = 0, wrong = 0, on = 1;
  double begin = now_us();
  for (int i = 0; i < connections; i++) {
    clients[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (clients[i].fd < 0 || connect(clients[i].fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(clients[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, clients[i].fd, &event)) fail("epoll_ctl");
    if (sent < count) {
      post(&clients[i], requests[sent % bodies], sizes[sent % bodies]);
      sent++;
    }
  }
  while (done < sent) {
    struct epoll_event events[64];
    int ready = epoll_wait(poll, events, 64, 30000);
    if (ready <= 0) fail("no answer for 30 s");
    for (int i = 0; i < ready; i++) {
      struct client *client = events[i].data.ptr;
      ssize_t n = read(client->fd, client->answer + client->have, sizeof client->answer - 1 - client->have);
      if (n <= 0) fail("read");
      client->have += n;
      size_t size = whole(client);
      if (!size) continue;
      took[done++] = now_us() - client->sent;
      if (atoi(client->answer + 9) != status && wrong++ == 0) fprintf(stderr, "http_load: %.400s\n", client->answer);
      if (sent < count) {
        post(client, requests[sent % bodies], sizes[sent % bodies]);
        sent++;
      }
    }
  }
  double seconds = (now_us() - begin) / 1e6;
  qsort(took, done, sizeof *took, by_size);
  printf("{\"per_s\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,\"wrong\":%d}\n", done / seconds,
         took[done / 2], took[done * 99 / 100], took[done - 1], wrong);
  return 0;
}
