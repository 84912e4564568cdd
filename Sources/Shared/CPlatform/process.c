#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
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

int rbot_set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

int rbot_spawn(pid_t *pid, const char *path, char *const argv[], char *const envp[], const int *descriptors,
               int count) {
  posix_spawn_file_actions_t actions;
  int status = posix_spawn_file_actions_init(&actions);
  if (status != 0) return status;
  for (int target = 0; target < count && status == 0; target++) {
    if (descriptors[target] >= 0)
      status = posix_spawn_file_actions_adddup2(&actions, descriptors[target], target);
    else if (target <= 2)
      status = posix_spawn_file_actions_addopen(&actions, target, "/dev/null",
                                                target == 0 ? O_RDONLY : O_WRONLY, 0);
  }
  if (status == 0) status = posix_spawn(pid, path, &actions, NULL, argv, envp);
  posix_spawn_file_actions_destroy(&actions);
  return status;
}

void rbot_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

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
