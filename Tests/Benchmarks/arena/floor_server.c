/* The floor under POST /orders: an HTTP server that does nothing but write one row of an order's size for each
 * request into SQLite, in the write-ahead log with synchronous=FULL, and answers once that is on the disk.
 *
 *   floor_server PORT DATABASE GROUP     GROUP: requests that may share a commit; 1: a commit each */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
  int fd;
  size_t have;
  char request[16384];
};

static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    "{\"ok\":true,\"order_id\":\"paper-1\",\"status\":\"FILLED\",\"mode\":\"paper\",\"ttl_expires_at\":1763757600,\"x\":1}\n";
static sqlite3 *database;
static sqlite3_stmt *insert, *begin, *commit;

static void fail(const char *what) {
  fprintf(stderr, "floor_server: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void run(sqlite3_stmt *statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) {
    fprintf(stderr, "floor_server: %s\n", sqlite3_errmsg(database));
    exit(1);
  }
  sqlite3_reset(statement);
}

static void prepare(const char *sql, sqlite3_stmt **statement) {
  if (sqlite3_prepare_v2(database, sql, -1, statement, 0)) fail(sql);
}

static void reply(struct client **ready, int count) {
  run(commit);
  for (int i = 0; i < count; i++)
    if (write(ready[i]->fd, answer, sizeof answer - 1) < 0 && errno != EPIPE) fail("write");
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: floor_server PORT DATABASE GROUP\n");
    return 2;
  }
  int most = atoi(argv[3]), on = 1;
  if (sqlite3_open(argv[2], &database) ||
      sqlite3_exec(database,
                   "pragma journal_mode=wal; pragma synchronous=full; pragma wal_autocheckpoint=8000;"
                   "create table orders(number integer primary key, body text)",
                   0, 0, 0))
    fail("database");
  prepare("insert into orders(body) values (?)", &insert);
  prepare("begin immediate", &begin);
  prepare("commit", &commit);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), poll = epoll_create1(EPOLL_CLOEXEC);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = 0};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 512) ||
      epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event))
    fail("listen");
  for (;;) {
    struct epoll_event events[64];
    struct client *ready[64];
    int count = 0, found = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < found; i++) {
      struct client *client = events[i].data.ptr;
      if (!client) {
        client = calloc(1, sizeof *client);
        if (!client || (client->fd = accept4(listener, 0, 0, SOCK_CLOEXEC)) < 0) fail("accept");
        setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        event.data.ptr = client;
        if (epoll_ctl(poll, EPOLL_CTL_ADD, client->fd, &event)) fail("epoll_ctl");
        continue;
      }
      ssize_t n = read(client->fd, client->request + client->have, sizeof client->request - 1 - client->have);
      if (n <= 0) {
        close(client->fd);
        free(client);
        continue;
      }
      client->have += n;
      client->request[client->have] = 0;
      char *end = strstr(client->request, "\r\n\r\n"), *length = strcasestr(client->request, "\r\ncontent-length:");
      if (!end || !length || client->have < end + 4 - client->request + strtoul(length + 17, 0, 10)) continue;
      client->have = 0;
      if (count == 0) run(begin);
      sqlite3_bind_text(insert, 1, end + 4, -1, SQLITE_STATIC);
      run(insert);
      ready[count++] = client;
      if (count < most) continue;
      reply(ready, count);
      count = 0;
    }
    if (count > 0) reply(ready, count);
  }
}
