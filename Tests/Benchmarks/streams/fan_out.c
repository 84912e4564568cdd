// The floor of a fan-out: one thread that sends each event to each client, one write each, and does nothing else.
//
//   fan_out PORT CLIENTS EVENTS
//
// Takes so many connections, answers each with the head of a stream, and a second after the last one begins.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void send_all(int fd, const char *text, size_t length) {
  while (length > 0) {
    ssize_t sent = write(fd, text, length);
    if (sent < 0) die("write");
    text += sent;
    length -= (size_t)sent;
  }
}

int main(int count, char **words) {
  if (count < 4) return 2;
  int port = atoi(words[1]), clients = atoi(words[2]), events = atoi(words[3]);
  signal(SIGPIPE, SIG_IGN);
  struct rlimit limit = {(rlim_t)clients + 64, (rlim_t)clients + 64};
  setrlimit(RLIMIT_NOFILE, &limit);
  int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&address, sizeof address)) die("bind");
  if (listen(listener, 1024)) die("listen");
  int *all = calloc((size_t)clients, sizeof *all);
  char buffer[4096];
  const char *head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
  for (int i = 0; i < clients; i++) {
    all[i] = accept(listener, NULL, NULL);
    if (all[i] < 0) die("accept");
    setsockopt(all[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (read(all[i], buffer, sizeof buffer) < 0) die("read");
    send_all(all[i], head, strlen(head));
  }
  sleep(1);
  for (int event = 1; event <= events; event++) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    char stamp[32];
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", gmtime(&now.tv_sec));
    int length = snprintf(
        buffer, sizeof buffer,
        "\nid: %d\ndata: {\"source\":\"paper\",\"type\":\"order_filled\",\"payload\":{\"order_id\":\"paper-%d\","
        "\"instrument\":\"EUR_USD\",\"side\":\"BUY\",\"units\":1000,\"price\":1.16562,\"padding\":\"%080d\"},"
        "\"ts\":\"%s.%06ldZ\"}\n",
        event, event, event, stamp, now.tv_nsec / 1000);
    for (int i = 0; i < clients; i++) send_all(all[i], buffer, (size_t)length);
  }
  pause();
  return 0;
}
