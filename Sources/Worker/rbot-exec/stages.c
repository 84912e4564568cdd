#define _GNU_SOURCE
#include "bare.h"
#include "stages.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A parent that died before prctl sends no signal any more, so look again afterwards. */
int stage_parent(const struct plan *plan) {
  if (plan->parent == 0) return 0;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return -1;
  if (getppid() == plan->parent) return 0;
  errno = ESRCH;
  return -1;
}

int stage_session(const struct plan *plan) {
  (void)plan;
  return setsid() < 0 ? -1 : 0;
}

/* Before the user is dropped: afterwards the directory could not be written. */
int stage_cgroup(const struct plan *plan) {
  if (plan->cgroup == NULL) return 0;
  char path[PATH_MAX];
  struct text text = TEXT(path);
  add_text(&text, plan->cgroup);
  add_text(&text, "/cgroup.procs");
  if (text.length + 1 == sizeof path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  int status = write(fd, "0", 1) == 1 ? 0 : -1;
  int reason = errno;
  close(fd);
  errno = reason;
  return status;
}

/* A hard limit that is lower than what was asked stays: the stricter of the two is in force. */
int stage_limits(const struct plan *plan) {
  for (int i = 0; i < plan->limit_count; i++) {
    struct rlimit now;
    if (syscall(SYS_prlimit64, 0, plan->limits[i].resource, NULL, &now) < 0) return -1;
    rlim_t value = plan->limits[i].value < now.rlim_max ? plan->limits[i].value : now.rlim_max;
    struct rlimit wanted = {.rlim_cur = value, .rlim_max = value};
    if (syscall(SYS_prlimit64, 0, plan->limits[i].resource, &wanted, NULL) < 0) return -1;
  }
  if (plan->has_umask) umask(plan->umask);
  return 0;
}

int stage_directory(const struct plan *plan) { return plan->directory ? chdir(plan->directory) : 0; }

static bool survives(const struct plan *plan, int fd) {
  if (fd <= 3 || fd == plan->report || is_pinned(fd)) return true;
  for (int i = 0; i < plan->kept_count; i++)
    if (plan->kept[i] == fd) return true;
  return false;
}

/* Closes the gaps between the descriptors that stay; they are few and low, so one by one up to the highest. */
int stage_descriptors(const struct plan *plan) {
  int highest = plan->report > 3 ? plan->report : 3;
  if (highest_pinned() > highest) highest = highest_pinned();
  for (int i = 0; i < plan->kept_count; i++)
    if (plan->kept[i] > highest) highest = plan->kept[i];
  for (int fd = 4; fd < highest; fd++)
    if (!survives(plan, fd)) close(fd);
  return (int)syscall(SYS_close_range, (unsigned)highest + 1, ~0U, 0);
}

/* Ignored signals survive an exec and so does the mask: without this a strategy would inherit ours. The mask
 * comes last, since a SIGTERM that waits behind it must find the default action.
 *
 * The system call and not glibc's sigaction, which refuses the two signals that glibc itself uses, and its
 * posix_spawn leaves exactly these ignored. All zeros are the default action in the kernel's structure. */
int stage_signals(const struct plan *plan) {
  (void)plan;
  static const unsigned long action[8];
  for (int number = 1; number < _NSIG; number++) syscall(SYS_rt_sigaction, number, action, NULL, _NSIG / 8);
  static const unsigned long none[_NSIG / 64];
  return (int)syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, _NSIG / 8);
}

int stage_exec(const struct plan *plan) {
  execvp(plan->command[0], plan->command);
  return -1;
}
