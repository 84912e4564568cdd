/* The floor that the benchmark's figures stand on, measured in the same run: what this machine gives a C program
 * that does only the one thing. Prints one JSON object. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void fail(const char *what) {
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* One row of an order's size per transaction, WAL, synchronous=FULL. */
static void commits(const char *path, int count, double *p50, double *p99) {
  sqlite3 *db;
  sqlite3_stmt *insert;
  char text[301];
  double *took = calloc(count, sizeof *took);
  memset(text, 'x', 300);
  text[300] = 0;
  if (!took || sqlite3_open(path, &db) ||
      sqlite3_exec(db, "pragma journal_mode=wal; pragma synchronous=full; create table t(a integer primary key, b)", 0,
                   0, 0) ||
      sqlite3_prepare_v2(db, "insert into t(b) values(?)", -1, &insert, 0)) {
    fprintf(stderr, "floor: cannot use %s: %s\n", path, sqlite3_errmsg(db));
    exit(1);
  }
  for (int i = 0; i < count; i++) {
    double start = now_us();
    sqlite3_bind_text(insert, 1, text, 300, SQLITE_STATIC);
    if (sqlite3_step(insert) != SQLITE_DONE) fail("commit");
    sqlite3_reset(insert);
    took[i] = now_us() - start;
  }
  qsort(took, count, sizeof *took, by_size);
  *p50 = took[count / 2];
  *p99 = took[count * 99 / 100];
  sqlite3_finalize(insert);
  sqlite3_close(db);
  free(took);
}

/* A line to another process and back over a socket pair. */
static double round_trip(int count) {
  int ends[2];
  char line[256];
  double *took = calloc(count, sizeof *took);
  if (!took || socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) fail("socketpair");
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    ssize_t n;
    close(ends[0]);
    while ((n = read(ends[1], line, sizeof line)) > 0)
      if (write(ends[1], line, n) != n) break;
    _exit(0);
  }
  close(ends[1]);
  memset(line, 'x', sizeof line);
  for (int i = 0; i < count; i++) {
    double start = now_us();
    if (write(ends[0], line, sizeof line) != sizeof line) fail("write");
    for (size_t got = 0; got < sizeof line;) {
      ssize_t n = read(ends[0], line, sizeof line - got);
      if (n <= 0) fail("read");
      got += n;
    }
    took[i] = now_us() - start;
  }
  close(ends[0]);
  waitpid(child, 0, 0);
  qsort(took, count, sizeof *took, by_size);
  double p50 = took[count / 2];
  free(took);
  return p50;
}

/* kill -9 to a new process that has said one byte: posix_spawn, pidfd and epoll, nothing else. */
static double respawn(char *const argv[], int count) {
  double *took = calloc(count, sizeof *took);
  int poll = epoll_create1(EPOLL_CLOEXEC);
  double killed = 0;
  if (!took || poll < 0) fail("epoll_create1");
  for (int i = 0; i <= count; i++) {
    int out[2];
    char byte;
    pid_t pid;
    posix_spawn_file_actions_t actions;
    if (pipe(out)) fail("pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_addclose(&actions, out[0]);
    errno = posix_spawn(&pid, argv[0], &actions, 0, argv, environ);
    if (errno) fail("posix_spawn");
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    if (read(out[0], &byte, 1) != 1) fail("the child said nothing");
    if (i > 0) took[i - 1] = now_us() - killed;
    int pidfd = syscall(SYS_pidfd_open, pid, 0);
    struct epoll_event event = {.events = EPOLLIN};
    if (pidfd < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, pidfd, &event)) fail("pidfd_open");
    killed = now_us();
    kill(pid, SIGKILL);
    if (epoll_wait(poll, &event, 1, -1) != 1) fail("epoll_wait");
    waitpid(pid, 0, 0);
    close(pidfd);
    close(out[0]);
  }
  close(poll);
  qsort(took, count, sizeof *took, by_size);
  double p50 = took[count / 2];
  free(took);
  return p50;
}

int main(int argc, char **argv) {
  if (argc == 2 && !strcmp(argv[1], "--child")) {
    if (write(1, "x", 1) != 1) return 1;
    pause();
    return 0;
  }
  if (argc != 2) {
    fprintf(stderr, "usage: floor DATABASE\n");
    return 2;
  }
  double p50, p99;
  commits(argv[1], 1000, &p50, &p99);
  char *child[] = {"/proc/self/exe", "--child", 0};
  printf("{\"commit_p50_us\":%.1f,\"commit_p99_us\":%.1f,\"round_trip_p50_us\":%.1f,\"respawn_p50_us\":%.1f}\n", p50, p99,
         round_trip(5000), respawn(child, 50));
  return 0;
}
