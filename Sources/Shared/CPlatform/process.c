#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int rbot_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int rbot_pidfd_signal(int pidfd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

/* The system call and not glibc's waitid: only the former tells the resource usage. */
static int wait_for(int kind, id_t id, int options, struct rbot_wait *result) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  memset(result, 0, sizeof *result);
  int status;
  do {
    status = (int)syscall(SYS_waitid, kind, id, &info, WEXITED | WNOHANG | options, &result->usage);
  } while (status < 0 && errno == EINTR);
  if (status < 0) return -1;
  result->pid = info.si_pid;
  result->value = info.si_status;
  result->signalled = info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
  result->core_dumped = info.si_code == CLD_DUMPED;
  return 0;
}

int rbot_wait_pidfd(int pidfd, bool keep, struct rbot_wait *result) {
  return wait_for(P_PIDFD, (id_t)pidfd, keep ? WNOWAIT : 0, result);
}

int rbot_wait_pid(pid_t pid, struct rbot_wait *result) { return wait_for(P_PID, (id_t)pid, 0, result); }

int rbot_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int rbot_drop_from_bounding_set(int capability) { return prctl(PR_CAPBSET_DROP, capability, 0, 0, 0); }

int rbot_set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

/* What the child needs between clone and exec, on the parent's memory. */
struct start {
  const char *path;
  char *const *argv, *const *envp;
  const int *descriptors;
  int count;
  int reason;
};

static int run(void *argument) {
  struct start *start = argument;
  for (int target = 0; target < start->count; target++) {
    int from = start->descriptors[target];
    if (from < 0 && target <= 2) from = open("/dev/null", (target == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
    if (from < 0 && target > 2) continue;
    if (from < 0 || (from == target ? fcntl(from, F_SETFD, 0) : dup2(from, target)) < 0) {
      start->reason = errno;
      _exit(127);
    }
  }
  execve(start->path, start->argv, start->envp);
  start->reason = errno;
  _exit(127);
}

/* As posix_spawn does it, on borrowed memory until the exec, but with the pidfd at once and without asking for the
 * disposition of every signal: all are blocked until rbot-exec has reset them, so no handler of ours can run. */
int rbot_spawn(struct rbot_spawned *spawned, const char *path, char *const argv[], char *const envp[],
               const int *descriptors, int count) {
  enum { STACK = 32 << 10 };
  _Alignas(16) char stack[STACK];
  struct start start = {path, argv, envp, descriptors, count, 0};
  uint64_t all = ~0ULL, before;
  int pidfd = -1;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
  pid_t pid = clone(run, stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &start, &pidfd);
  int reason = pid < 0 ? errno : start.reason;
  if (pid > 0 && reason != 0) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    close(pidfd);
  }
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
  if (reason == 0) *spawned = (struct rbot_spawned){pid, pidfd};
  return reason;
}

void rbot_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

bool rbot_parse_stat(const char *line, size_t size, struct rbot_stat *stat) {
  const char *name_end = memrchr(line, ')', size), *end = line + size;
  if (name_end == NULL || end - name_end < 4) return false;
  stat->state = name_end[2];
  int field = 0;
  for (const char *next = name_end + 3; next < end && field < RBOT_STAT_FIELDS;) {
    while (next < end && *next == ' ') next++;
    uint64_t number = 0;
    for (; next < end && *next >= '0' && *next <= '9'; next++) number = number * 10 + (uint64_t)(*next - '0');
    while (next < end && *next != ' ') next++; /* a negative one, which none of ours can be, is 0 */
    stat->fields[field++] = number;
  }
  return field == RBOT_STAT_FIELDS;
}

bool rbot_read_stat(pid_t pid, struct rbot_stat *stat) {
  char path[32], line[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t count = read(fd, line, sizeof line);
  close(fd);
  return count > 0 && rbot_parse_stat(line, (size_t)count, stat);
}

ssize_t rbot_read_children(int fd, pid_t *children, size_t capacity) {
  char text[4096];
  off_t offset = 0;
  size_t found = 0;
  pid_t number = 0;
  for (;;) {
    ssize_t count = pread(fd, text, sizeof text, offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) return (ssize_t)found;
    offset += count;
    for (const char *next = text; next < text + count; next++) {
      if (*next >= '0' && *next <= '9') {
        number = number * 10 + (*next - '0');
        continue;
      }
      /* Each ends with a space, the last one too. */
      if (number > 0 && found++ < capacity) children[found - 1] = number;
      number = 0;
    }
  }
}

ssize_t rbot_find_variable(const void *environment, size_t size, const char *name) {
  const char *first = environment, *end = first + size;
  size_t length = strlen(name);
  for (const char *line = first; line < end;) {
    const char *stop = memchr(line, '\0', (size_t)(end - line));
    if (stop == NULL) stop = end;
    if ((size_t)(stop - line) > length && memcmp(line, name, length) == 0 && line[length] == '=')
      return line + length + 1 - first;
    line = stop + 1;
  }
  return -1;
}
