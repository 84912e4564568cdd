/* Places market orders over the Unix socket of a real rbot-gateway, so many under way at once, and prints what they
 * cost as one JSON object. It starts the gateway itself, as its supervisor, and drains what it is told.
 *
 *   desk_load GATEWAY HOME TOKEN_HASH IN_FLIGHT ORDERS     TOKEN_HASH: SHA-256 of "bench", in hex
 *
 * Buys and sells in turn: half of the orders open a position with both exits, the other half close it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct lines {
  size_t have;
  char bytes[4 << 20];
};

static int supervisor = -1, isReady;
static pid_t gateway;
static const char *tokenHash;
static struct lines told, answers;

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void fail(const char *what) {
  fprintf(stderr, "desk_load: %s: %s\n", what, strerror(errno));
  if (gateway > 0) kill(gateway, SIGKILL);
  exit(1);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void say(int fd, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, bytes, size);
    if (n < 0 && errno != EINTR) fail("write");
    if (n > 0) bytes += n, size -= n;
  }
}

/* Reads what is there and calls `line` for each whole line. */
static void hear(int fd, struct lines *lines, void (*line)(char *, size_t)) {
  ssize_t n = recv(fd, lines->bytes + lines->have, sizeof lines->bytes - lines->have, MSG_DONTWAIT);
  if (n == 0) errno = EPIPE, fail("the gateway is gone");
  if (n < 0) return;
  lines->have += n;
  char *start = lines->bytes, *end = start + lines->have, *stop;
  while ((stop = memchr(start, '\n', end - start))) {
    *stop = 0;
    line(start, stop - start);
    start = stop + 1;
  }
  lines->have = end - start;
  memmove(lines->bytes, start, lines->have);
}

static void supervise(char *line, size_t size) {
  (void)size;
  char reply[1024];
  char *id = strstr(line, "\"id\":");
  if (strstr(line, "\"method\":\"ready\"")) isReady = 1;
  if (!id || !strstr(line, "\"method\":\"hello\"")) return;
  int length = snprintf(
      reply, sizeof reply,
      "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{\"protocol\":1,\"heartbeat_ms\":5000,\"workers\":[{\"strategy\":\"bench\","
      "\"generation\":1,\"pid\":%d,\"uid\":%d,\"token_hash\":\"%s\",\"capabilities\":{\"mode\":\"paper\",\"brokers\":["
      "\"paper\"]}}]}}\n",
      atoi(id + 5), getpid(), getuid(), tokenHash);
  say(supervisor, reply, length);
}

static double *sent, *took;
static int done, refused, greeted, quoted;

static void answered(char *line, size_t size) {
  static const char start[] = "{\"jsonrpc\":\"2.0\",\"id\":";
  if (size > 35 && !memcmp(line, "{\"jsonrpc\":\"2.0\",\"method\":\"quote\"", 33)) quoted = 1;
  if (size < sizeof start || memcmp(line, start, sizeof start - 1)) return;
  int id = atoi(line + sizeof start - 1);
  if (id == 0 || id == -1) {
    greeted = 1;
    return;
  }
  took[done++] = now_us() - sent[id];
  if (memmem(line, size < 64 ? size : 64, "\"error\"", 7) && refused++ == 0) fprintf(stderr, "desk_load: %s\n", line);
}

static double cpu_seconds(pid_t pid) {
  char path[64], text[1024];
  unsigned long user = 0, system = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  size_t size = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[size] = 0;
  sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return (user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void wait_for(int worker, int milliseconds) {
  struct pollfd both[2] = {{supervisor, POLLIN, 0}, {worker, POLLIN, 0}};
  poll(both, 2, milliseconds);
  if (both[0].revents) hear(supervisor, &told, supervise);
  if (both[1].revents) hear(worker, &answers, answered);
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: desk_load GATEWAY HOME TOKEN_HASH IN_FLIGHT ORDERS\n");
    return 2;
  }
  tokenHash = argv[3];
  int most = atoi(argv[4]), count = atoi(argv[5]), ends[2];
  sent = calloc(count + 1, sizeof *sent);
  took = calloc(count + 1, sizeof *took);
  if (!sent || !took || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) fail("start");
  gateway = fork();
  if (gateway == 0) {
    if (dup2(ends[1], 3) < 0) fail("dup2");
    fcntl(3, F_SETFD, 0);
    setenv("RBOT_SUPERVISOR_FD", "3", 1);
    execl(argv[1], argv[1], "--home", argv[2], "--feed", "synthetic:1", "--listen", "127.0.0.1:0", (char *)0);
    fail(argv[1]);
  }
  close(ends[1]);
  supervisor = ends[0];
  while (!isReady) wait_for(-1, 1000);

  int worker = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s/gateway.sock", argv[2]);
  if (worker < 0 || connect(worker, (struct sockaddr *)&address, sizeof address)) fail("connect");
  static const char hello[] =
      "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"hello\",\"params\":{\"protocol\":[1,1],\"sdk\":\"bench\",\"token\":\"bench\"}}\n";
  static const char subscribe[] =
      "{\"jsonrpc\":\"2.0\",\"id\":-1,\"method\":\"quotes.subscribe\",\"params\":{\"instruments\":[\"EUR_USD\"]}}\n";
  say(worker, hello, sizeof hello - 1);
  while (!greeted) wait_for(worker, 1000);
  say(worker, subscribe, sizeof subscribe - 1);
  while (!quoted) wait_for(worker, 1000);

  char text[65536];
  double begin = now_us(), cpu = cpu_seconds(gateway);
  for (int next = 1; done < count;) {
    size_t size = 0;
    while (next <= count && next - 1 - done < most && size < sizeof text - 512) {
      int buys = next & 1;
      size += snprintf(text + size, sizeof text - size,
                       "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"order.place\",\"params\":{\"client_order_id\":\"b-%d\","
                       "\"instrument\":\"EUR_USD\",\"side\":\"%s\",\"type\":\"market\",\"units\":\"1000\","
                       "\"stop_loss\":\"%s\",\"take_profit\":\"%s\"}}\n",
                       next, next, buys ? "buy" : "sell", buys ? "0.5" : "2.5", buys ? "2.5" : "0.5");
      sent[next++] = now_us();
    }
    if (size) say(worker, text, size);
    wait_for(worker, 30000);
  }
  double seconds = (now_us() - begin) / 1e6;
  cpu = cpu_seconds(gateway) - cpu;
  qsort(took, count, sizeof *took, by_size);
  printf("{\"per_s\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,\"cpu_us\":%.1f,\"wrong\":%d}\n", count / seconds,
         took[count / 2], took[count * 99 / 100], took[count - 1], cpu * 1e6 / count, refused);
  kill(gateway, SIGTERM);
  // It closes the socket as it ends.
  for (double end = now_us() + 10e6; now_us() < end && waitpid(gateway, 0, WNOHANG) == 0;) {
    struct pollfd one = {supervisor, POLLIN, 0};
    poll(&one, 1, 20);
    (void)!recv(supervisor, text, sizeof text, MSG_DONTWAIT);
  }
  kill(gateway, SIGKILL);
  return 0;
}
